import {
  binary,
  type Compiler,
  type Evaluate,
  failed,
  isNullish,
  isTrue,
  make,
  misread,
  mistyped,
  type OperatorTable,
  readNamed,
  requireInteger,
  type Scope,
  several,
  unary,
  withVariable,
} from './evaluation.ts'
import { compareOperands } from './expression-logic.ts'

export const ARRAY: OperatorTable = {
  $arrayElemAt: binary((array, index) => {
    if (isNullish(array) || isNullish(index)) return null
    return requireArray('$arrayElemAt', array).at(requireInteger('$arrayElemAt', 'the index', index))
  }),
  $concatArrays: several(0, Infinity, concatArrays),
  $filter: { compile: compileFilter },
  $first: unary(array => (isNullish(array) ? null : requireArray('$first', array)[0])),
  $in: binary((value, array) =>
    requireArray('$in', array, 'an array as its second operand').some(
      item => compareOperands(item, value) === 0,
    ),
  ),
  $indexOfArray: several(2, 4, indexOfArray),
  $isArray: unary(value => Array.isArray(value)),
  $last: unary(array => (isNullish(array) ? null : requireArray('$last', array).at(-1))),
  $map: { compile: compileMap },
  $range: several(2, 3, range),
  $reduce: { compile: compileReduce },
  $reverseArray: unary((array, scope) => {
    if (isNullish(array)) return null
    const items = requireArray('$reverseArray', array)
    make(scope, items.length, '$reverseArray')
    return items.toReversed()
  }),
  $size: unary(array => requireArray('$size', array).length),
  $slice: several(2, 3, slice),
  $zip: { compile: compileZip },
}

export function requireArray(operator: string, value: unknown, expected = 'an array'): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw mistyped(operator, expected, value)
}

function concatArrays(operands: readonly unknown[], scope: Scope): unknown {
  if (operands.some(isNullish)) return null
  const arrays = operands.map(operand => requireArray('$concatArrays', operand, 'arrays'))
  make(
    scope,
    arrays.reduce((size, { length }) => size + length, 0),
    '$concatArrays',
  )
  return arrays.flat()
}

function indexOfArray([array, search, from, to]: readonly unknown[]): unknown {
  if (isNullish(array)) return null
  const items = requireArray('$indexOfArray', array)
  const [start, end] = readBounds('$indexOfArray', from, to, items.length)
  for (let index = start; index < Math.min(end, items.length); index++) {
    if (compareOperands(items[index], search) === 0) return index
  }
  return -1
}

/** Where a search begins and ends; left out, at the beginning and the end. */
export function readBounds(operator: string, from: unknown, to: unknown, length: number): [number, number] {
  const start = from === undefined ? 0 : requireInteger(operator, 'the start', from)
  const end = to === undefined ? length : requireInteger(operator, 'the end', to)
  if (start >= 0 && end >= 0) return [start, end]
  throw failed(`${operator} needs a start and an end of at least 0, not ${start} and ${end}.`)
}

function range([from, to, by = 1]: readonly unknown[], scope: Scope): unknown {
  const start = requireInteger('$range', 'the start', from)
  const end = requireInteger('$range', 'the end', to)
  const step = requireInteger('$range', 'the step', by)
  if (step === 0) throw failed("$range can't go in steps of 0.")
  const length = Math.max(0, Math.ceil((end - start) / step))
  make(scope, length, '$range')
  const numbers: number[] = []
  for (let index = 0; index < length; index++) numbers.push(start + index * step)
  return numbers
}

function slice([array, first, second]: readonly unknown[], scope: Scope): unknown {
  if (isNullish(array) || isNullish(first) || second === null) return null
  const items = requireArray('$slice', array)
  const start = requireInteger('$slice', 'the second operand', first)
  make(scope, items.length, '$slice')
  if (second === undefined) return start < 0 ? items.slice(start) : items.slice(0, start)
  const count = requireInteger('$slice', 'the number of elements', second)
  if (count <= 0) throw failed(`$slice needs a number of elements above 0, not ${count}.`)
  const begin = start < 0 ? Math.max(0, items.length + start) : start
  return items.slice(begin, begin + count)
}

/** `as` when it is named, else `this`. */
function readElementName(operator: string, as: unknown): string {
  if (as === undefined) return 'this'
  if (typeof as === 'string') return as
  throw misread(`${operator} needs the name of a variable as "as".`)
}

function compileFilter(written: unknown, compiler: Compiler): Evaluate {
  const named = readNamed('$filter', written, ['input', 'cond'], ['as', 'limit'])
  const name = readElementName('$filter', named['as'])
  const input = compiler.compile(named['input'])
  const condition = compiler.define([name]).compile(named['cond'])
  const most = compiler.compile(named['limit'] ?? null)
  return scope => {
    const array = input(scope)
    if (isNullish(array)) return null
    const items = requireArray('$filter', array, 'an array as input')
    const limit = most(scope)
    const count = isNullish(limit) ? Infinity : requireInteger('$filter', 'limit', limit)
    if (count < 1) throw failed(`$filter needs a limit above 0, not ${count}.`)
    const kept: unknown[] = []
    for (const item of items) {
      if (kept.length === count) break
      if (isTrue(condition(withVariable(scope, name, item)))) kept.push(item)
    }
    make(scope, kept.length, '$filter')
    return kept
  }
}

function compileMap(written: unknown, compiler: Compiler): Evaluate {
  const named = readNamed('$map', written, ['input', 'in'], ['as'])
  const name = readElementName('$map', named['as'])
  const input = compiler.compile(named['input'])
  const evaluate = compiler.define([name]).compile(named['in'])
  return scope => {
    const array = input(scope)
    if (isNullish(array)) return null
    const items = requireArray('$map', array, 'an array as input')
    make(scope, items.length, '$map')
    return items.map(item => evaluate(withVariable(scope, name, item)) ?? null)
  }
}

function compileReduce(written: unknown, compiler: Compiler): Evaluate {
  const named = readNamed('$reduce', written, ['input', 'initialValue', 'in'])
  const input = compiler.compile(named['input'])
  const initial = compiler.compile(named['initialValue'])
  const evaluate = compiler.define(['this', 'value']).compile(named['in'])
  return scope => {
    const array = input(scope)
    if (isNullish(array)) return null
    let value = initial(scope)
    for (const item of requireArray('$reduce', array, 'an array as input')) {
      value = evaluate(withVariable(withVariable(scope, 'this', item), 'value', value))
    }
    return value
  }
}

function compileZip(written: unknown, compiler: Compiler): Evaluate {
  const named = readNamed('$zip', written, ['inputs'], ['useLongestLength', 'defaults'])
  const { useLongestLength = false, defaults } = named
  if (!Array.isArray(named['inputs']) || named['inputs'].length === 0)
    throw misread('$zip needs an array of inputs.')
  if (typeof useLongestLength !== 'boolean') throw misread('$zip needs true or false as useLongestLength.')
  if (defaults !== undefined && !(useLongestLength && Array.isArray(defaults))) {
    throw misread('$zip takes defaults, an array, only with useLongestLength.')
  }
  if (Array.isArray(defaults) && defaults.length !== named['inputs'].length) {
    throw misread('$zip needs as many defaults as inputs.')
  }
  const inputs = named['inputs'].map(input => compiler.compile(input))
  const fillers = (Array.isArray(defaults) ? defaults : []).map(filler => compiler.compile(filler))
  return scope => {
    const arrays: (readonly unknown[])[] = []
    for (const input of inputs) {
      const array = input(scope)
      if (isNullish(array)) return null
      arrays.push(requireArray('$zip', array, 'arrays as inputs'))
    }
    const lengths = arrays.map(array => array.length)
    const length = useLongestLength ? Math.max(...lengths) : Math.min(...lengths)
    make(scope, length * (arrays.length + 1), '$zip')
    const fill = fillers.map(filler => filler(scope))
    return Array.from({ length }, (_, index) =>
      arrays.map((array, position) => (index < array.length ? array[index] : (fill[position] ?? null))),
    )
  }
}
