import { DatabaseError } from '../errors.ts'
import type { Document } from './document.ts'
import type { Matcher } from './filter.ts'
import type { Path } from './path.ts'

export type SqlValue = string | number | null | Uint8Array

/** A number to order documents by. */
export type Measure = (document: Document) => number | undefined

/** One statement in the making: its numbered parameters, and the matchers its `cloudlet_matches` calls use. */
export class SqlParameters {
  readonly values: SqlValue[] = []
  readonly matchers: Matcher[] = []
  readonly patterns: RegExp[] = []
  readonly measures: Measure[] = []
  /** Whether running it runs guest-written patterns or expressions, whose time must be bounded. */
  isGuarded = false
  /** Documents looked at, when the statement counts them with `cloudlet_seen`. */
  seenCount = 0

  bind(value: SqlValue): string {
    this.values.push(value)
    return `?${this.values.length}`
  }

  /** SQL that is 1 where the matcher accepts the row's document, else 0. */
  match(matcher: Matcher): string {
    this.matchers.push(matcher)
    return `cloudlet_matches(${this.bind(this.matchers.length - 1)}, json(doc))`
  }

  /** SQL of what is computed from the row's document, a number or NULL. */
  measure(measure: Measure): string {
    this.measures.push(measure)
    return `cloudlet_measure(${this.bind(this.measures.length - 1)}, json(doc))`
  }

  /** SQL that is 1 where the text matches the pattern, else 0. */
  test(pattern: RegExp, text: string): string {
    this.patterns.push(pattern)
    this.isGuarded = true
    return `cloudlet_test(${this.bind(this.patterns.length - 1)}, ${text})`
  }
}

/**
 * LIMIT and OFFSET. The limit is a literal, since SQLite prepares a statement anew for each value of one that is bound
 * (native-notes/sqlite.md). -1 is no limit.
 *
 * @throws {DatabaseError} INVALID_PARAM unless it is an integer.
 */
export function limitTo(limit: number, skip: number, parameters: SqlParameters): string {
  if (!Number.isSafeInteger(limit)) throw new DatabaseError('INVALID_PARAM', 'limit must be an integer.')
  return skip === 0 ? `LIMIT ${limit}` : `LIMIT ${limit} OFFSET ${parameters.bind(skip)}`
}

/**
 * A JSON path as an SQL literal; undefined when SQLite and MongoDB would not walk it alike (an index, which may
 * also be a name) or when a name isn't plain letters, digits, `_`, `-` and spaces: then JavaScript decides.
 * Nothing else a caller wrote ever becomes part of a statement.
 */
export function jsonPath(path: Path, length = path.segments.length): string | undefined {
  const segments = path.segments.slice(0, length)
  if (segments.length === 0 || !segments.every(segment => /^[\p{L}\p{N}_\- ]{1,64}$/u.test(segment)))
    return undefined
  if (segments.some(segment => /^\d+$/.test(segment))) return undefined
  return `'$${segments.map(segment => `."${segment}"`).join('')}'`
}

/** SQL that is 1 where an array lies on the way to the path; undefined for a path of one segment. */
export function arrayOnTheWay(path: Path): string | undefined {
  const tests: string[] = []
  for (let length = 1; length < path.segments.length; length++) {
    tests.push(`json_type(doc, ${jsonPath(path, length)}) IS 'array'`)
  }
  return tests.length === 0 ? undefined : `(${tests.join(' OR ')})`
}
