import type { IncomingHttpHeaders } from 'node:http'
import { type ByteSpan, readRange } from './http-range.ts'

/** A file as a condition sees it. */
export interface Representation {
  /** Strong: `"<sha256>"`. */
  readonly etag: string
  /** Milliseconds since the Unix epoch. */
  readonly modifiedMs: number | undefined
  readonly sizeBytes: number
}

/** What of a file a request is to be answered with. */
export type Selection =
  | { readonly kind: 'whole' | 'not-modified' | 'failed' | 'unsatisfiable' }
  | ({ readonly kind: 'part' } & ByteSpan)

/** Weighs the conditions and the range of a GET or HEAD in the order of RFC 9110, §13.2.2. */
export function select(method: string, headers: IncomingHttpHeaders, file: Representation): Selection {
  const changed = headers['if-match']
  const isUnchanged =
    changed === undefined
      ? !isModifiedSince(headers['if-unmodified-since'], file, false)
      : listsTag(changed, file.etag, 'strong')
  if (!isUnchanged) return { kind: 'failed' }
  const known = headers['if-none-match']
  const isKnown =
    known === undefined
      ? !isModifiedSince(headers['if-modified-since'], file, true)
      : listsTag(known, file.etag, 'weak')
  if (isKnown) return { kind: 'not-modified' }
  // The standard gives ranges a meaning for GET only.
  if (method !== 'GET' || headers.range === undefined) return { kind: 'whole' }
  const ifRange = headers['if-range']
  if (typeof ifRange === 'string' && !isSameVersion(ifRange, file)) return { kind: 'whole' }
  return readRange(headers.range, file.sizeBytes)
}

/** @param isByDefault What holds when there is no such header, or no date in it. */
function isModifiedSince(header: string | undefined, file: Representation, isByDefault: boolean): boolean {
  const sinceMs = header === undefined ? undefined : parseDate(header)
  if (sinceMs === undefined || file.modifiedMs === undefined) return isByDefault
  return wholeSeconds(file.modifiedMs) > sinceMs
}

/** A date names a version only if it is the very one that was told. */
function isSameVersion(ifRange: string, file: Representation): boolean {
  if (/^(?:W\/)?"/.test(ifRange)) return ifRange === file.etag
  return file.modifiedMs !== undefined && parseDate(ifRange) === wholeSeconds(file.modifiedMs)
}

function listsTag(header: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (header.trim() === '*') return true
  return [...header.matchAll(/(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g)].some(
    ([, weak, tag]) => tag === etag && (weak === undefined || comparison === 'weak'),
  )
}

function wholeSeconds(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000
}

const DATE = /^(?:\w{3}, \d{2} \w{3} \d{4}|\w{6,9}, \d{2}-\w{3}-\d{2}) \d{2}:\d{2}:\d{2} GMT$/
/** C's asctime, which is in GMT without saying so. */
const ASCTIME = /^\w{3} \w{3} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/

/** A date in one of HTTP's three forms, in milliseconds; undefined for anything else, which is to be ignored. */
function parseDate(text: string): number | undefined {
  const timeMs = DATE.test(text)
    ? Date.parse(text)
    : ASCTIME.test(text)
      ? Date.parse(`${text} GMT`)
      : Number.NaN
  return Number.isNaN(timeMs) ? undefined : timeMs
}
