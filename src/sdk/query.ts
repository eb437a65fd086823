import { LIMITS } from '../limits.ts'
import type { Call, OpResult } from '../protocol/calls.ts'
import type { EncodedObject } from '../protocol/value.ts'
import { settleApi, type WithCallback } from './callbacks.ts'
import { encodeCondition } from './condition.ts'
import { decodeDocument, encodeUpdateData } from './document-data.ts'
import { isObject } from './parameters.ts'
import { encodeProjection, type Projection } from './projection.ts'
import { type OpenWatch, startWatch, type Watch, type WatchOptions } from './watch.ts'
import { runApi, type Surface, toWxError } from './wx-errors.ts'

/** What every query and document of one `database()` shares. */
export interface Source {
  readonly call: Call
  readonly surface: Surface
  readonly throwOnNotFound: boolean
  readonly warn: (message: string) => void
  /** Where watches get their updates; functions have none. */
  readonly openWatch: OpenWatch | undefined
}

/** A document's fields are the application's own, so they are of any type here, as in the platform's own types. */
export interface DocumentData {
  _id?: string | number
  // biome-ignore lint/suspicious/noExplicitAny: see above.
  [field: string]: any
}

export interface GetManyResult {
  readonly data: DocumentData[]
  readonly errMsg: string
}

export interface CountResult {
  readonly total: number
  readonly errMsg: string
}

/** See the op `database.explain`: the plan, its indexes and bounds, documents examined and returned. */
export type ExplainResult = OpResult<'database.explain'> & { readonly errMsg: string }

export interface UpdateResult {
  readonly stats: { readonly updated: number }
  readonly errMsg: string
}

export interface RemoveResult {
  readonly stats: { readonly removed: number }
  readonly errMsg: string
}

type SortKey = [path: string, direction: 1 | -1]

interface QueryState {
  readonly filter: EncodedObject
  readonly sort: readonly SortKey[]
  readonly projection?: EncodedObject
  readonly skip?: number
  readonly limit?: number
}

/** Sort keys one query may have: the platform's index width, near enough. */
const MAX_SORT_KEYS = 32

/**
 * Documents of a collection by condition. Immutable: every chain method returns a new query, and arguments are
 * checked and encoded when it is called. On clients each method that asks the host also takes callbacks.
 */
export class Query {
  readonly #source: Source
  readonly #collection: string
  readonly #state: QueryState

  constructor(source: Source, collection: string, state: QueryState = { filter: {}, sort: [] }) {
    this.#source = source
    this.#collection = collection
    this.#state = state
  }

  /**
   * Replaces the condition.
   *
   * @throws {Error} when it is no object or command, or holds nothing but undefined.
   */
  where(condition: object): Query {
    return this.#with({ filter: this.#encode('where', () => encodeCondition(condition)) })
  }

  /**
   * Adds a sort key after the ones there are; the same path again changes its direction.
   *
   * @throws {Error} for a direction other than `asc` and `desc`.
   */
  orderBy(path: string, direction: 'asc' | 'desc'): Query {
    if (typeof path !== 'string' || path === '') throw new Error('orderBy needs the path of a field')
    if (direction !== 'asc' && direction !== 'desc') throw new Error('排序字符不合法')
    const key: SortKey = [path, direction === 'asc' ? 1 : -1]
    const known = this.#state.sort.some(([other]) => other === path)
    const sort = known
      ? this.#state.sort.map(other => (other[0] === path ? key : other))
      : [...this.#state.sort, key]
    if (sort.length > MAX_SORT_KEYS) throw new Error(`orderBy takes ${MAX_SORT_KEYS} fields at most`)
    return this.#with({ sort })
  }

  /**
   * Most documents `get` returns. Default and maximum are the surface's: 100 and 1000 in functions, 20 and 20
   * on clients; 0 is the default, and more is cut to the maximum.
   *
   * @throws {Error} when it is not a whole number.
   */
  limit(count: number): Query {
    return this.#with({ limit: requireCount('limit', count) })
  }

  /** @throws {Error} when it is not a whole number. */
  skip(count: number): Query {
    return this.#with({ skip: requireCount('offset', count) })
  }

  /** Which fields to return. @throws {Error} when it is not an object. */
  field(projection: Projection): Query {
    return this.#with({ projection: this.#encode('field', () => encodeProjection(projection)) })
  }

  /** @throws {WxError} errCode -502005 when the collection doesn't exist. */
  get(options: WithCallback<GetManyResult>): void
  get(options?: object): Promise<GetManyResult>
  get(options?: object): Promise<GetManyResult> | undefined {
    return settleApi(this.#source.surface, 'collection.get', options, async () => {
      const { filter, sort, projection, skip } = this.#state
      const { documents } = await this.#source.call('database.query', {
        collection: this.#collection,
        filter,
        limit: this.#limit(),
        ...(sort.length > 0 ? { sort: [...sort] } : {}),
        ...(projection === undefined ? {} : { projection }),
        ...(skip === undefined ? {} : { skip }),
      })
      return { data: documents.map(decodeDocument), errMsg: 'collection.get:ok' }
    })
  }

  /** Counts all that match, whatever skip and limit say. */
  count(options: WithCallback<CountResult>): void
  count(options?: object): Promise<CountResult>
  count(options?: object): Promise<CountResult> | undefined {
    return settleApi(this.#source.surface, 'collection.count', options, async () => {
      const { filter } = this.#state
      const { total } = await this.#source.call('database.count', { collection: this.#collection, filter })
      return { total, errMsg: 'collection.count:ok' }
    })
  }

  /** How the host would do `get`, found out by doing it: an addition of cloudlet's, for functions and the host. */
  explain(): Promise<ExplainResult> {
    const { surface, call } = this.#source
    return runApi(surface, 'collection.explain', async () => {
      const { filter, sort, skip } = this.#state
      const explained = await call('database.explain', {
        collection: this.#collection,
        filter,
        limit: this.#limit(),
        ...(sort.length > 0 ? { sort: [...sort] } : {}),
        ...(skip === undefined ? {} : { skip }),
      })
      return { ...explained, errMsg: 'collection.explain:ok' }
    })
  }

  /**
   * Updates all that match, or with `multi: false` one of them.
   *
   * @throws {WxError} errCode -1 for empty data, -501007 when it would change `_id`.
   */
  update(options: { data: object; multi?: boolean } & WithCallback<UpdateResult>): void
  update(options: { data: object; multi?: boolean }): Promise<UpdateResult>
  update(options: { data: object; multi?: boolean }): Promise<UpdateResult> | undefined {
    return settleApi(this.#source.surface, 'collection.update', options, async api => {
      const { updated } = await this.#source.call('database.update', {
        collection: this.#collection,
        filter: this.#state.filter,
        update: encodeUpdateData(this.#source.surface, api, options),
        multi: isMulti(options),
      })
      return { stats: { updated }, errMsg: 'collection.update:ok' }
    })
  }

  /** Removes all that match, or with `multi: false` one of them. */
  remove(options: { multi?: boolean } & WithCallback<RemoveResult>): void
  remove(options?: { multi?: boolean }): Promise<RemoveResult>
  remove(options?: { multi?: boolean }): Promise<RemoveResult> | undefined {
    return settleApi(this.#source.surface, 'collection.remove', options, async () => {
      const { removed } = await this.#source.call('database.remove', {
        collection: this.#collection,
        filter: this.#state.filter,
        multi: isMulti(options),
      })
      return { stats: { removed }, errMsg: 'collection.remove:ok' }
    })
  }

  /**
   * Tells the result, and then each change of it, until it is closed. Sort and limit count; without `limit` the result
   * may have 5000 documents, and that is the most.
   *
   * @throws {Error} without `onChange` and `onError`, with `skip` or `field`, and in functions.
   */
  watch(options: WatchOptions): Watch {
    const { filter, sort, skip, projection, limit } = this.#state
    if (skip !== undefined || projection !== undefined) {
      throw new Error('watch takes where, orderBy and limit, but no skip and no field')
    }
    const { surface, openWatch } = this.#source
    const query = {
      collection: this.#collection,
      filter,
      ...(sort.length > 0 ? { sort: [...sort] } : {}),
      ...(limit === undefined ? {} : { limit }),
    }
    return startWatch({ surface, api: 'collection.watch', openWatch, query }, options)
  }

  #with(change: Partial<QueryState>): Query {
    return new Query(this.#source, this.#collection, { ...this.#state, ...change })
  }

  #limit(): number {
    const isServer = this.#source.surface === 'server'
    const most = isServer ? LIMITS.serverQueryRows : LIMITS.clientQueryRows
    const asked = this.#state.limit || (isServer ? LIMITS.serverQueryRowsDefault : LIMITS.clientQueryRows)
    if (asked > most) {
      this.#source.warn(`limit(${asked}) is more than the ${most} documents one get() may return.`)
    }
    return Math.min(asked, most)
  }

  /** Encodes at once: a bad condition throws where it is written, in wx form when it is a value's fault. */
  #encode<Encoded>(method: string, work: () => Encoded): Encoded {
    try {
      return work()
    } catch (error) {
      if (error instanceof Error && 'code' in error) {
        throw toWxError(error, this.#source.surface, `collection.${method}`)
      }
      throw error
    }
  }
}

function requireCount(name: string, count: unknown): number {
  // No space: the platform's own text.
  if (!Number.isSafeInteger(count)) throw new Error(`${name}must be integer`)
  if (typeof count !== 'number' || count < 0) throw new Error(`${name} must not be negative`)
  return count
}

function isMulti(options: unknown): boolean {
  return !isObject(options) || options['multi'] !== false
}
