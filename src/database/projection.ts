import { DatabaseError } from '../errors.ts'
import { encodeValue, setField } from '../protocol/value.ts'
import { type Document, decodeInput, decodeText, isDocument } from './document.ts'
import { isOperators, type Matcher, unknownOperator } from './filter.ts'
import { parseConditions, parseElementCondition } from './filter-parser.ts'
import { compileFilter } from './match.ts'
import { parsePath } from './path.ts'

export interface Projection {
  /** Whether it tests values, with patterns perhaps, and so needs its time bounded. */
  readonly hasConditions: boolean
  apply(document: Document): Document
}

/**
 * A MongoDB projection: fields to keep or to leave out, `$slice`, `$elemMatch`. `_id` stays unless it is left out.
 *
 * @throws {DatabaseError} INVALID_PARAM when it mixes keeping and leaving out or names colliding paths,
 *   DATABASE_INVALID_OPERATOR for other operators.
 */
export function parseProjection(projection: unknown, nowMs: number): Projection {
  const root: Node = new Map()
  const modes = new Set<'keep' | 'drop'>()
  let keepsId: boolean | undefined
  let hasConditions = false
  for (const [path, rule] of flatten(decodeInput(projection, 'filter', nowMs), '')) {
    const leaf = parseRule(path, rule)
    if (path === '_id' && (leaf === 'keep' || leaf === 'drop')) {
      keepsId = leaf === 'keep'
      continue
    }
    if (leaf === 'keep' || leaf === 'drop') modes.add(leaf)
    else if ('match' in leaf) {
      modes.add('keep')
      hasConditions = true
    }
    place(root, path, leaf)
  }
  if (modes.size > 1) {
    throw new DatabaseError(
      'INVALID_PARAM',
      'A projection keeps fields or leaves fields out, not both (but for _id).',
    )
  }
  const isKeeping = modes.has('keep') || (modes.size === 0 && root.size === 0 && keepsId === true)
  const apply = (document: Document): Document => {
    const projected = isKeeping ? keep(document, root) : drop(document, root)
    if (keepsId === false) delete projected['_id']
    else if (isKeeping && Object.hasOwn(document, '_id')) return { _id: document['_id'], ...projected }
    return projected
  }
  return { hasConditions, apply }
}

/** A stored document with the projection applied, as JSON text. */
export function projectText(text: string, projection: Projection): string {
  return JSON.stringify(encodeValue(projection.apply(decodeText(text))))
}

type Leaf =
  | 'keep'
  | 'drop'
  | { readonly slice: readonly [skip: number, limit: number] }
  | { readonly match: Matcher }
type Node = Map<string, Leaf | Node>

/** Nested objects in a projection mean dotted paths. */
function* flatten(projection: unknown, prefix: string): Generator<[path: string, rule: unknown]> {
  if (!isDocument(projection)) throw new DatabaseError('INVALID_PARAM', 'A projection must be an object.')
  for (const [name, rule] of Object.entries(projection)) {
    const path = prefix + name
    if (isDocument(rule) && !isOperators(rule)) yield* flatten(rule, `${path}.`)
    else yield [path, rule]
  }
}

function parseRule(path: string, rule: unknown): Leaf {
  if (path.startsWith('$') || path.includes('.$')) throw unknownOperator(path)
  if (typeof rule === 'boolean' || typeof rule === 'number') return rule ? 'keep' : 'drop'
  const [[operator, operand] = ['', undefined], ...others] = isDocument(rule) ? Object.entries(rule) : []
  if (operator === '$slice' && others.length === 0) return { slice: parseSlice(operand) }
  if (operator === '$elemMatch' && others.length === 0) return { match: parseMatch(operand) }
  if (operator !== '') throw unknownOperator(operator)
  throw new DatabaseError(
    'INVALID_PARAM',
    `The projection of "${path}" must be true, false, $slice or $elemMatch.`,
  )
}

function parseSlice(operand: unknown): readonly [skip: number, limit: number] {
  const [skip, limit] = Array.isArray(operand) ? operand : [undefined, operand]
  const isPair = Array.isArray(operand)
  if (
    !Number.isInteger(limit) ||
    (isPair && (operand.length !== 2 || !Number.isInteger(skip) || limit <= 0))
  ) {
    throw new DatabaseError(
      'INVALID_PARAM',
      '$slice needs an integer, or [skip, limit] with a limit above 0.',
    )
  }
  if (isPair) return [skip, limit]
  return limit < 0 ? [limit, -limit] : [0, limit]
}

function parseMatch(operand: unknown): Matcher {
  return compileFilter(isOperators(operand) ? parseElementCondition(operand) : parseConditions(operand))
}

function place(root: Node, path: string, leaf: Leaf): void {
  const segments = parsePath(path).segments
  let node = root
  for (const [index, segment] of segments.entries()) {
    const existing = node.get(segment)
    const isLast = index === segments.length - 1
    if (existing !== undefined && (isLast || !(existing instanceof Map))) {
      throw new DatabaseError('INVALID_PARAM', `The projection has colliding paths at "${path}".`)
    }
    const next = existing instanceof Map ? existing : new Map()
    node.set(segment, isLast ? leaf : next)
    node = next
  }
}

function keep(document: Document, node: Node): Document {
  const kept: Document = {}
  for (const [name, value] of Object.entries(document)) {
    const rule = node.get(name)
    if (rule === undefined) continue
    const projected = rule instanceof Map ? keepBelow(value, rule) : applyLeaf(value, rule)
    if (projected !== undefined) setField(kept, name, projected)
  }
  return kept
}

/** Through arrays, object by object; what isn't an object has no such field and is left out. */
function keepBelow(value: unknown, node: Node): unknown {
  if (Array.isArray(value)) return value.map(item => keepBelow(item, node)).filter(item => item !== undefined)
  return isDocument(value) ? keep(value, node) : undefined
}

function drop(document: Document, node: Node): Document {
  const kept: Document = {}
  for (const [name, value] of Object.entries(document)) {
    const rule = node.get(name)
    const projected =
      rule === undefined ? value : rule instanceof Map ? dropBelow(value, rule) : applyLeaf(value, rule)
    if (projected !== undefined) setField(kept, name, projected)
  }
  return kept
}

function dropBelow(value: unknown, node: Node): unknown {
  if (Array.isArray(value)) return value.map(item => dropBelow(item, node))
  return isDocument(value) ? drop(value, node) : value
}

function applyLeaf(value: unknown, leaf: Leaf): unknown {
  if (leaf === 'keep') return value
  if (leaf === 'drop') return undefined
  if ('slice' in leaf) {
    if (!Array.isArray(value)) return value
    const [skip, limit] = leaf.slice
    const start = skip < 0 ? Math.max(0, value.length + skip) : skip
    return value.slice(start, start + limit)
  }
  const index = Array.isArray(value) ? value.findIndex(leaf.match) : -1
  return Array.isArray(value) && index >= 0 ? [value[index]] : undefined
}
