import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { type Document, isDocument } from './document.ts'
import type { Path } from './path.ts'
import { orderBytes, RANKS } from './value-order.ts'

/** One entry of an index: a value per field, and their keys, which compare byte by byte as the values do. */
export interface IndexEntry {
  readonly values: readonly unknown[]
  readonly keys: readonly Uint8Array[]
}

export interface IndexEntries {
  readonly entries: readonly IndexEntry[]
  /** A bit per field, the first lowest: whether an array lies on or at the end of its path. */
  readonly arrays: number
}

/** What an empty array has in place of its elements. */
export const NOTHING_KEY: Uint8Array = Uint8Array.of(RANKS.nothing)
/** The key of null, and of a field that isn't there. */
export const NULL_KEY: Uint8Array = orderBytes(null)

/**
 * The entries of a document in an index, as MongoDB has them: an array at the end of a path gives one per element,
 * an array on the way one per object in it.
 *
 * @param isSparse whether a document, or an element of it, that has none of the fields gives no entry.
 * @throws {DatabaseError} DATABASE_REQUEST_FAILED when two of the fields lie in different arrays, or there are too
 *   many entries.
 */
export function readEntries(document: Document, paths: readonly Path[], isSparse: boolean): IndexEntries {
  const reader = new EntryReader(paths, isSparse)
  reader.read(paths.map(({ segments }) => descend(document, segments, 0)))
  return { entries: reader.entries, arrays: reader.arrays }
}

/** Where the walk along one path stands: at its end, or at an array that must be opened first. */
type Position =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'array'; readonly array: readonly unknown[]; readonly depth: number }

function descend(from: unknown, segments: readonly string[], depth: number): Position {
  let value = from
  for (let at = depth; ; at++) {
    if (Array.isArray(value)) return { kind: 'array', array: value, depth: at }
    const segment = segments[at]
    if (segment === undefined) return { kind: 'value', value }
    if (!isDocument(value) || !Object.hasOwn(value, segment)) return { kind: 'value', value: undefined }
    value = value[segment]
  }
}

class EntryReader {
  readonly entries: IndexEntry[] = []
  arrays = 0
  readonly #paths: readonly Path[]
  readonly #isSparse: boolean

  constructor(paths: readonly Path[], isSparse: boolean) {
    this.#paths = paths
    this.#isSparse = isSparse
  }

  read(positions: readonly Position[]): void {
    const array = this.#findArray(positions)
    if (array === undefined) {
      this.#add(positions.map(position => (position.kind === 'value' ? position.value : NOTHING)))
      return
    }
    const open = (item: unknown): Position[] =>
      positions.map((position, index) =>
        position.kind === 'array' ? this.#enter(item, position.depth, index) : position,
      )
    if (array.length === 0) this.read(open(NOTHING))
    else for (const item of array) this.read(open(item))
  }

  /** An element: at the end of the path it is the value, arrays included; on the way only objects have fields. */
  #enter(item: unknown, depth: number, index: number): Position {
    const segments = this.#paths[index]?.segments ?? []
    if (depth === segments.length) return { kind: 'value', value: item }
    return isDocument(item) ? descend(item, segments, depth) : { kind: 'value', value: undefined }
  }

  #findArray(positions: readonly Position[]): readonly unknown[] | undefined {
    let found: readonly unknown[] | undefined
    for (const [index, position] of positions.entries()) {
      if (position.kind !== 'array') continue
      this.arrays |= 1 << index
      found ??= position.array
      if (position.array === found) continue
      const names = positions.flatMap(({ kind }, at) => (kind === 'array' ? [this.#paths[at]?.text] : []))
      throw new DatabaseError(
        'DATABASE_REQUEST_FAILED',
        `cannot index parallel arrays: ${names.map(name => `"${name}"`).join(' and ')} of one index lie in different arrays of the document.`,
      )
    }
    return found
  }

  #add(values: readonly unknown[]): void {
    if (this.#isSparse && values.every(value => value === undefined)) return
    if (this.entries.length === LIMITS.indexEntries) {
      throw new DatabaseError(
        'DATABASE_REQUEST_FAILED',
        `The arrays of the document give more than ${LIMITS.indexEntries} entries in an index on ${this.#paths.map(({ text }) => `"${text}"`).join(', ')}.`,
      )
    }
    this.entries.push({
      values,
      keys: values.map(value => (value === NOTHING ? NOTHING_KEY : orderBytes(value))),
    })
  }
}

/** Stands for the elements of an empty array. */
const NOTHING: unique symbol = Symbol('nothing')
