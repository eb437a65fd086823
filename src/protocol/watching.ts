import { ProtocolError } from '../errors.ts'
import type { EncodedObject } from './value.ts'

const DATA_TYPES = ['init', 'add', 'update', 'replace', 'remove', 'limit'] as const

/** What was done to a document, or `limit`: its place among the first so many became free, or was taken. */
export type WatchDataType = (typeof DATA_TYPES)[number]

/**
 * An event of `database.watch`: how the result came to differ from what the watcher had. Taking all of `left` and `placed`
 * out of its list and then putting each of `placed` in at its index, in order, gives the result.
 */
export interface WatchUpdate {
  /** Whether this is the whole result, as the first update of a watch that had nothing. */
  readonly isInit: boolean
  readonly left: readonly { readonly id: string | number; readonly dataType: WatchDataType }[]
  /** By rising index in the new list. */
  readonly placed: readonly PlacedDocument[]
}

export interface PlacedDocument {
  readonly index: number
  readonly id: string | number
  /** Changes whenever the document does. To be given back in `have`. */
  readonly version: string
  readonly dataType: WatchDataType
  /** Whether the watcher didn't have it. */
  readonly isNew: boolean
  /** Left out when the watcher has this version, and the document only moved. */
  readonly document?: EncodedObject
}

/** @throws {ProtocolError} for what is no update. */
export function parseWatchUpdate(value: unknown): WatchUpdate {
  if (isFields(value) && typeof value['isInit'] === 'boolean') {
    const { isInit, left, placed } = value
    if (Array.isArray(left) && left.every(isLeft) && Array.isArray(placed) && placed.every(isPlaced)) {
      return { isInit, left, placed }
    }
  }
  throw new ProtocolError('An event of database.watch is malformed.')
}

type Fields = Readonly<Record<string, unknown>>

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isLeft(value: unknown): value is WatchUpdate['left'][number] {
  if (!isFields(value)) return false
  const { id, dataType } = value
  return (typeof id === 'string' || typeof id === 'number') && DATA_TYPES.some(known => known === dataType)
}

function isPlaced(value: unknown): value is PlacedDocument {
  if (!isFields(value) || !isLeft(value)) return false
  const { index, version, isNew, document }: Fields = value
  const isCounted = Number.isSafeInteger(index) && typeof version === 'string' && typeof isNew === 'boolean'
  return isCounted && (document === undefined || isFields(document))
}
