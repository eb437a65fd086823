import { Aggregation } from './aggregation.ts'
import { settleApi, type WithCallback } from './callbacks.ts'
import { Document, type DocumentId } from './document.ts'
import { encodeNewDocuments } from './document-data.ts'
import { Query, type Source } from './query.ts'

export interface AddResult {
  /** Of one document. An array of them has `_ids` instead. */
  readonly _id: DocumentId
  readonly _ids?: readonly DocumentId[]
  readonly errMsg: string
}

/** A collection: a query of all its documents that can also add and name one. */
export class Collection extends Query {
  readonly #source: Source
  readonly #name: string

  constructor(source: Source, name: string) {
    super(source, name)
    this.#source = source
    this.#name = name
  }

  get collectionName(): string {
    return this.#name
  }

  /** @throws {Error} when the id is neither string nor number. */
  doc(id: DocumentId): Document {
    if (typeof id !== 'string' && !Number.isFinite(id)) throw new Error('docId必须为字符串或数字')
    return new Document(this.#source, this.#name, id)
  }

  /** Stages, then `end()`. */
  aggregate(): Aggregation {
    return new Aggregation(this.#source, this.#name)
  }

  /**
   * Adds one document, or all of an array; `_id` is made up where it is missing.
   *
   * @throws {WxError} errCode -502001 for an `_id` that exists, -502005 when there is no such collection.
   */
  add(options: { data?: object } & WithCallback<AddResult>): void
  add(options: { data?: object }): Promise<AddResult>
  add(options: { data?: object }): Promise<AddResult> | undefined {
    return settleApi(this.#source.surface, 'collection.add', options, async (api): Promise<AddResult> => {
      const { documents, isMany } = encodeNewDocuments(options)
      const { ids } = await this.#source.call('database.add', { collection: this.#name, documents })
      const [only] = ids
      if (isMany) return { _ids: ids, errMsg: `${api}:ok` } as unknown as AddResult
      if (only === undefined) throw new Error('the host added the document but gave no _id')
      return { _id: only, errMsg: `${api}:ok` }
    })
  }
}
