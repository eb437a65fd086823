import { failed } from './evaluation.ts'

/** Minutes a time zone is ahead of UTC at a moment. */
export type Offset = (ms: number) => number

/**
 * A time zone by name (`Asia/Shanghai`, `GMT`) or as an offset (`+08:00`, `+0800`, `+08`).
 *
 * @throws {DatabaseError} DATABASE_REQUEST_FAILED for one there isn't.
 */
export function offsetOf(zone: string): Offset {
  const known = OFFSETS.get(zone)
  if (known !== undefined) return known
  const offset = parseOffset(zone) ?? namedOffset(zone)
  // The names are some hundreds, but offsets may be written in many ways.
  if (OFFSETS.size >= MAX_KNOWN) OFFSETS.clear()
  OFFSETS.set(zone, offset)
  return offset
}

/** The moment at which clocks of the zone show what clocks in UTC show at `ms`. */
export function fromLocal(ms: number, offset: Offset): number {
  const guess = ms - offset(ms) * MINUTE_MS
  // The offset may change in between; of a time that exists twice, the first is meant.
  const exact = ms - offset(guess) * MINUTE_MS
  return ms - offset(exact) * MINUTE_MS === exact ? exact : guess
}

export const MINUTE_MS = 60_000

const MAX_KNOWN = 1000
const UTC: Offset = () => 0
const OFFSETS = new Map<string, Offset>([
  ['UTC', UTC],
  ['GMT', UTC],
  ['Z', UTC],
])

function parseOffset(zone: string): Offset | undefined {
  const [, sign, hours, minutes = '0'] = /^([+-])(\d\d):?([0-5]\d)?$/.exec(zone) ?? []
  if (sign === undefined) return undefined
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1)
  return () => offset
}

/** Slow to ask, so what it said is kept: per window, or where clocks change within one, per quarter of an hour. */
function namedOffset(zone: string): Offset {
  const format = formatOf(zone)
  const ask = remember(ms => askOffset(format, ms))
  const askWindow = remember(start => {
    const minutes = ask(start)
    return ask(start + WINDOW_MS) === minutes ? minutes : Number.NaN
  })
  return ms => {
    const minutes = askWindow(Math.floor(ms / WINDOW_MS) * WINDOW_MS)
    return Number.isNaN(minutes) ? ask(Math.floor(ms / QUARTER_MS) * QUARTER_MS) : minutes
  }
}

/** No zone changes its clocks twice within so short a time. */
const WINDOW_MS = 8 * 24 * 60 * MINUTE_MS
/** Clocks change on quarters of an hour only. */
const QUARTER_MS = 15 * MINUTE_MS
const MAX_KEPT = 10_000

function remember(compute: Offset): Offset {
  const kept = new Map<number, number>()
  return ms => {
    const known = kept.get(ms)
    if (known !== undefined) return known
    const minutes = compute(ms)
    if (kept.size >= MAX_KEPT) kept.clear()
    kept.set(ms, minutes)
    return minutes
  }
}

function formatOf(zone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch (error) {
    throw failed(`There is no time zone ${JSON.stringify(zone.slice(0, 100))}.`, error)
  }
}

function askOffset(format: Intl.DateTimeFormat, ms: number): number {
  const parts: Record<string, string> = {}
  for (const { type, value } of format.formatToParts(ms)) parts[type] = value
  const number = (type: string): number => Number(parts[type])
  const year = parts['era'] === 'BC' ? 1 - number('year') : number('year')
  const local = new Date(0)
  // Unlike Date.UTC, these take a year below 100 as it is.
  local.setUTCFullYear(year, number('month') - 1, number('day'))
  local.setUTCHours(number('hour'), number('minute'), number('second'))
  return Math.floor((local.getTime() - Math.floor(ms / 1000) * 1000) / 1000) / 60
}
