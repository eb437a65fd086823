import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { isDocument } from './document.ts'

/** A dotted path to a field: `a.b.0.c`. */
export interface Path {
  readonly text: string
  readonly segments: readonly string[]
}

/** @throws {DatabaseError} INVALID_PARAM for an empty path, a NUL, or more segments than a document has levels. */
export function parsePath(text: string): Path {
  const segments = text.split('.')
  if (text === '' || text.includes('\0') || segments.length > LIMITS.valueDepth) {
    throw new DatabaseError(
      'INVALID_PARAM',
      `${JSON.stringify(text.slice(0, 100))} is not a field path: names joined by dots, ${LIMITS.valueDepth} at most.`,
    )
  }
  return { text, segments }
}

/** The index a segment stands for in an array; undefined if it is a name only. */
export function arrayIndex(segment: string): number | undefined {
  return /^(0|[1-9]\d{0,9})$/.test(segment) ? Number(segment) : undefined
}

/**
 * Whether any value a path leads to passes the test, as MongoDB walks: arrays on the way are searched, by index
 * too; a name that isn't there gives `undefined`. With `expandLeaf` an array at the end gives its elements, then itself.
 */
export function someValue(
  root: unknown,
  segments: readonly string[],
  expandLeaf: boolean,
  test: (value: unknown) => boolean,
): boolean {
  return walk(root, 0)

  function walk(value: unknown, depth: number): boolean {
    const segment = segments[depth]
    if (segment === undefined) {
      return (expandLeaf && Array.isArray(value) && value.some(test)) || test(value)
    }
    if (Array.isArray(value)) return walkArray(value, segment, depth)
    if (isDocument(value) && Object.hasOwn(value, segment)) return walk(value[segment], depth + 1)
    return test(undefined)
  }

  function walkArray(array: readonly unknown[], segment: string, depth: number): boolean {
    const position = arrayIndex(segment)
    const isLast = depth === segments.length - 1
    for (let index = 0; index < array.length; index++) {
      const item = array[index]
      if (isDocument(item) && walk(item, depth)) return true
      if (index !== position) continue
      // An element asked for by its index is itself the value, even if it is an array.
      if (isLast ? test(item) : isContainer(item) && walk(item, depth + 1)) return true
    }
    return false
  }
}

function isContainer(value: unknown): boolean {
  return Array.isArray(value) || isDocument(value)
}
