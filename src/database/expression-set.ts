import {
  binary,
  isNullish,
  isTrue,
  make,
  type OperatorTable,
  type Scope,
  several,
  unary,
} from './evaluation.ts'
import { requireArray } from './expression-array.ts'
import { distinct, ValueMap } from './value-map.ts'

/** Arrays as sets: order and repetition don't count. Results have the order in which their elements come first. */
export const SET: OperatorTable = {
  $allElementsTrue: unary(array => requireArray('$allElementsTrue', array).every(isTrue)),
  $anyElementTrue: unary(array => requireArray('$anyElementTrue', array).some(isTrue)),
  $setDifference: binary((left, right, scope) => {
    if (isNullish(left) || isNullish(right)) return null
    const taken = toSet('$setDifference', right, scope)
    return distinct(requireArray('$setDifference', left)).filter(value => !taken.has(value))
  }),
  $setEquals: several(2, Infinity, (operands, scope) => {
    const [first, ...others] = operands.map(operand => toSet('$setEquals', operand, scope))
    return others.every(other => first !== undefined && other.size === first.size && contains(first, other))
  }),
  $setIntersection: several(0, Infinity, (operands, scope) => {
    if (operands.some(isNullish)) return null
    const [first, ...others] = operands.map(operand => toSet('$setIntersection', operand, scope))
    const values = first?.entries() ?? []
    return values.map(([value]) => value).filter(value => others.every(other => other.has(value)))
  }),
  $setIsSubset: binary((left, right, scope) =>
    contains(toSet('$setIsSubset', right, scope), toSet('$setIsSubset', left, scope)),
  ),
  $setUnion: several(0, Infinity, (operands, scope) => {
    if (operands.some(isNullish)) return null
    const arrays = operands.map(operand => requireArray('$setUnion', operand, 'arrays'))
    make(
      scope,
      arrays.reduce((size, { length }) => size + length, 0),
      '$setUnion',
    )
    return distinct(arrays.flat())
  }),
}

function toSet(operator: string, value: unknown, scope: Scope): ValueMap<true> {
  const items = requireArray(operator, value, 'arrays')
  make(scope, items.length, operator)
  const set = new ValueMap<true>()
  for (const item of items) if (!set.has(item)) set.add(item, true)
  return set
}

function contains(set: ValueMap<true>, part: ValueMap<true>): boolean {
  return part.entries().every(([value]) => set.has(value))
}
