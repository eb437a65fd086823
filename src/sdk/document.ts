import type { EncodedObject } from '../protocol/value.ts'
import { settleApi, type WithCallback } from './callbacks.ts'
import { decodeDocument, encodeReplacement, encodeUpdateData } from './document-data.ts'
import { encodeProjection, type Projection } from './projection.ts'
import type { DocumentData, RemoveResult, Source, UpdateResult } from './query.ts'
import { startWatch, type Watch, type WatchOptions } from './watch.ts'
import { createFailure } from './wx-errors.ts'

export type DocumentId = string | number

export interface GetOneResult {
  /** In fact null when it doesn't exist and the database was made with `throwOnNotFound: false`. */
  readonly data: DocumentData
  readonly errMsg: string
}

export interface SetResult {
  readonly _id: DocumentId
  readonly errMsg: string
  readonly stats: { readonly updated: number; readonly created: number }
}

/** One document by its `_id`, whether it exists or not. On clients each method also takes callbacks. */
export class Document {
  readonly #source: Source
  readonly #collection: string
  readonly #id: DocumentId
  readonly #projection: EncodedObject | undefined

  constructor(source: Source, collection: string, id: DocumentId, projection?: EncodedObject) {
    this.#source = source
    this.#collection = collection
    this.#id = id
    this.#projection = projection
  }

  /** Which fields `get` returns. @throws {Error} when it is not an object. */
  field(projection: Projection): Document {
    return new Document(this.#source, this.#collection, this.#id, encodeProjection(projection))
  }

  /** @throws {WxError} errCode -1 when there is no such document, -502005 when there is no such collection. */
  get(options: WithCallback<GetOneResult>): void
  get(options?: object): Promise<GetOneResult>
  get(options?: object): Promise<GetOneResult> | undefined {
    return settleApi(this.#source.surface, 'document.get', options, async api => {
      const { documents } = await this.#source.call('database.query', {
        collection: this.#collection,
        filter: { _id: this.#id },
        limit: 1,
        ...(this.#projection === undefined ? {} : { projection: this.#projection }),
      })
      const [found] = documents
      if (found === undefined && this.#source.throwOnNotFound) {
        const detail = `document with _id ${this.#id} does not exist`
        throw createFailure(this.#source.surface, api, -1, detail)
      }
      // The platform's own types leave out that null.
      const data = found === undefined ? null : decodeDocument(found)
      return { data: data as DocumentData, errMsg: 'document.get:ok' }
    })
  }

  /**
   * Replaces the document, or creates it.
   *
   * @throws {WxError} errCode -1 for empty data, -501007 for an `_id` in it, -502001 for update commands.
   */
  set(options: { data: object } & WithCallback<SetResult>): void
  set(options: { data: object }): Promise<SetResult>
  set(options: { data: object }): Promise<SetResult> | undefined {
    return settleApi(this.#source.surface, 'document.set', options, async api => {
      const { updated, created } = await this.#source.call('database.replace', {
        collection: this.#collection,
        id: this.#id,
        document: encodeReplacement(this.#source.surface, api, options),
      })
      return { _id: this.#id, errMsg: 'document.set:ok', stats: { updated, created } }
    })
  }

  /**
   * Merges into the document. A missing one is no error: `updated` is 0.
   *
   * @throws {WxError} errCode -1 for empty data, -501007 when it would change `_id`.
   */
  update(options: { data: object } & WithCallback<UpdateResult>): void
  update(options: { data: object }): Promise<UpdateResult>
  update(options: { data: object }): Promise<UpdateResult> | undefined {
    return settleApi(this.#source.surface, 'document.update', options, async api => {
      const { updated } = await this.#source.call('database.update', {
        collection: this.#collection,
        filter: { _id: this.#id },
        update: encodeUpdateData(this.#source.surface, api, options),
        multi: false,
      })
      return { stats: { updated }, errMsg: 'document.update:ok' }
    })
  }

  /** A missing document is no error: `removed` is 0. */
  remove(options: WithCallback<RemoveResult>): void
  remove(options?: object): Promise<RemoveResult>
  remove(options?: object): Promise<RemoveResult> | undefined {
    return settleApi(this.#source.surface, 'document.remove', options, async () => {
      const { removed } = await this.#source.call('database.remove', {
        collection: this.#collection,
        filter: { _id: this.#id },
        multi: false,
      })
      return { stats: { removed }, errMsg: 'document.remove:ok' }
    })
  }

  /**
   * Tells the document, and then each change of it, until it is closed. It may not exist yet.
   *
   * @throws {Error} without `onChange` and `onError`, with `field`, and in functions.
   */
  watch(options: WatchOptions): Watch {
    if (this.#projection !== undefined) throw new Error('watch takes no field')
    const { surface, openWatch } = this.#source
    const query = { collection: this.#collection, filter: { _id: this.#id } }
    return startWatch({ surface, api: 'document.watch', openWatch, query }, options)
  }
}
