import type { Filter, Test } from './filter.ts'
import { compileFilter } from './match.ts'
import { compareValues, equalValues, rankOf } from './value-order.ts'

/** Steps a proof may take: a condition of many alternatives in many alternatives is given up, and so refused. */
const MAX_STEPS = 20_000
/** Members of `$in` that are tried one by one. */
const MAX_MEMBERS = 100

/**
 * Whether a query's condition by itself keeps to what a rule allows, value by value, as the platform demands
 * (wxcloud-spec §3.8). What it can't prove it answers with false.
 *
 * It reads `{a: 1}` as "a is 1", although an array that holds 1 and more matches too: whoever relies on it must
 * apply the rule to the documents as well.
 */
export function isWithin(query: Filter, rule: Filter): boolean {
  return new Proof().follows(conjuncts(query, false), rule, false)
}

/** The values a query's condition fixes fields to: by equality, or by `$in` with one member. */
export function pinnedValues(query: Filter): Map<string, string | number> {
  const pins = new Map<string, string | number>()
  for (const fact of conjuncts(query, false)) {
    if (fact.isNegated || fact.filter.kind !== 'field') continue
    const [value, ...others] = membersOf(fact.filter.test) ?? []
    const isOne = others.length === 0 && (typeof value === 'string' || typeof value === 'number')
    if (isOne && !pins.has(fact.filter.path.text)) pins.set(fact.filter.path.text, value)
  }
  return pins
}

/** A condition that holds, or with `isNegated` one that doesn't. */
interface Fact {
  readonly filter: Filter
  readonly isNegated: boolean
}

/** The conditions that must all hold for a filter to hold, taken apart as far as they are joined by "and". */
function conjuncts(filter: Filter, isNegated: boolean): Fact[] {
  const isJoined = isNegated
    ? filter.kind === 'or' || filter.kind === 'nor'
    : filter.kind === 'and' || filter.kind === 'nor'
  if (!isJoined || !('filters' in filter)) return [{ filter, isNegated }]
  // "Nor" turns its members about; negated it is an "or", which is not taken apart here.
  if (filter.kind === 'nor') {
    return isNegated
      ? [{ filter: { kind: 'or', filters: filter.filters }, isNegated: false }]
      : filter.filters.flatMap(member => conjuncts(member, true))
  }
  return filter.filters.flatMap(member => conjuncts(member, isNegated))
}

class Proof {
  #stepCount = 0

  /** Whether `goal` (negated: its contrary) holds wherever all the facts do. */
  follows(facts: readonly Fact[], goal: Filter, isNegated: boolean): boolean {
    if (++this.#stepCount > MAX_STEPS) return false
    if (goal.kind === 'nor') return this.follows(facts, { kind: 'or', filters: goal.filters }, !isNegated)
    if (goal.kind === 'and' || goal.kind === 'or') {
      const isEvery = (goal.kind === 'and') !== isNegated
      if (isEvery) return goal.filters.every(member => this.follows(facts, member, isNegated))
      if (goal.filters.some(member => this.follows(facts, member, isNegated))) return true
    } else if (facts.some(fact => this.#gives(fact, { filter: goal, isNegated }))) return true
    return this.#followsInEachCase(facts, goal, isNegated)
  }

  #followsInEachCase(facts: readonly Fact[], goal: Filter, isNegated: boolean): boolean {
    const index = facts.findIndex(fact => casesOf(fact) !== undefined)
    const fact = facts[index]
    const cases = fact === undefined ? undefined : casesOf(fact)
    if (cases === undefined) return false
    const others = facts.filter((_, at) => at !== index)
    return cases.every(one => this.follows([...others, ...one], goal, isNegated))
  }

  #gives(fact: Fact, goal: Fact): boolean {
    if (++this.#stepCount > MAX_STEPS) return false
    const [from, to] = [fact.filter, goal.filter]
    if (from.kind !== 'field' || to.kind !== 'field' || from.path.text !== to.path.text) return false
    if (fact.isNegated) {
      // From "not a" follows "not b" when "a" follows from "b".
      return (
        goal.isNegated && this.#gives({ filter: to, isNegated: false }, { filter: from, isNegated: false })
      )
    }
    const values = membersOf(from.test)
    if (values !== undefined) {
      const isMet = compileFilter({ kind: 'field', path: ELEMENT, expandLeaf: false, test: to.test })
      return values.every(value => valuesMeant(value).every(meant => isMet(meant) !== goal.isNegated))
    }
    if (isRange(from.test)) {
      if (to.test.op === 'exists') return from.test.value !== null && !goal.isNegated
      return isRange(to.test) && rangeGives(from.test, goal.isNegated ? contrary(to.test) : to.test)
    }
    return !goal.isNegated && isSameTest(from.test, to.test)
  }
}

const ELEMENT = { text: '', segments: [] }

/** The alternatives of a fact, of which one must hold; undefined when there is but one. */
function casesOf({ filter, isNegated }: Fact): Fact[][] | undefined {
  if (filter.kind === 'or' && !isNegated) return filter.filters.map(member => conjuncts(member, false))
  if (filter.kind === 'and' && isNegated) return filter.filters.map(member => conjuncts(member, true))
  if (filter.kind !== 'field' || isNegated || filter.test.op !== 'in') return undefined
  const { values, patterns } = filter.test
  if (patterns.length > 0 || values.length > MAX_MEMBERS) return undefined
  return values.map(value => [{ filter: { ...filter, test: { op: 'eq', value } }, isNegated: false }])
}

/** The values one of which a test needs, when it names them. */
function membersOf(test: Test): readonly unknown[] | undefined {
  switch (test.op) {
    case 'eq':
      return [test.value]
    case 'in':
      return test.patterns.length === 0 ? test.values : undefined
    case 'elements': {
      const { filter } = test
      // `$elemMatch: {$eq: value}`: an array that holds it.
      const isOfItem = filter.kind === 'field' && filter.path.segments.length === 0
      return isOfItem ? membersOf(filter.test) : undefined
    }
    default:
      return undefined
  }
}

/** Null stands for what is missing too. */
function valuesMeant(value: unknown): readonly unknown[] {
  return value === null ? [null, undefined] : [value]
}

type Range = Test & { readonly op: 'lt' | 'lte' | 'gt' | 'gte' }

function isRange(test: Test): test is Range {
  return test.op === 'lt' || test.op === 'lte' || test.op === 'gt' || test.op === 'gte'
}

const CONTRARIES = { lt: 'gte', lte: 'gt', gt: 'lte', gte: 'lt' } as const

/** For values of the operand's type: that is what a range in the query leaves. */
function contrary({ op, value }: Range): Range {
  return { op: CONTRARIES[op], value }
}

function rangeGives(from: Range, to: Range): boolean {
  const isUp = from.op.startsWith('g')
  if (isUp !== to.op.startsWith('g') || rankOf(from.value) !== rankOf(to.value)) return false
  if (Number.isNaN(from.value) || Number.isNaN(to.value)) return false
  const order = compareValues(from.value, to.value) * (isUp ? 1 : -1)
  return order > 0 || (order === 0 && (to.op.endsWith('e') || !from.op.endsWith('e')))
}

function isSameTest(from: Test, to: Test): boolean {
  switch (from.op) {
    case 'regex':
      return to.op === 'regex' && equalValues(from.regex, to.regex)
    case 'size':
      return to.op === 'size' && from.size === to.size
    case 'exists':
      return to.op === 'exists'
    default:
      return false
  }
}
