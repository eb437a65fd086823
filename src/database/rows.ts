import { DatabaseError } from '../errors.ts'
import { type Document, type DocumentId, decodeText, encodeText } from './document.ts'
import { isDuplicate, type Row, type Sqlite } from './sqlite.ts'

/** A collection as rows are written to it. */
export interface Place {
  readonly collection: string
  readonly table: string
}

/** A stored document: its text, and decoded when first asked for. Not to be changed. */
export class StoredDocument {
  readonly text: string
  #document: Document | undefined

  constructor(text: string, document?: Document) {
    this.text = text
    this.#document = document
  }

  get document(): Document {
    this.#document ??= decodeText(this.text)
    return this.#document
  }
}

/** One document that was added (no `before`), changed, or removed (no `after`). */
export interface RowChange extends Place {
  /** The row's number, the document's for life: its natural order. */
  readonly seq: number
  readonly id: DocumentId
  readonly before: StoredDocument | undefined
  readonly after: StoredDocument | undefined
}

/** What must know of changes to documents. */
export interface RowHook {
  /** Whether changes in this collection concern it now. What concerns nobody may go untold. */
  concerns(place: Place): boolean
  /** The row is written, not committed. What this throws fails the request, which is undone. */
  onChange(change: RowChange): void
  /** The request that made the changes since the last call ended; `false`: they are undone. */
  onRequestEnd?(isDone: boolean): void
  /** The batch with the requests since the last call ended: on disk, or `false`: all of them are undone. */
  onBatchEnd?(isCommitted: boolean): void
}

/** Writes documents. Every change goes through here, so that indexes, transactions and watchers miss none. */
export class Rows {
  readonly #sqlite: Sqlite
  readonly #hooks: readonly RowHook[]

  constructor(sqlite: Sqlite, hooks: readonly RowHook[]) {
    this.#sqlite = sqlite
    this.#hooks = hooks
  }

  /** Whether someone must be told which documents are removed. */
  concernsAnyone(place: Place): boolean {
    return this.#hooks.some(hook => hook.concerns(place))
  }

  /**
   * `_id` comes first in what is stored, as it does on the platform.
   *
   * @throws {DatabaseError} DATABASE_REQUEST_FAILED (E11000) for an `_id` that exists.
   */
  insert(place: Place, id: DocumentId, document: Document): void {
    const whole = isFirst('_id', document) ? document : { _id: id, ...document }
    const text = encodeText(whole)
    const seq = this.#insert(place, id, text)
    this.#tell({ ...place, seq, id, before: undefined, after: new StoredDocument(text, whole) })
  }

  /** Puts `document`, with its `_id`, in the place of what the row holds. */
  update(place: Place, seq: number, before: StoredDocument, document: Document): void {
    const text = encodeText(document)
    if (text === before.text) return
    this.#sqlite.run(`UPDATE ${place.table} SET doc = jsonb(?1) WHERE seq = ?2`, [text, seq])
    const after = new StoredDocument(text, document)
    this.#tell({ ...place, seq, id: idOf(document), before, after })
  }

  remove(place: Place, seq: number, before: StoredDocument): void {
    this.#sqlite.run(`DELETE FROM ${place.table} WHERE seq = ?1`, [seq])
    this.#tell({ ...place, seq, id: idOf(before.document), before, after: undefined })
  }

  endRequest(isDone: boolean): void {
    for (const hook of this.#hooks) hook.onRequestEnd?.(isDone)
  }

  endBatch(isCommitted: boolean): void {
    for (const hook of this.#hooks) hook.onBatchEnd?.(isCommitted)
  }

  #tell(change: RowChange): void {
    for (const hook of this.#hooks) if (hook.concerns(change)) hook.onChange(change)
  }

  #insert({ collection, table }: Place, id: DocumentId, text: string): number {
    try {
      return this.#sqlite.insert(`INSERT INTO ${table} (id, doc) VALUES (?1, jsonb(?2))`, [id, text])
    } catch (error) {
      if (!isDuplicate(error)) throw error
      throw duplicateId(collection, id, { cause: error })
    }
  }
}

function isFirst(name: string, document: Document): boolean {
  for (const first in document) return first === name
  return false
}

/** MongoDB's words for an `_id` that is taken. */
export function duplicateId(collection: string, id: DocumentId, options?: ErrorOptions): DatabaseError {
  return new DatabaseError(
    'DATABASE_REQUEST_FAILED',
    `E11000 duplicate key error collection: ${collection} index: _id_ dup key: { _id: ${JSON.stringify(id)} }`,
    options,
  )
}

export function fetchText(sqlite: Sqlite, table: string, seq: number): string {
  const row = sqlite.get(`SELECT json(doc) AS doc FROM ${table} WHERE seq = ?1`, [seq])
  if (row === undefined) throw new Error('A row was lost within a transaction.')
  return documentText(row)
}

/** The text in the column `doc` of a row. */
export function documentText(row: Row): string {
  const { doc } = row
  if (typeof doc !== 'string') throw new Error('A stored document is not JSON.')
  return doc
}

function idOf(document: Document): DocumentId {
  const { _id: id } = document
  if (typeof id === 'string' || typeof id === 'number') return id
  throw new Error('A stored document has no _id.')
}
