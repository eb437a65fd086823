import type { OpArgs } from '../protocol/calls.ts'
import type { WatchUpdate } from '../protocol/watching.ts'
import { isObject } from './parameters.ts'
import { type DocumentChange, type WatchedDocument, WatchList } from './watch-list.ts'
import { createFailure, type Surface, toWxError, type WxError } from './wx-errors.ts'

/** What a watch asks of whoever brings it its updates. */
export interface WatchRequest {
  /** Asked again each time the watch has to begin anew. */
  args(): OpArgs<'database.watch'>
  /** Takes an update in. Throws when it doesn't fit, which is the watch's end. */
  onUpdate(update: WatchUpdate): void
}

export interface WatchHandle {
  /** Resolves once it was closed; rejects with what ended it otherwise. */
  readonly ended: Promise<void>
  close(): void
}

/** How a watch gets its updates: over a connection, or from the host itself. */
export type OpenWatch = (request: WatchRequest) => WatchHandle

/** What `onChange` is given (wxcloud-spec §3.9). */
export interface Snapshot {
  /** Number of its last change; 0 for the first snapshot. */
  readonly id: number
  /** The whole result. */
  readonly docs: WatchedDocument[]
  readonly docChanges: DocumentChange[]
  /** Of the first snapshot only. */
  readonly type?: 'init'
  readonly msgType: 'INIT_EVENT' | 'NEXT_EVENT'
}

export interface WatchOptions {
  readonly onChange: (snapshot: Snapshot) => void
  /** Called once, with an errCode of -402002 to -402011; then the watch is closed. */
  readonly onError: (error: WxError) => void
}

/** An open watch. */
export interface Watch {
  /** No callback is called after it. */
  close(): Promise<void>
}

interface Watched {
  readonly surface: Surface
  readonly api: string
  readonly openWatch: OpenWatch | undefined
  readonly query: Omit<OpArgs<'database.watch'>, 'have'>
}

/** @throws {Error} without both callbacks, and in functions, which can't watch. */
export function startWatch({ surface, api, openWatch, query }: Watched, options: unknown): Watch {
  const { onChange, onError } = requireListeners(options)
  if (openWatch === undefined) {
    const detail = 'A function can’t watch: it answers once and ends. Watch from a client, or from the host.'
    throw createFailure(surface, api, -501021, detail)
  }
  const list = new WatchList()
  let isClosed = false
  // On its own, so that a callback that throws breaks nothing here: it surfaces as an unhandled rejection.
  const callBack = (work: () => void): void => {
    void Promise.resolve().then(() => {
      if (!isClosed) work()
    })
  }
  const handle = openWatch({
    args: () => (list.isFilled ? { ...query, have: list.have } : query),
    onUpdate: update => {
      if (isClosed) return
      const isFirst = !list.isFilled
      const docChanges = list.apply(update)
      // The first update after a reconnection may have nothing to tell.
      if (!isFirst && docChanges.length === 0) return
      const snapshot = { id: list.changeCount, docs: list.documents, docChanges }
      if (isFirst) callBack(() => onChange({ ...snapshot, type: 'init', msgType: 'INIT_EVENT' }))
      else callBack(() => onChange({ ...snapshot, msgType: 'NEXT_EVENT' }))
    },
  })
  const ended = handle.ended.catch(error => {
    callBack(() => onError(describeEnd(error, list.isFilled, surface, api)))
  })
  return {
    close: () => {
      isClosed = true
      handle.close()
      return ended
    },
  }
}

function requireListeners(options: unknown): WatchOptions {
  const { onChange, onError } = isObject(options) ? options : {}
  if (typeof onChange !== 'function') throw new Error('watch needs a function onChange')
  if (typeof onError !== 'function') throw new Error('watch needs a function onError')
  return {
    onChange: snapshot => Reflect.apply(onChange, options, [snapshot]),
    onError: error => Reflect.apply(onError, options, [error]),
  }
}

/** The platform's numbers say when a watch failed; the cause is in the text. */
function describeEnd(error: unknown, wasInitialised: boolean, surface: Surface, api: string): WxError {
  const cause = toWxError(error, surface, api)
  const isLost = error instanceof Error && 'code' in error && error.code === 'CLOUDLET_CONNECTION'
  const errCode = !wasInitialised ? -402002 : isLost ? -402003 : -402006
  return createFailure(surface, api, errCode, cause.errMsg.replace(`${api}:fail `, ''))
}
