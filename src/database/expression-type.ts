import { parseDate } from './date-text.ts'
import { isDocument } from './document.ts'
import type { Compiler, Evaluate } from './evaluation.ts'
import {
  failed,
  isNullish,
  mistyped,
  type Operator,
  type OperatorTable,
  readNamed,
  unary,
} from './evaluation.ts'
import { typeNameOf } from './value-type.ts'

/** Types and conversions. Every number is a JavaScript number; `decimal` gives one too. */
export const TYPE: OperatorTable = {
  $convert: { compile: compileConvert },
  $isNumber: unary(value => typeof value === 'number'),
  $toBool: conversion('$toBool', toBool),
  $toDate: conversion('$toDate', toDate),
  $toDecimal: conversion('$toDecimal', toDouble),
  $toDouble: conversion('$toDouble', toDouble),
  $toInt: conversion('$toInt', toInt),
  $toLong: conversion('$toLong', toLong),
  $toString: conversion('$toString', toText),
  $type: unary(typeNameOf),
}

type Convert = (value: unknown, operator: string) => unknown

/** By MongoDB's names and numbers of types. */
const CONVERSIONS: ReadonlyMap<unknown, Convert> = new Map<unknown, Convert>([
  ...['double', 1, 'decimal', 19].map(type => [type, toDouble] as const),
  ...['string', 2].map(type => [type, toText] as const),
  ...['bool', 8].map(type => [type, toBool] as const),
  ...['date', 9].map(type => [type, toDate] as const),
  ...['int', 16].map(type => [type, toInt] as const),
  ...['long', 18].map(type => [type, toLong] as const),
])

function conversion(name: string, convert: Convert): Operator {
  return unary(value => (isNullish(value) ? null : convert(value, name)))
}

function compileConvert(written: unknown, compiler: Compiler): Evaluate {
  const named = readNamed('$convert', written, ['input', 'to'], ['onError', 'onNull'])
  const input = compiler.compile(named['input'])
  const target = compiler.compile(named['to'])
  const onNull = compiler.compile(named['onNull'] ?? null)
  const onError = Object.hasOwn(named, 'onError') ? compiler.compile(named['onError']) : undefined
  return scope => {
    const value = input(scope)
    if (isNullish(value)) return onNull(scope)
    const type = target(scope)
    if (isNullish(type)) return null
    const convert = CONVERSIONS.get(type)
    if (convert === undefined) throw failed(`$convert knows no type ${JSON.stringify(type)} to convert to.`)
    if (onError === undefined) return convert(value, '$convert')
    try {
      return convert(value, '$convert')
    } catch {
      // Converting fails in one way only, which this expression says what to do about.
      return onError(scope)
    }
  }
}

function toBool(value: unknown): boolean {
  return value !== false && value !== 0
}

function toDate(value: unknown, operator: string): Date {
  if (value instanceof Date) return value
  if (typeof value === 'string') return parseDate(operator, value)
  if (typeof value !== 'number') throw mistyped(operator, 'a date, a number or a string', value)
  const date = new Date(Math.trunc(value))
  if (Number.isNaN(date.getTime())) throw failed(`${operator}: ${value} milliseconds are no date.`)
  return date
}

function toDouble(value: unknown, operator: string): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return Number(value)
  if (value instanceof Date) return value.getTime()
  if (typeof value === 'string') return parseNumber(value, operator, DOUBLE_FORM)
  throw mistyped(operator, 'a number, string, boolean or date', value)
}

function toInt(value: unknown, operator: string): number {
  if (value instanceof Date) throw mistyped(operator, 'a number, string or boolean', value)
  const integer = toInteger(value, operator)
  if (integer > 0x7fff_ffff || integer < -0x8000_0000)
    throw failed(`${operator}: ${integer} is beyond 32 bits.`)
  return integer
}

function toLong(value: unknown, operator: string): number {
  const integer = toInteger(value, operator)
  if (Math.abs(integer) > 2 ** 63) throw failed(`${operator}: ${integer} is beyond 64 bits.`)
  return integer
}

function toInteger(value: unknown, operator: string): number {
  if (typeof value === 'string') return parseNumber(value, operator, INTEGER_FORM)
  const number = toDouble(value, operator)
  if (!Number.isFinite(number)) throw failed(`${operator} can't make ${number} an integer.`)
  return Math.trunc(number) + 0
}

const INTEGER_FORM = /^[+-]?\d+$/
const DOUBLE_FORM = /^(?:[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|Infinity)|NaN)$/

function parseNumber(text: string, operator: string, form: RegExp): number {
  if (form.test(text)) return Number(text)
  throw failed(`${operator}: ${JSON.stringify(text.slice(0, 100))} is no number of that type.`)
}

function toText(value: unknown, operator: string): string {
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value) || isDocument(value))
    throw mistyped(operator, 'a number, boolean, date or string', value)
  return String(value)
}
