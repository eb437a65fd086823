import { type Clock, type DateParts, dateOfParts, dateOfWeek, partsOfDate } from './calendar.ts'
import { failed } from './evaluation.ts'
import { fromLocal, MINUTE_MS, type Offset, offsetOf } from './time-zone.ts'

const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
]

/** `%Y-%m-%d` and the like, as `$dateToString` writes it. */
export function formatDate(ms: number, format: string, offset: Offset): string {
  const minutes = offset(ms)
  const parts = partsOfDate(ms + minutes * MINUTE_MS)
  return format.replace(/%(.?)/gs, (whole, letter: string) => {
    const write = Object.hasOwn(WRITERS, letter) ? WRITERS[letter] : undefined
    if (write === undefined) throw failed(`$dateToString knows no ${whole} in a format.`)
    return write(parts, minutes)
  })
}

const digits = (value: number, width: number): string => String(value).padStart(width, '0')

const WRITERS: Readonly<Record<string, (parts: DateParts, minutes: number) => string>> = {
  b: ({ month }) => MONTHS[month - 1]?.slice(0, 3) ?? '',
  B: ({ month }) => MONTHS[month - 1] ?? '',
  d: ({ day }) => digits(day, 2),
  G: ({ isoWeekYear }) => digits(requireYear(isoWeekYear), 4),
  H: ({ hour }) => digits(hour, 2),
  j: ({ dayOfYear }) => digits(dayOfYear, 3),
  L: ({ millisecond }) => digits(millisecond, 3),
  m: ({ month }) => digits(month, 2),
  M: ({ minute }) => digits(minute, 2),
  S: ({ second }) => digits(second, 2),
  u: ({ isoDayOfWeek }) => String(isoDayOfWeek),
  U: ({ week }) => digits(week, 2),
  V: ({ isoWeek }) => digits(isoWeek, 2),
  w: ({ dayOfWeek }) => String(dayOfWeek),
  Y: ({ year }) => digits(requireYear(year), 4),
  z: (_, minutes) => {
    const size = Math.abs(Math.trunc(minutes))
    return `${minutes < 0 ? '-' : '+'}${digits(Math.floor(size / 60), 2)}${digits(size % 60, 2)}`
  },
  Z: (_, minutes) => `${minutes < 0 ? '-' : '+'}${digits(Math.abs(Math.trunc(minutes)), 3)}`,
  '%': () => '%',
}

function requireYear(year: number): number {
  if (year >= 0 && year <= 9999) return year
  throw failed(`$dateToString writes the years 0 to 9999, not ${year}.`)
}

/** What was found in a text. */
interface Found extends Clock {
  readonly year?: number
  readonly month?: number
  readonly day?: number
  readonly isoWeekYear?: number
  readonly isoWeek?: number
  readonly isoDayOfWeek?: number
  readonly dayOfYear?: number
  readonly zone?: Offset
}

/**
 * A date in ISO 8601's form or near it (`2018-10-20 01:46`, `2018/10/20`, `Oct 20, 2018`), or in a given format.
 *
 * @param zone where the text itself names none; UTC when undefined.
 * @throws {DatabaseError} DATABASE_REQUEST_FAILED for any other text.
 */
export function parseDate(operator: string, text: string, format?: string, zone?: string): Date {
  const found = format === undefined ? findIso(text) : findByFormat(operator, text, format)
  const ms = found === undefined ? Number.NaN : momentOf(found)
  if (found === undefined || Number.isNaN(ms)) {
    const form = format === undefined ? '' : ` in the format ${JSON.stringify(format.slice(0, 100))}`
    throw failed(`${operator}: ${JSON.stringify(text.slice(0, 100))} is no date${form}.`)
  }
  if (found.zone !== undefined && zone !== undefined) {
    throw failed(
      `${operator}: ${JSON.stringify(text.slice(0, 100))} names a time zone, and so does the operator.`,
    )
  }
  return new Date(fromLocal(ms, found.zone ?? offsetOf(zone ?? 'UTC')))
}

const CLOCK = String.raw`(?:(?:[T\s]\s*)(?<hour>\d\d?):(?<minute>\d\d)(?::(?<second>\d\d)(?:[.,](?<fraction>\d{1,9}))?)?)?`
const ZONE = String.raw`\s*(?<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?|[A-Z][A-Za-z_]+/[A-Za-z_/]+)?`
const FORMS = [
  String.raw`(?<year>\d{4})(?<separator>[-/.]?)(?<month>\d\d)\k<separator>(?<day>\d\d)`,
  String.raw`(?<year>\d{4})[-/](?<month>\d\d?)[-/](?<day>\d\d?)`,
  String.raw`(?<name>[A-Za-z]{3,9})\.?\s+(?<day>\d\d?)(?:st|nd|rd|th)?,?\s+(?<year>\d{4})`,
  String.raw`(?<day>\d\d?)(?:st|nd|rd|th)?\s+(?<name>[A-Za-z]{3,9})\.?,?\s+(?<year>\d{4})`,
].map(date => new RegExp(`^${date}${CLOCK}${ZONE}$`))

function findIso(text: string): Found | undefined {
  for (const form of FORMS) {
    const groups = form.exec(text.trim())?.groups
    if (groups === undefined) continue
    const { name, fraction, zone } = groups
    return {
      year: Number(groups['year']),
      month: name === undefined ? Number(groups['month']) : monthOf(name),
      day: Number(groups['day']),
      hour: Number(groups['hour'] ?? 0),
      minute: Number(groups['minute'] ?? 0),
      second: Number(groups['second'] ?? 0),
      millisecond: fraction === undefined ? 0 : Math.trunc(Number(`0.${fraction}`) * 1000 + 1e-6),
      ...(zone === undefined ? {} : { zone: offsetOf(zone) }),
    }
  }
  return undefined
}

/** NaN for none. */
function monthOf(name: string): number {
  const index = MONTHS.findIndex(month => {
    const wanted = name.toLowerCase()
    return month.toLowerCase() === wanted || month.slice(0, 3).toLowerCase() === wanted
  })
  return index < 0 ? Number.NaN : index + 1
}

interface Reader {
  readonly form: string
  read(text: string): Found
}

const number = (form: string, name: keyof Omit<Found, 'zone'>): Reader => ({
  form,
  read: text => ({ [name]: Number(text) }),
})

const READERS: Readonly<Record<string, Reader>> = {
  b: { form: '[A-Za-z]{3}', read: text => ({ month: monthOf(text) }) },
  B: { form: '[A-Za-z]{3,9}', read: text => ({ month: monthOf(text) }) },
  d: number(String.raw`\d{1,2}`, 'day'),
  G: number(String.raw`\d{4}`, 'isoWeekYear'),
  H: number(String.raw`\d{1,2}`, 'hour'),
  j: number(String.raw`\d{1,3}`, 'dayOfYear'),
  L: number(String.raw`\d{1,3}`, 'millisecond'),
  m: number(String.raw`\d{1,2}`, 'month'),
  M: number(String.raw`\d{1,2}`, 'minute'),
  S: number(String.raw`\d{1,2}`, 'second'),
  u: number('[1-7]', 'isoDayOfWeek'),
  V: number(String.raw`\d{1,2}`, 'isoWeek'),
  Y: number(String.raw`\d{4}`, 'year'),
  z: { form: String.raw`Z|[+-]\d\d(?::?\d\d)?`, read: text => ({ zone: offsetOf(text) }) },
  Z: { form: String.raw`[+-]\d{1,4}`, read: text => ({ zone: () => Number(text) }) },
  '%': { form: '%', read: () => ({}) },
}

function findByFormat(operator: string, text: string, format: string): Found | undefined {
  const readers: Reader[] = []
  const form = format.replace(/%(.?)|[^%]+/gs, (whole, letter: string | undefined) => {
    if (letter === undefined) return whole.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
    const reader = Object.hasOwn(READERS, letter) ? READERS[letter] : undefined
    if (reader === undefined) throw failed(`${operator} knows no ${whole} in a format.`)
    readers.push(reader)
    return `(${reader.form})`
  })
  const match = new RegExp(`^${form}$`).exec(text)
  if (match === null) return undefined
  return Object.assign({}, ...readers.map((reader, index) => reader.read(match[index + 1] ?? '')))
}

/** Milliseconds with the clock as in UTC; NaN when parts are missing or out of range. */
function momentOf(found: Found): number {
  const { year, month, day, hour = 0, minute = 0, second = 0 } = found
  if (hour > 24 || minute > 59 || second > 60) return Number.NaN
  const { isoWeekYear, isoWeek, isoDayOfWeek = 1, dayOfYear } = found
  if (isoWeekYear !== undefined && isoWeek !== undefined && isoWeek >= 1 && isoWeek <= 53) {
    return dateOfWeek(isoWeekYear, isoWeek, isoDayOfWeek, found)
  }
  if (year !== undefined && dayOfYear !== undefined && dayOfYear >= 1 && dayOfYear <= 366) {
    return dateOfParts(year, 1, dayOfYear, found)
  }
  if (year === undefined || month === undefined || day === undefined) return Number.NaN
  const first = dateOfParts(year, month, 1)
  const isDay = day >= 1 && partsOfDate(dateOfParts(year, month, day)).month === partsOfDate(first).month
  return month >= 1 && month <= 12 && isDay ? dateOfParts(year, month, day, found) : Number.NaN
}
