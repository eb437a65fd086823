import { setField } from '../protocol/value.ts'
import { type Document, isDocument } from './document.ts'
import { type Evaluate, misread, type Scope, scopeOf, type Variable } from './evaluation.ts'
import type { ExpressionCompiler } from './expression-compiler.ts'
import { readFieldPath } from './field-path.ts'

/** Makes a document of a document; the variables are those of the lookups around. */
export type Reshape = (document: Document, run: { readonly variables: Variable | undefined }) => Document

type Leaf = 'keep' | 'drop' | Evaluate

/** What is said about the fields of an object. */
interface Branch {
  readonly rules: Map<string, Leaf | Branch>
  /** Whether anything below is computed, so that it is there even where the document has nothing. */
  isComputed: boolean
}

/**
 * `$project`: fields to keep and to compute, or fields to drop. `_id` stays unless it is dropped.
 *
 * @throws {DatabaseError} INVALID_PARAM when it mixes keeping and dropping, is empty, or names colliding paths.
 */
export function projectionOf(name: string, fields: Document, compiler: ExpressionCompiler): Reshape {
  const root: Branch = { rules: new Map(), isComputed: false }
  let [isKeeping, isDropping, keepsId] = [false, false, true]
  for (const [path, written] of leavesOf(name, fields, '')) {
    const leaf =
      typeof written === 'number' || typeof written === 'boolean'
        ? written
          ? 'keep'
          : 'drop'
        : compiler.compile(written)
    if (path === '_id' && leaf === 'drop') {
      keepsId = false
      continue
    }
    if (leaf === 'drop') isDropping = true
    else if (path !== '_id' || leaf !== 'keep') isKeeping = true
    place(name, root, path, leaf)
  }
  if (isKeeping && isDropping) {
    throw misread(`${name} keeps and computes fields or drops fields, not both (but for _id).`)
  }
  const isOnlyId = root.rules.size === 1 && root.rules.get('_id') === 'keep'
  if (!isKeeping && (isDropping || !isOnlyId)) {
    if (!keepsId) root.rules.set('_id', 'drop')
    else if (root.rules.get('_id') === 'keep') root.rules.delete('_id')
    return document => dropped(document, root)
  }
  if (keepsId && !root.rules.has('_id')) root.rules.set('_id', 'keep')
  return (document, { variables }) => kept(document, root, scopeOf(document, variables))
}

/** `$addFields`: everything stays, and some fields are set. One whose value is missing is removed. */
export function addFields(name: string, fields: Document, compiler: ExpressionCompiler): Reshape {
  const root: Branch = { rules: new Map(), isComputed: true }
  for (const [path, written] of leavesOf(name, fields, '')) place(name, root, path, compiler.compile(written))
  return (document, { variables }) => added(document, root, scopeOf(document, variables))
}

/** Plain objects inside mean dotted paths. */
function* leavesOf(name: string, fields: Document, prefix: string): Generator<readonly [string, unknown]> {
  const entries = Object.entries(fields)
  if (entries.length === 0) {
    throw misread(
      prefix === ''
        ? `${name} needs at least one field.`
        : `${name} has nothing for "${prefix.slice(0, -1)}".`,
    )
  }
  for (const [field, written] of entries) {
    const path = readFieldPath(prefix + field, `A path of ${name}`).text
    if (isDocument(written) && Object.keys(written)[0]?.startsWith('$') !== true) {
      yield* leavesOf(name, written, `${path}.`)
    } else {
      yield [path, written]
    }
  }
}

function place(name: string, root: Branch, path: string, leaf: Leaf): void {
  const segments = path.split('.')
  const last = segments.pop() ?? ''
  const isComputed = typeof leaf === 'function'
  let branch = root
  branch.isComputed ||= isComputed
  for (const segment of segments) {
    const existing = branch.rules.get(segment) ?? { rules: new Map(), isComputed: false }
    if (!isBranch(existing)) throw misread(`${name} has colliding paths at "${path}".`)
    existing.isComputed ||= isComputed
    branch.rules.set(segment, existing)
    branch = existing
  }
  if (branch.rules.has(last)) throw misread(`${name} has colliding paths at "${path}".`)
  branch.rules.set(last, leaf)
}

function isBranch(rule: Leaf | Branch | undefined): rule is Branch {
  return typeof rule === 'object'
}

/** What is kept stays in the document's order; what is computed follows in the order it is written in. */
function kept(document: Document, { rules }: Branch, scope: Scope): Document {
  const result: Document = {}
  for (const [name, value] of Object.entries(document)) {
    const rule = rules.get(name)
    if (rule === 'keep') setField(result, name, value)
    else if (isBranch(rule)) setDefined(result, name, keptBelow(value, rule, scope))
  }
  for (const [name, rule] of rules) {
    if (typeof rule === 'function') setDefined(result, name, rule(scope))
    else if (isBranch(rule) && !Object.hasOwn(document, name)) {
      setDefined(result, name, keptBelow(undefined, rule, scope))
    }
  }
  return result
}

/** Through arrays, element by element. What is no object has no such fields, and gives way to computed ones. */
function keptBelow(value: unknown, branch: Branch, scope: Scope): unknown {
  if (Array.isArray(value)) {
    return value.map(item => keptBelow(item, branch, scope)).filter(item => item !== undefined)
  }
  if (isDocument(value)) return kept(value, branch, scope)
  return branch.isComputed ? kept({}, branch, scope) : undefined
}

function added(document: Document, { rules }: Branch, scope: Scope): Document {
  const result: Document = {}
  for (const name of Object.keys(document)) setField(result, name, document[name])
  for (const [name, rule] of rules) {
    const value = isBranch(rule)
      ? addedBelow(Object.hasOwn(document, name) ? document[name] : undefined, rule, scope)
      : typeof rule === 'function'
        ? rule(scope)
        : undefined
    if (value === undefined) delete result[name]
    else setField(result, name, value)
  }
  return result
}

function addedBelow(value: unknown, branch: Branch, scope: Scope): unknown {
  if (Array.isArray(value)) return value.map(item => addedBelow(item, branch, scope))
  return added(isDocument(value) ? value : {}, branch, scope)
}

function dropped(document: Document, { rules }: Branch): Document {
  const result: Document = {}
  for (const [name, value] of Object.entries(document)) {
    const rule = rules.get(name)
    if (rule === undefined) setField(result, name, value)
    else if (isBranch(rule)) setField(result, name, droppedBelow(value, rule))
  }
  return result
}

function droppedBelow(value: unknown, branch: Branch): unknown {
  if (Array.isArray(value)) return value.map(item => droppedBelow(item, branch))
  return isDocument(value) ? dropped(value, branch) : value
}

function setDefined(target: Document, name: string, value: unknown): void {
  if (value !== undefined) setField(target, name, value)
}
