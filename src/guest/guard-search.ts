import {
  MathFloor,
  MathMax,
  MathMin,
  MathTrunc,
  NumberIsNaN,
  StringIndexOf,
  StringLastIndexOf,
  StringSlice,
} from './intrinsics.ts'

/** A pattern up to this long is left to the built-in: it compares no more characters than these at each place. */
const SHORT_PATTERN_CHARS = 1024
/** Comparisons between two looks at the deadline: a tenth of a second at the worst. */
const STEP_COMPARISONS = 2 ** 27

/**
 * `text.indexOf(pattern, position)` part by part, when the built-in might compare for minutes; undefined when it
 * can't, or when these are not both texts.
 */
export function findFirst(text: unknown, pattern: unknown, position: unknown): number | undefined {
  if (typeof pattern !== 'string' || pattern.length <= SHORT_PATTERN_CHARS) return undefined
  if (typeof text !== 'string' || !isHeavy(text.length - pattern.length, pattern)) return undefined
  const end = text.length - pattern.length
  const start = MathMax(MathTrunc(+(position as number)) || 0, 0)
  return start > end ? -1 : findFirstIn(text, pattern, start, end)
}

/** The same for `text.lastIndexOf(pattern, position)`, which takes no number for the end. */
export function findLast(text: unknown, pattern: unknown, position: unknown): number | undefined {
  if (typeof pattern !== 'string' || pattern.length <= SHORT_PATTERN_CHARS) return undefined
  if (typeof text !== 'string' || !isHeavy(text.length - pattern.length, pattern)) return undefined
  const end = text.length - pattern.length
  const asked = +(position as number)
  const whole = NumberIsNaN(asked) ? end : MathMax(MathTrunc(asked), 0)
  return findLastIn(text, pattern, 0, MathMin(whole, end))
}

function isHeavy(placeCount: number, pattern: string): boolean {
  return placeCount * pattern.length > STEP_COMPARISONS
}

/** A match that begins from `start` to `end`. By halves: each entry of a function that calls itself is a look at the deadline. */
function findFirstIn(text: string, pattern: string, start: number, end: number): number {
  if (start === end || !isHeavy(end - start, pattern)) {
    const index = StringIndexOf(StringSlice(text, start, end + pattern.length), pattern)
    return index < 0 ? -1 : start + index
  }
  const middle = start + MathFloor((end - start) / 2)
  const index = findFirstIn(text, pattern, start, middle)
  return index >= 0 ? index : findFirstIn(text, pattern, middle + 1, end)
}

function findLastIn(text: string, pattern: string, start: number, end: number): number {
  if (start === end || !isHeavy(end - start, pattern)) {
    const index = StringLastIndexOf(StringSlice(text, start, end + pattern.length), pattern)
    return index < 0 ? -1 : start + index
  }
  const middle = start + MathFloor((end - start) / 2)
  const index = findLastIn(text, pattern, middle + 1, end)
  return index >= 0 ? index : findLastIn(text, pattern, start, middle)
}
