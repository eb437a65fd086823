import { CloudletError, DatabaseError, type DatabaseReason } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { EncodedObject } from '../protocol/value.ts'
import { type Grant, requestAccess } from './access.ts'
import type { ChangeFeed, TouchedRows } from './change-feed.ts'
import { fillOpenid } from './client-request.ts'
import { LiveQuery, type LiveQuerySpec } from './live-query.ts'
import type { WatchArgs, WatchMessage } from './messages.ts'
import { type Store, tableToRead } from './store.ts'
import type { HeldDocument } from './watch-diff.ts'
import { NO_CHANGE, writeUpdate } from './watch-update.ts'

/** One watch: what its listener has been told, and the live query it is to be told of. */
interface Watcher {
  readonly args: WatchArgs
  /** The documents the listener has, as of the last message. */
  held: readonly HeldDocument[]
  /** Whether its first message is still to come. */
  isFresh: boolean
  /** Whether a message is on its way: meanwhile changes add up, and the next message holds what came of them. */
  isBusy: boolean
  query: SharedQuery | undefined
  /** What it hangs on besides the query; undefined for the host, which may read everything. */
  grant: Grant | undefined
}

interface SharedQuery {
  readonly key: string
  readonly live: LiveQuery
  watcherCount: number
  /** The last update that was written, for the next listener who was told as much. */
  last: LastUpdate | undefined
}

interface LastUpdate {
  readonly from: readonly HeldDocument[]
  readonly to: readonly HeldDocument[]
  readonly isInit: boolean
  readonly update: string
}

/** What everyone has who was told nothing yet. */
const NO_DOCUMENTS: readonly HeldDocument[] = []

const NOTHING: TouchedRows = new Map()

/**
 * The watches, in the database's thread. After each batch the live queries take in what was committed, and each
 * listener that is ready gets the difference between what it has and what there is: one message at a time, so that a
 * slow one is told less often and nothing piles up.
 */
export class Watchers {
  readonly #store: Store
  readonly #feed: ChangeFeed
  readonly #watchers = new Map<number, Watcher>()
  readonly #queries = new Map<string, SharedQuery>()
  /** Permissions as they were when access was last looked at. */
  #permissionVersion = 0

  constructor(store: Store, feed: ChangeFeed) {
    this.#store = store
    this.#feed = feed
  }

  /**
   * Takes a watch on; its first message follows when the batch is committed.
   *
   * @throws {DatabaseError} as a query does, and DATABASE_PERMISSION_DENIED.
   */
  open(args: WatchArgs): void {
    const { collection, limit = 0, have } = args
    if (limit > LIMITS.watchDocuments) {
      throw new DatabaseError('INVALID_PARAM', `A watch may have a limit of ${LIMITS.watchDocuments}.`)
    }
    const held = have?.map(([id, version]) => ({ id, version })) ?? NO_DOCUMENTS
    if (new Set(held.map(({ id }) => id)).size < held.length) {
      throw new DatabaseError('INVALID_PARAM', 'A document is named twice in what the watch has.')
    }
    if (this.#watchers.has(args.watchId)) throw new DatabaseError('INVALID_PARAM', 'That watch is open.')
    tableToRead(this.#store, collection)
    // Reads the condition and the sort, so that what is wrong with them is said at once.
    new LiveQuery(this.#store, specOf(args, this.#requestAccess(args)))
    const watcher = { args, held, isFresh: true, isBusy: false, query: undefined, grant: undefined }
    this.#watchers.set(args.watchId, watcher)
    this.#feed.follow(collection)
  }

  /** The listener is ready for the next message. Of a watch that ended meanwhile, nothing. */
  acknowledge(watchId: number): void {
    const watcher = this.#watchers.get(watchId)
    if (watcher !== undefined) watcher.isBusy = false
  }

  close(watchId: number): void {
    const watcher = this.#watchers.get(watchId)
    if (watcher === undefined) return
    this.#watchers.delete(watchId)
    this.#feed.unfollow(watcher.args.collection)
    for (const { collection } of watcher.grant?.readDocuments ?? []) this.#feed.unfollow(collection)
    this.#leave(watcher)
  }

  /** Whether a rule looked at the time for one of them: what it grants may end without a write. */
  get usesTime(): boolean {
    return [...this.#watchers.values()].some(({ grant }) => grant?.usesTime === true)
  }

  /**
   * Takes in what was committed since the last call. Must not be called within a transaction.
   *
   * @param isTimeDue whether rules that look at the time are asked again.
   */
  settle(isTimeDue: boolean): WatchMessage[] {
    if (this.#watchers.size === 0) return []
    const messages: WatchMessage[] = []
    const touched = this.#feed.take()
    const failures = this.#updateQueries(touched)
    this.#bindWatchers(touched, isTimeDue, failures)
    let sizeChars = 0
    for (const [watchId, watcher] of this.#watchers) {
      // Those beyond the limit are behind: they get theirs when this is asked for again.
      const outcome = failures.get(watcher) ?? this.#tell(watcher, sizeChars <= LIMITS.databaseMessageChars)
      if (typeof outcome === 'string') {
        messages.push({ watchId, update: outcome })
        sizeChars += outcome.length
      } else if (outcome !== undefined) {
        messages.push({ watchId, failure: outcome })
        this.close(watchId)
      }
    }
    for (const { live } of this.#queries.values()) live.forgetTexts()
    return messages
  }

  #tell(watcher: Watcher, hasRoom: boolean): string | WatchFailure | undefined {
    if (!hasRoom || !isBehind(watcher)) return undefined
    try {
      return this.#nextUpdate(watcher)
    } catch (error) {
      this.#store.sqlite.abandon()
      return toFailure(error)
    }
  }

  /** Whether a listener that is ready has not been told everything. */
  get isBehind(): boolean {
    return [...this.#watchers.values()].some(isBehind)
  }

  #updateQueries(touched: ReadonlyMap<string, TouchedRows>): Map<Watcher, WatchFailure> {
    const failures = new Map<Watcher, WatchFailure>()
    for (const shared of this.#queries.values()) {
      try {
        shared.live.apply(touched.get(shared.live.spec.collection) ?? NOTHING)
      } catch (error) {
        this.#store.sqlite.abandon()
        for (const watcher of this.#watchers.values()) {
          if (watcher.query === shared) failures.set(watcher, toFailure(error))
        }
      }
    }
    return failures
  }

  /** Gives new watches their query, and another to those whose access may have changed. */
  #bindWatchers(
    touched: ReadonlyMap<string, TouchedRows>,
    isTimeDue: boolean,
    failures: Map<Watcher, WatchFailure>,
  ): void {
    const isChanged = this.#store.permissions.version !== this.#permissionVersion
    this.#permissionVersion = this.#store.permissions.version
    for (const watcher of this.#watchers.values()) {
      if (failures.has(watcher)) continue
      const isNew = watcher.query === undefined
      const isAffected =
        watcher.args.client !== undefined &&
        (isChanged || hangsOn(watcher.grant, watcher, touched, isTimeDue))
      if (!isNew && !isAffected) continue
      try {
        this.#bind(watcher)
      } catch (error) {
        this.#store.sqlite.abandon()
        failures.set(watcher, toFailure(error))
      }
    }
  }

  #bind(watcher: Watcher): void {
    const grant = this.#requestAccess(watcher.args)
    for (const { collection } of grant?.readDocuments ?? []) this.#feed.follow(collection)
    for (const { collection } of watcher.grant?.readDocuments ?? []) this.#feed.unfollow(collection)
    watcher.grant = grant
    const spec = specOf(watcher.args, grant)
    const key = JSON.stringify([spec.collection, spec.filter, spec.sort, spec.limit])
    if (watcher.query?.key === key) return
    const shared = this.#queries.get(key) ?? this.#openQuery(key, spec)
    this.#leave(watcher)
    shared.watcherCount++
    this.#queries.set(key, shared)
    watcher.query = shared
  }

  #openQuery(key: string, spec: LiveQuerySpec): SharedQuery {
    const live = new LiveQuery(this.#store, spec)
    live.load()
    let total = live.entries.length
    for (const other of this.#queries.values()) total += other.live.entries.length
    if (total > LIMITS.watchedDocuments) {
      throw new DatabaseError(
        'DATABASE_REQUEST_FAILED',
        `All watches together hold ${LIMITS.watchedDocuments} documents; this one would be too much. Try again later.`,
      )
    }
    return { key, live, watcherCount: 0, last: undefined }
  }

  #leave(watcher: Watcher): void {
    const { query } = watcher
    if (query === undefined) return
    watcher.query = undefined
    query.watcherCount--
    if (query.watcherCount === 0) this.#queries.delete(query.key)
  }

  #requestAccess({ collection, client, filter }: WatchArgs): Grant | undefined {
    if (client === undefined) return undefined
    return requestAccess(this.#store, {
      collection,
      client,
      action: 'read',
      query: fillOpenid(filter, client),
    })
  }

  /** What a listener that is ready must be told, as JSON text: a WatchUpdate. */
  #nextUpdate(watcher: Watcher): string | undefined {
    const { query, held, isFresh } = watcher
    if (query === undefined) return undefined
    const isInit = isFresh && watcher.args.have === undefined
    const { entries } = query.live
    watcher.held = entries
    watcher.isFresh = false
    // Most who ask the same have been told the same.
    const { last } = query
    const isSame = last?.from === held && last.to === entries && last.isInit === isInit
    const update = isSame ? last.update : writeUpdate(query.live, held, isInit)
    query.last = { from: held, to: entries, isInit, update }
    if (update === NO_CHANGE && !isFresh) return undefined
    watcher.isBusy = true
    return update
  }
}

type WatchFailure = Extract<WatchMessage, { readonly failure: unknown }>['failure']

function specOf(
  { collection, filter, sort = [], limit, client }: WatchArgs,
  grant: Grant | undefined,
): LiveQuerySpec {
  const query: EncodedObject =
    grant === undefined || client === undefined
      ? filter
      : { $and: [fillOpenid(filter, client), grant.filter] }
  return { collection, filter: query, sort, limit: limit || undefined }
}

function isBehind({ isBusy, isFresh, query, held }: Watcher): boolean {
  return !isBusy && query !== undefined && (isFresh || held !== query.live.entries)
}

/** Whether a rule may grant something else now: it looks at the time, or read a document that was written. */
function hangsOn(
  grant: Grant | undefined,
  { args }: Watcher,
  touched: ReadonlyMap<string, TouchedRows>,
  isTimeDue: boolean,
): boolean {
  if (grant === undefined) return false
  return (
    (grant.usesTime && (isTimeDue || touched.has(args.collection))) ||
    grant.readDocuments.some(({ collection }) => touched.has(collection))
  )
}

function toFailure(error: unknown): { readonly reason: DatabaseReason; readonly message: string } {
  if (error instanceof DatabaseError) return { reason: error.reason, message: error.message }
  const message = error instanceof CloudletError ? error.message : `The watch failed: ${String(error)}.`
  return { reason: 'DATABASE_REQUEST_FAILED', message }
}
