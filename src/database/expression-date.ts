import { type Clock, type DateParts, dateOfParts, dateOfWeek, partsOfDate } from './calendar.ts'
import { formatDate, parseDate } from './date-text.ts'
import { isDocument } from './document.ts'
import {
  type Compiler,
  type Evaluate,
  failed,
  isNullish,
  misread,
  mistyped,
  type Operator,
  type OperatorTable,
  readNamed,
  type Scope,
} from './evaluation.ts'
import { fromLocal, MINUTE_MS, type Offset, offsetOf } from './time-zone.ts'

/** Null or missing for a date or time zone makes the result null. */
export const DATE: OperatorTable = {
  $dateFromParts: { compile: compileFromParts },
  $dateFromString: { compile: compileFromString },
  $dateToParts: { compile: compileToParts },
  $dateToString: { compile: compileToString },
  $dayOfMonth: part('$dayOfMonth', ({ day }) => day),
  $dayOfWeek: part('$dayOfWeek', ({ dayOfWeek }) => dayOfWeek),
  $dayOfYear: part('$dayOfYear', ({ dayOfYear }) => dayOfYear),
  $hour: part('$hour', ({ hour }) => hour),
  $isoDayOfWeek: part('$isoDayOfWeek', ({ isoDayOfWeek }) => isoDayOfWeek),
  $isoWeek: part('$isoWeek', ({ isoWeek }) => isoWeek),
  $isoWeekYear: part('$isoWeekYear', ({ isoWeekYear }) => isoWeekYear),
  $millisecond: part('$millisecond', ({ millisecond }) => millisecond),
  $minute: part('$minute', ({ minute }) => minute),
  $month: part('$month', ({ month }) => month),
  $second: part('$second', ({ second }) => second),
  $week: part('$week', ({ week }) => week),
  $year: part('$year', ({ year }) => year),
}

/** Takes a date, or `{ date, timezone }`. */
function part(name: string, read: (parts: DateParts) => number): Operator {
  return {
    compile: (written, compiler) => {
      const { date, offset } = compileDate(name, written, compiler)
      return scope => {
        const ms = date(scope)
        const ahead = offset(scope)
        return ms === null || ahead === null ? null : read(partsOfDate(ms + ahead(ms) * MINUTE_MS))
      }
    },
  }
}

interface DateOperand {
  readonly date: (scope: Scope) => number | null
  readonly offset: (scope: Scope) => Offset | null
}

function compileDate(name: string, written: unknown, compiler: Compiler): DateOperand {
  const [only] = Array.isArray(written) && written.length === 1 ? written : [written]
  const isNamed = isDocument(only) && !Object.keys(only)[0]?.startsWith('$')
  const named = isNamed ? readNamed(name, only, ['date'], ['timezone']) : { date: only }
  if (Array.isArray(only)) throw misread(`${name} takes one operand.`)
  return compileDateOf(name, named, compiler)
}

function compileDateOf(
  name: string,
  named: Readonly<Record<string, unknown>>,
  compiler: Compiler,
): DateOperand {
  const date = compiler.compile(named['date'])
  return {
    date: scope => {
      const value = date(scope)
      if (isNullish(value)) return null
      if (value instanceof Date) return value.getTime()
      throw mistyped(name, 'a date', value)
    },
    offset: compileZone(name, named, compiler),
  }
}

/** UTC when no time zone is written. */
function compileZone(
  name: string,
  named: Readonly<Record<string, unknown>>,
  compiler: Compiler,
): (scope: Scope) => Offset | null {
  const text = compileText(name, 'timezone', named, compiler)
  return scope => {
    const zone = text(scope)
    return zone === null ? null : offsetOf(zone ?? 'UTC')
  }
}

/** Undefined when it isn't written. */
function compileText(
  name: string,
  field: string,
  named: Readonly<Record<string, unknown>>,
  compiler: Compiler,
): (scope: Scope) => string | null | undefined {
  if (!Object.hasOwn(named, field)) return () => undefined
  const evaluate = compiler.compile(named[field])
  return scope => {
    const value = evaluate(scope)
    if (isNullish(value)) return null
    if (typeof value === 'string') return value
    throw mistyped(name, `a string as ${field}`, value)
  }
}

function compileToString(written: unknown, compiler: Compiler): Evaluate {
  const name = '$dateToString'
  const named = readNamed(name, written, ['date'], ['format', 'timezone', 'onNull'])
  const { date, offset } = compileDateOf(name, named, compiler)
  const format = compileText(name, 'format', named, compiler)
  const onNull = compiler.compile(named['onNull'] ?? null)
  return scope => {
    const ms = date(scope)
    if (ms === null) return onNull(scope)
    const ahead = offset(scope)
    const form = format(scope)
    if (ahead === null || form === null) return null
    // Only a time in UTC is marked as one.
    const usual = ahead === offsetOf('UTC') ? '%Y-%m-%dT%H:%M:%S.%LZ' : '%Y-%m-%dT%H:%M:%S.%L'
    return formatDate(ms, form ?? usual, ahead)
  }
}

function compileFromString(written: unknown, compiler: Compiler): Evaluate {
  const name = '$dateFromString'
  const named = readNamed(name, written, ['dateString'], ['format', 'timezone', 'onError', 'onNull'])
  const source = compiler.compile(named['dateString'])
  const format = compileText(name, 'format', named, compiler)
  const zone = compileText(name, 'timezone', named, compiler)
  const onNull = compiler.compile(named['onNull'] ?? null)
  const onError = Object.hasOwn(named, 'onError') ? compiler.compile(named['onError']) : undefined
  return scope => {
    const value = source(scope)
    if (isNullish(value)) return onNull(scope)
    const [form, place] = [format(scope), zone(scope)]
    if (form === null || place === null) return null
    // A time zone there isn't is no error of the text.
    if (place !== undefined) offsetOf(place)
    try {
      if (typeof value !== 'string') throw mistyped(name, 'a string', value)
      return parseDate(name, value, form, place)
    } catch (error) {
      if (onError === undefined) throw error
      return onError(scope)
    }
  }
}

const CLOCK_PARTS = ['hour', 'minute', 'second', 'millisecond'] as const

function compileFromParts(written: unknown, compiler: Compiler): Evaluate {
  const name = '$dateFromParts'
  const isIso = isDocument(written) && Object.hasOwn(written, 'isoWeekYear')
  const [year, ...others] = isIso
    ? (['isoWeekYear', 'isoWeek', 'isoDayOfWeek'] as const)
    : (['year', 'month', 'day'] as const)
  const named = readNamed(name, written, [year], [...others, ...CLOCK_PARTS, 'timezone'])
  const offset = compileZone(name, named, compiler)
  const fields = [year, ...others, ...CLOCK_PARTS].filter(field => Object.hasOwn(named, field))
  const parts = fields.map(field => [field, compiler.compile(named[field])] as const)
  return scope => {
    const values: Record<string, number> = {}
    for (const [field, evaluate] of parts) {
      const value = evaluate(scope)
      if (isNullish(value)) return null
      values[field] = requirePart(name, field, value)
    }
    const ahead = offset(scope)
    if (ahead === null) return null
    const [first = 0, second = 1, third = 1] = [year, ...others].map(field => values[field])
    if (first < 1 || first > 9999) throw failed(`${name} needs a ${year} from 1 to 9999, not ${first}.`)
    const clock: Clock = values
    const local = isIso ? dateOfWeek(first, second, third, clock) : dateOfParts(first, second, third, clock)
    const date = new Date(fromLocal(local, ahead))
    if (Number.isNaN(date.getTime())) throw failed(`${name}: the parts are no date.`)
    return date
  }
}

function requirePart(name: string, field: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw mistyped(name, `an integer as ${field}`, value)
}

function compileToParts(written: unknown, compiler: Compiler): Evaluate {
  const name = '$dateToParts'
  const named = readNamed(name, written, ['date'], ['timezone', 'iso8601'])
  const { date, offset } = compileDateOf(name, named, compiler)
  const iso = compiler.compile(named['iso8601'] ?? false)
  return scope => {
    const ms = date(scope)
    const ahead = offset(scope)
    const isIso = iso(scope)
    if (ms === null || ahead === null || isNullish(isIso)) return null
    if (typeof isIso !== 'boolean') throw mistyped(name, 'true or false as iso8601', isIso)
    const { year, month, day, hour, minute, second, millisecond, ...week } = partsOfDate(
      ms + ahead(ms) * MINUTE_MS,
    )
    const clock = { hour, minute, second, millisecond }
    if (!isIso) return { year, month, day, ...clock }
    const { isoWeekYear, isoWeek, isoDayOfWeek } = week
    return { isoWeekYear, isoWeek, isoDayOfWeek, ...clock }
  }
}
