import { roundAt } from './decimal-rounding.ts'
import {
  binary,
  failed,
  isNullish,
  mistyped,
  type Operator,
  type OperatorTable,
  requireInteger,
  several,
  unary,
} from './evaluation.ts'
import { Sum } from './sum.ts'

/** Null or missing among the operands makes the result null. */
export const ARITHMETIC: OperatorTable = {
  $abs: ofNumber('$abs', Math.abs),
  $add: several(0, Infinity, add),
  $ceil: ofNumber('$ceil', Math.ceil),
  $divide: ofNumbers('$divide', (left, right) => {
    if (right === 0) throw failed("$divide can't divide by zero.")
    return left / right
  }),
  $exp: ofNumber('$exp', Math.exp),
  $floor: ofNumber('$floor', Math.floor),
  $ln: ofNumber('$ln', value => Math.log(requirePositive('$ln', value))),
  $log: ofNumbers('$log', (value, base) => {
    requirePositive('$log', value)
    if (!(base > 0) || base === 1) throw failed(`$log needs a base above 0 other than 1, not ${base}.`)
    return logarithm(value, base)
  }),
  $log10: ofNumber('$log10', value => Math.log10(requirePositive('$log10', value))),
  $mod: ofNumbers('$mod', (left, right) => {
    if (right === 0) throw failed("$mod can't divide by zero.")
    return left % right
  }),
  $multiply: several(0, Infinity, multiply),
  $pow: ofNumbers('$pow', (base, exponent) => {
    if (base === 0 && exponent < 0) throw failed("$pow can't raise 0 to a negative exponent.")
    return base ** exponent
  }),
  $round: several(1, 2, ([value, place]) => round('$round', value, place, false)),
  $sqrt: ofNumber('$sqrt', value => {
    if (value < 0) throw failed(`$sqrt needs a number of at least 0, not ${value}.`)
    return Math.sqrt(value)
  }),
  $subtract: binary(subtract),
  $trunc: several(1, 2, ([value, place]) => round('$trunc', value, place, true)),
}

function ofNumber(name: string, compute: (value: number) => number): Operator {
  return unary(value => {
    if (isNullish(value)) return null
    if (typeof value === 'number') return compute(value)
    throw mistyped(name, 'a number', value)
  })
}

function ofNumbers(name: string, compute: (left: number, right: number) => number): Operator {
  return binary((left, right) => {
    if (isNullish(left) || isNullish(right)) return null
    if (typeof left !== 'number') throw mistyped(name, 'numbers', left)
    if (typeof right !== 'number') throw mistyped(name, 'numbers', right)
    return compute(left, right)
  })
}

/** Also one date among numbers, which are its milliseconds. */
function add(operands: readonly unknown[]): unknown {
  const sum = new Sum()
  let isDate = false
  for (const operand of operands) {
    if (isNullish(operand)) return null
    if (typeof operand === 'number') sum.add(operand)
    else if (!(operand instanceof Date)) throw mistyped('$add', 'numbers and one date', operand)
    else if (isDate) throw failed('$add takes one date only.')
    else {
      sum.add(operand.getTime())
      isDate = true
    }
  }
  return isDate ? toDate('$add', sum.value) : sum.value
}

function multiply(operands: readonly unknown[]): unknown {
  let product = 1
  for (const operand of operands) {
    if (isNullish(operand)) return null
    if (typeof operand !== 'number') throw mistyped('$multiply', 'numbers', operand)
    product *= operand
  }
  return product
}

/** Two dates give the milliseconds between them, a date and a number an earlier date. */
function subtract(left: unknown, right: unknown): unknown {
  if (isNullish(left) || isNullish(right)) return null
  if (typeof left === 'number' && typeof right === 'number') return left - right
  if (left instanceof Date && right instanceof Date) return left.getTime() - right.getTime()
  if (left instanceof Date && typeof right === 'number') return toDate('$subtract', left.getTime() - right)
  throw mistyped(
    '$subtract',
    'two numbers, two dates, or a date and a number',
    typeof left === 'number' ? right : left,
  )
}

function toDate(name: string, ms: number): Date {
  const date = new Date(Math.round(ms))
  if (Number.isNaN(date.getTime())) throw failed(`${name} leads to a date out of range.`)
  return date
}

const [PLACE_MIN, PLACE_MAX] = [-20, 100]

function round(name: string, value: unknown, place: unknown, isCut: boolean): unknown {
  if (isNullish(value) || place === null) return null
  if (typeof value !== 'number') throw mistyped(name, 'a number', value)
  if (place === undefined) return roundAt(value, 0, isCut)
  const digits = requireInteger(name, 'the place', place)
  if (digits < PLACE_MIN || digits > PLACE_MAX) {
    throw failed(`${name} needs a place from ${PLACE_MIN} to ${PLACE_MAX}, not ${digits}.`)
  }
  return roundAt(value, digits, isCut)
}

function requirePositive(name: string, value: number): number {
  if (value <= 0) throw failed(`${name} needs a number above 0, not ${value}.`)
  return value
}

/** Exact where the base is 2 or 10, so that a power of it gives a whole number. */
function logarithm(value: number, base: number): number {
  if (base === 2) return Math.log2(value)
  if (base === 10) return Math.log10(value)
  return Math.log(value) / Math.log(base)
}
