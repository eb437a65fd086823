import type { RuleNode, RuleOperator, RuleVariable } from './syntax.ts'

/** What the variables of a rule stand for: texts, numbers, booleans, lists and objects of them. Missing: undefined. */
export type RuleValues = Readonly<Partial<Record<RuleVariable, unknown>>>

/**
 * Whether a rule whose variables are all known allows what is asked. As in the rules of collections, a comparison of
 * what can't be known, such as the openid of a client that has none, grants nothing, nor does its negation.
 */
export function isAllowed(rule: RuleNode | boolean, values: RuleValues): boolean {
  return typeof rule === 'boolean' ? rule : judge(rule, values) === true
}

/** Undefined: it can't be told. */
type Verdict = boolean | undefined

function judge(node: RuleNode, values: RuleValues): Verdict {
  switch (node.kind) {
    case 'and':
      return both(judge(node.left, values), judge(node.right, values))
    case 'or':
      return negate(both(negate(judge(node.left, values)), negate(judge(node.right, values))))
    case 'not':
      return negate(judge(node.operand, values))
    case 'compare':
      return compare(node.operator, node.left, node.right, values)
    default: {
      const value = evaluate(node, values)
      return value === UNTOLD ? undefined : Boolean(value)
    }
  }
}

function both(one: Verdict, other: Verdict): Verdict {
  if (one === false || other === false) return false
  return one === undefined || other === undefined ? undefined : true
}

function negate(verdict: Verdict): Verdict {
  return verdict === undefined ? undefined : !verdict
}

function compare(operator: RuleOperator, left: RuleNode, right: RuleNode, values: RuleValues): Verdict {
  const [one, other] = [evaluate(left, values), evaluate(right, values)]
  if (one === UNTOLD || other === UNTOLD) return undefined
  switch (operator) {
    case '==':
      return equal(one, other, isNothing(left) || isNothing(right))
    case '!=':
      return negate(equal(one, other, isNothing(left) || isNothing(right)))
    case 'in':
      return one === undefined || !Array.isArray(other) ? undefined : other.includes(one)
    default:
      return isInOrder(operator, one, other)
  }
}

/** `isNothingAsked`: one side is the word null or undefined, so that what is missing is a proper answer. */
function equal(one: unknown, other: unknown, isNothingAsked: boolean): Verdict {
  if (isNothingAsked) return (one ?? null) === (other ?? null)
  // What is missing is no value: it equals none, and differs from none.
  return (one ?? null) === null || (other ?? null) === null ? undefined : one === other
}

function isInOrder(operator: '<' | '<=' | '>' | '>=', one: unknown, other: unknown): Verdict {
  const isComparable =
    (typeof one === 'number' && typeof other === 'number') ||
    (typeof one === 'string' && typeof other === 'string')
  if (!isComparable) return undefined
  switch (operator) {
    case '<':
      return one < other
    case '<=':
      return one <= other
    case '>':
      return one > other
    case '>=':
      return one >= other
  }
}

/** A value that can't be told. */
const UNTOLD = Symbol('untold')

function evaluate(node: RuleNode, values: RuleValues): unknown {
  switch (node.kind) {
    case 'literal':
      return node.value
    case 'variable':
      return values[node.name]
    case 'member':
      return memberOf(evaluate(node.of, values), evaluate(node.key, values))
    case 'list': {
      const items = node.items.map(item => evaluate(item, values))
      return items.some(item => item === UNTOLD || item === undefined) ? UNTOLD : items
    }
    case 'template': {
      const parts = node.parts.map(part => (typeof part === 'string' ? part : evaluate(part, values)))
      return parts.every(part => typeof part === 'string' || typeof part === 'number')
        ? parts.join('')
        : UNTOLD
    }
    default:
      // A document of the database, or a comparison in place of a value.
      return UNTOLD
  }
}

function memberOf(value: unknown, key: unknown): unknown {
  if (value === UNTOLD || (typeof key !== 'string' && typeof key !== 'number')) return UNTOLD
  const hasIt = typeof value === 'object' && value !== null && Object.hasOwn(value, key)
  return hasIt ? Reflect.get(value, key) : undefined
}

function isNothing(node: RuleNode): boolean {
  return node.kind === 'literal' && (node.value === null || node.value === undefined)
}
