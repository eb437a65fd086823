const DAY_MS = 86_400_000

/** A moment as calendar and clock show it in UTC; in another zone, after its offset was added. */
export interface DateParts {
  readonly year: number
  /** From 1, as the day. */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly millisecond: number
  /** 1 is Sunday, 7 Saturday. */
  readonly dayOfWeek: number
  readonly dayOfYear: number
  /** Weeks begin on Sunday, and week 1 with the first Sunday; before it is week 0. */
  readonly week: number
  /** 1 is Monday, 7 Sunday. */
  readonly isoDayOfWeek: number
  /** Weeks begin on Monday, and week 1 is the one with the year's first Thursday. */
  readonly isoWeek: number
  /** The year that week belongs to. */
  readonly isoWeekYear: number
}

export function partsOfDate(ms: number): DateParts {
  const date = new Date(ms)
  const year = date.getUTCFullYear()
  const weekday = date.getUTCDay()
  const dayIndex = Math.floor((ms - startOfYear(year)) / DAY_MS)
  const isoDayOfWeek = weekday || 7
  // A week belongs to the year of its Thursday.
  const thursday = new Date(ms + (4 - isoDayOfWeek) * DAY_MS)
  const isoWeekYear = thursday.getUTCFullYear()
  return {
    year,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    millisecond: date.getUTCMilliseconds(),
    dayOfWeek: weekday + 1,
    dayOfYear: dayIndex + 1,
    week: Math.floor((dayIndex + 7 - weekday) / 7),
    isoDayOfWeek,
    isoWeek: Math.floor((thursday.getTime() - startOfYear(isoWeekYear)) / DAY_MS / 7) + 1,
    isoWeekYear,
  }
}

/** Milliseconds of a date; a part beyond its range carries over. NaN out of what a date can be. */
export function dateOfParts(year: number, month: number, day: number, clock: Clock = {}): number {
  const { hour = 0, minute = 0, second = 0, millisecond = 0 } = clock
  const date = new Date(0)
  // Unlike Date.UTC, this takes a year below 100 as it is.
  date.setUTCFullYear(year, month - 1, day)
  return date.setUTCHours(hour, minute, second, millisecond)
}

/** The same for a day of a week. */
export function dateOfWeek(
  isoWeekYear: number,
  isoWeek: number,
  isoDayOfWeek: number,
  clock?: Clock,
): number {
  const fourth = partsOfDate(dateOfParts(isoWeekYear, 1, 4))
  const day = 4 - fourth.isoDayOfWeek + (isoWeek - 1) * 7 + isoDayOfWeek
  return dateOfParts(isoWeekYear, 1, day, clock)
}

export interface Clock {
  readonly hour?: number | undefined
  readonly minute?: number | undefined
  readonly second?: number | undefined
  readonly millisecond?: number | undefined
}

function startOfYear(year: number): number {
  return dateOfParts(year, 1, 1)
}
