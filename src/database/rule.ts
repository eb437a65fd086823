import { type EncodedObject, encodeValue } from '../protocol/value.ts'
import type { RuleNode, RuleOperator, RuleVariable } from '../rules/syntax.ts'
import { MIRRORED, MONGO_ORDERS, ORDERS, type Order } from './rule-order.ts'
import { both, either, FAILS, HOLDS, told, UNTOLD, type Verdict } from './rule-verdict.ts'
import { compareValues, equalValues, rankOf } from './value-order.ts'

/** What a rule is asked about: one request of one client. */
export interface RuleContext {
  /** Undefined for a client that has none: `auth` is then missing. */
  readonly openid: string | undefined
  readonly nowMs: number
  /** What `request.data` holds at a path; a value of `undefined` is missing, no answer means that it can't be told. */
  readonly requestData: (path: readonly string[]) => { readonly value: unknown } | undefined
  /** The one value that the request allows at a path of `doc`, if there is one. */
  readonly pinned: (path: string) => string | number | undefined
  /** The document that `get()` names, `undefined` if there is none; no answer when one may not be read. */
  readonly read: (collection: string, id: string) => { readonly value: unknown } | undefined
}

/**
 * A rule for one request as a filter on the documents it may touch: all but `doc` is put in. A comparison of what
 * can't be known, such as the openid of a client that has none, grants nothing, nor does its negation.
 */
export function ruleToFilter(rule: RuleNode, context: RuleContext): EncodedObject {
  return new Evaluation(context).judge(rule).holds
}

type Value =
  /** `undefined` is what is missing. */
  | { readonly kind: 'known'; readonly value: unknown }
  /** The request's time: compares with numbers and with dates. */
  | { readonly kind: 'now' }
  | { readonly kind: 'field'; readonly path: string }
  | { readonly kind: 'request'; readonly path: readonly string[] }
  | { readonly kind: 'untold' }

const UNKNOWN: Value = { kind: 'untold' }

class Evaluation {
  readonly #context: RuleContext

  constructor(context: RuleContext) {
    this.#context = context
  }

  judge(node: RuleNode): Verdict {
    switch (node.kind) {
      case 'and': {
        const [left, right] = [this.judge(node.left), this.judge(node.right)]
        return { holds: both(left.holds, right.holds), fails: either(left.fails, right.fails) }
      }
      case 'or': {
        const [left, right] = [this.judge(node.left), this.judge(node.right)]
        return { holds: either(left.holds, right.holds), fails: both(left.fails, right.fails) }
      }
      case 'not': {
        const { holds, fails } = this.judge(node.operand)
        return { holds: fails, fails: holds }
      }
      case 'compare':
        return this.#compare(node.operator, node.left, node.right)
      default:
        return this.#truth(this.#value(node))
    }
  }

  /** A value in place of a condition: as in JavaScript, false, null, 0, an empty text and what is missing fail. */
  #truth(value: Value): Verdict {
    const settled = this.#settle(value)
    switch (settled.kind) {
      case 'known':
        return settled.value ? HOLDS : FAILS
      case 'now':
        return HOLDS
      case 'field':
        if (settled.path === '') return UNTOLD
        return {
          holds: { [settled.path]: { $nin: FALSY } },
          fails: { [settled.path]: { $in: FALSY } },
        }
      default:
        return UNTOLD
    }
  }

  #compare(operator: RuleOperator, leftNode: RuleNode, rightNode: RuleNode): Verdict {
    const [left, right] = [this.#settle(this.#value(leftNode)), this.#settle(this.#value(rightNode))]
    if (left.kind === 'untold' || right.kind === 'untold') return UNTOLD
    if (operator === 'in') return this.#isIn(left, right)
    if (operator !== '==' && operator !== '!=') return this.#order(operator, left, right)
    const equal = this.#equal(left, right, isNothing(leftNode) || isNothing(rightNode))
    return operator === '==' ? equal : { holds: equal.fails, fails: equal.holds }
  }

  /** `isNothingAsked`: one side is the word null or undefined, so that what is missing is a proper answer. */
  #equal(left: Settled, right: Settled, isNothingAsked: boolean): Verdict {
    if (right.kind === 'field') {
      if (left.kind === 'field') return this.#equalPinned(left, right)
      return this.#equalField(right.path, left, isNothingAsked)
    }
    if (left.kind === 'field') return this.#equalField(left.path, right, isNothingAsked)
    const [a, b] = [this.#plain(left), this.#plain(right)]
    if (isNothingAsked) return told((a ?? null) === (b ?? null))
    // Two values that are both missing are not the same value: neither is one.
    if (a === undefined && b === undefined) return UNTOLD
    return told(a !== undefined && b !== undefined && equalValues(a, b))
  }

  #equalField(path: string, other: Plain, isNothingAsked: boolean): Verdict {
    if (path === '' || other.kind === 'now') return UNTOLD
    const value = this.#plain(other)
    if (value === undefined && !isNothingAsked) return UNTOLD
    const encoded = encodeValue(value ?? null)
    return { holds: { [path]: { $eq: encoded } }, fails: { [path]: { $ne: encoded } } }
  }

  #equalPinned(left: { readonly path: string }, right: { readonly path: string }): Verdict {
    const [a, b] = [this.#context.pinned(left.path), this.#context.pinned(right.path)]
    if (a !== undefined) return this.#equalField(right.path, { kind: 'known', value: a }, false)
    return b === undefined ? UNTOLD : this.#equalField(left.path, { kind: 'known', value: b }, false)
  }

  #isIn(left: Settled, right: Settled): Verdict {
    if (right.kind === 'field') {
      // That the field equals the value is enough, as it is to the platform; an array equals each of its items.
      return left.kind === 'field'
        ? this.#equalPinned(left, right)
        : this.#equalField(right.path, left, false)
    }
    const list = this.#plain(right)
    if (!Array.isArray(list)) return UNTOLD
    if (left.kind === 'field') {
      if (left.path === '') return UNTOLD
      const encoded = encodeValue(list)
      return { holds: { [left.path]: { $in: encoded } }, fails: { [left.path]: { $nin: encoded } } }
    }
    const value = this.#plain(left)
    return value === undefined ? UNTOLD : told(list.some(item => equalValues(item, value)))
  }

  #order(operator: Order, left: Settled, right: Settled): Verdict {
    if (left.kind === 'field') return this.#orderField(left.path, operator, right)
    if (right.kind === 'field') return this.#orderField(right.path, MIRRORED[operator], left)
    const [a, b] = [this.#plain(left, right), this.#plain(right, left)]
    const isComparable =
      (typeof a === 'number' || typeof a === 'string' || a instanceof Date) && rankOf(a) === rankOf(b)
    return isComparable ? told(ORDERS[operator](compareValues(a, b))) : UNTOLD
  }

  #orderField(path: string, operator: Order, other: Settled): Verdict {
    if (path === '' || other.kind === 'field') return UNTOLD
    const name = MONGO_ORDERS[operator]
    if (other.kind === 'now') {
      const { nowMs } = this.#context
      const holds = { $or: [{ [path]: { [name]: nowMs } }, { [path]: { [name]: { $date: nowMs } } }] }
      return { holds, fails: { $nor: [holds] } }
    }
    const value = this.#plain(other)
    if (typeof value !== 'number' && typeof value !== 'string' && !(value instanceof Date)) return UNTOLD
    const holds = { [path]: { [name]: encodeValue(value) } }
    return { holds, fails: { $nor: [holds] } }
  }

  /** A time takes the type of what it is compared with. */
  #plain(value: Plain, other?: Settled): unknown {
    if (value.kind === 'known') return value.value
    const { nowMs } = this.#context
    return other?.kind === 'known' && other.value instanceof Date ? new Date(nowMs) : nowMs
  }

  #value(node: RuleNode): Value {
    switch (node.kind) {
      case 'literal':
        return { kind: 'known', value: node.value }
      case 'list':
        return this.#list(node.items)
      case 'template':
        return this.#template(node.parts)
      case 'variable':
        return this.#variable(node.name)
      case 'member':
        return this.#member(this.#value(node.of), this.#settle(this.#value(node.key)))
      case 'get':
        return this.#get(this.#pinnedValue(node.path))
      default:
        // A comparison in place of a value.
        return UNKNOWN
    }
  }

  #list(items: readonly RuleNode[]): Value {
    const values: unknown[] = []
    for (const item of items) {
      const value = this.#pinnedValue(item)
      if (value === undefined) return UNKNOWN
      values.push(value.value)
    }
    return { kind: 'known', value: values }
  }

  #template(parts: readonly (string | RuleNode)[]): Value {
    let text = ''
    for (const part of parts) {
      const value = typeof part === 'string' ? part : this.#pinnedValue(part)?.value
      if (typeof value !== 'string' && typeof value !== 'number') return UNKNOWN
      text += value
    }
    return { kind: 'known', value: text }
  }

  /** A value that must be one and the same for all documents of the request: a field counts if the request fixes it. */
  #pinnedValue(node: RuleNode): { readonly value: unknown } | undefined {
    const value = this.#settle(this.#value(node))
    if (value.kind === 'known' && value.value !== undefined) return value
    if (value.kind === 'now') return { value: this.#context.nowMs }
    const pinned = value.kind === 'field' ? this.#context.pinned(value.path) : undefined
    return pinned === undefined ? undefined : { value: pinned }
  }

  #variable(name: RuleVariable): Value {
    switch (name) {
      case 'doc':
        return { kind: 'field', path: '' }
      case 'now':
        return { kind: 'now' }
      case 'request':
        return { kind: 'known', value: REQUEST }
      case 'auth': {
        const { openid } = this.#context
        return { kind: 'known', value: openid === undefined ? undefined : { openid } }
      }
      // A word of storage, which no rule of a collection has.
      case 'resource':
        return UNKNOWN
    }
  }

  #member(of: Value, key: Value): Value {
    const name = key.kind === 'known' ? key.value : undefined
    if (typeof name !== 'string' && typeof name !== 'number') return UNKNOWN
    const segment = String(name)
    switch (of.kind) {
      case 'field':
        if (segment === '' || /^\$|[.\0]/.test(segment)) return UNKNOWN
        return { kind: 'field', path: of.path === '' ? segment : `${of.path}.${segment}` }
      case 'request':
        return { kind: 'request', path: [...of.path, segment] }
      case 'known':
        if (of.value === REQUEST)
          return segment === 'data' ? { kind: 'request', path: [] } : { kind: 'known', value: undefined }
        return { kind: 'known', value: ownField(of.value, segment) }
      default:
        return UNKNOWN
    }
  }

  #settle(value: Value): Settled | { readonly kind: 'untold' } {
    if (value.kind !== 'request') return value
    const answer = this.#context.requestData(value.path)
    return answer === undefined ? { kind: 'untold' } : { kind: 'known', value: answer.value }
  }

  #get(path: { readonly value: unknown } | undefined): Value {
    const parts = typeof path?.value === 'string' ? DOCUMENT_PATH.exec(path.value) : null
    const [, collection, id] = parts ?? []
    const answer =
      collection === undefined || id === undefined ? undefined : this.#context.read(collection, id)
    return answer === undefined ? UNKNOWN : { kind: 'known', value: answer.value }
  }
}

type Plain = Extract<Value, { kind: 'known' | 'now' }>
type Settled = Plain | Extract<Value, { kind: 'field' }>

/** The variable `request`, which has no fields of its own here. */
const REQUEST = Object.freeze({})

/** What JavaScript takes for false; null stands for what is missing too. */
const FALSY: readonly (false | null | number | string)[] = [false, null, 0, '']

const DOCUMENT_PATH = /^database\.([^.]+)\.(.+)$/s

function isNothing(node: RuleNode): boolean {
  return node.kind === 'literal' && (node.value === null || node.value === undefined)
}

function ownField(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined
}
