import { DatabaseError } from '../errors.ts'
import { type Document, isDocument } from './document.ts'
import { type Path, parsePath } from './path.ts'

/**
 * A dotted path as expressions and stages write it: no empty name, none that starts with `$`.
 *
 * @throws {DatabaseError} INVALID_PARAM otherwise.
 */
export function readFieldPath(text: unknown, what: string): Path {
  if (typeof text !== 'string')
    throw new DatabaseError('INVALID_PARAM', `${what} must be a field path, a string.`)
  const path = parsePath(text)
  for (const segment of path.segments) {
    if (segment !== '' && !segment.startsWith('$')) continue
    throw new DatabaseError(
      'INVALID_PARAM',
      `${what} ${JSON.stringify(text.slice(0, 100))} is no field path: its names may not be empty or start with $.`,
    )
  }
  return path
}

/** `$a.b` as stages take it, without its `$`. */
export function readReference(text: unknown, what: string): Path {
  if (typeof text === 'string' && text.startsWith('$')) return readFieldPath(text.slice(1), what)
  throw new DatabaseError('INVALID_PARAM', `${what} must be a field path that starts with $, e.g. "$items".`)
}

/** Own fields only; a missing one is undefined. */
export function fieldOf(document: Document, name: string): unknown {
  return Object.hasOwn(document, name) ? document[name] : undefined
}

/**
 * What a path leads to in an expression: through an array it gives an array of what its objects have there.
 * Unlike in a filter, a number in the path is a field's name and never an index.
 */
export function valueAt(value: unknown, segments: readonly string[], from = 0): unknown {
  let found = value
  for (let index = from; index < segments.length; index++) {
    if (Array.isArray(found)) return valuesAt(found, segments, index)
    if (!isDocument(found)) return undefined
    found = fieldOf(found, segments[index] ?? '')
  }
  return found
}

function valuesAt(items: readonly unknown[], segments: readonly string[], from: number): unknown[] {
  const values: unknown[] = []
  for (const item of items) {
    const value = isDocument(item) ? valueAt(item, segments, from) : undefined
    if (value !== undefined) values.push(value)
  }
  return values
}
