import { DatabaseError } from '../errors.ts'
import type { EncodedObject } from '../protocol/value.ts'
import { readCsv } from './csv.ts'
import type { Database } from './database.ts'
import { readJsonLines } from './json-lines.ts'

export type FileFormat = 'json' | 'csv'

export interface ImportOptions {
  readonly collection: string
  /** JSON Lines, or CSV with the fields' names in its first row. */
  readonly format: FileFormat
  /** `insert` rejects a document whose `_id` exists, `upsert` puts it in the place of the one there is. */
  readonly mode: 'insert' | 'upsert'
  /** Told of each record that was left out; lines count from 1. */
  readonly onReject: (line: number, reason: string) => void
  readonly onProgress?: (result: ImportResult) => void
}

export interface ImportResult {
  readonly inserted: number
  readonly replaced: number
  readonly rejected: number
}

/** Documents written together, and so put on disk at once. */
const BATCH_DOCUMENTS = 500
/** Characters of the file a batch may take, about: a few large documents are a batch too. */
const BATCH_CHARS = 4 * 1024 * 1024

interface Item {
  readonly line: number
  readonly document: EncodedObject
}

/**
 * Reads a file's text into a collection. A record that can't be read or stored is told and left out, and the others
 * go on; what was counted is on disk.
 *
 * @throws {DatabaseError} when the database itself fails: what was counted before stays.
 */
export async function importDocuments(
  database: Database,
  chunks: AsyncIterable<string>,
  options: ImportOptions,
): Promise<ImportResult> {
  const run = new ImportRun(database, options)
  const records = options.format === 'csv' ? readCsv(chunks) : readJsonLines(chunks)
  for await (const record of records) {
    if ('problem' in record) run.reject(record.line, record.problem)
    else await run.add(record)
  }
  return run.end()
}

class ImportRun {
  readonly #database: Database
  readonly #options: ImportOptions
  #batch: Item[] = []
  #batchChars = 0
  #result = { inserted: 0, replaced: 0, rejected: 0 }

  constructor(database: Database, options: ImportOptions) {
    this.#database = database
    this.#options = options
  }

  reject(line: number, reason: string): void {
    this.#result.rejected++
    this.#options.onReject(line, reason)
  }

  async add(item: Item): Promise<void> {
    this.#batch.push(item)
    this.#batchChars += JSON.stringify(item.document).length
    if (this.#batch.length >= BATCH_DOCUMENTS || this.#batchChars >= BATCH_CHARS) await this.#flush()
  }

  async end(): Promise<ImportResult> {
    await this.#flush()
    return this.#result
  }

  async #flush(): Promise<void> {
    const batch = this.#batch
    this.#batch = []
    this.#batchChars = 0
    if (this.#options.mode === 'insert') {
      await this.#insert(batch)
    } else {
      // One message for all, which the database writes in one transaction.
      await Promise.all(batch.map(item => this.#upsert(item)))
    }
    this.#options.onProgress?.({ ...this.#result })
  }

  /** All at once; if one of them can't be added, none is, and the halves are tried. */
  async #insert(items: readonly Item[]): Promise<void> {
    const [first] = items
    if (first === undefined) return
    try {
      const { collection } = this.#options
      await this.#database.add({ collection, documents: items.map(({ document }) => document) })
      this.#result.inserted += items.length
    } catch (error) {
      const reason = rejectionReason(error)
      if (items.length === 1) {
        this.reject(first.line, reason)
        return
      }
      const middle = items.length >> 1
      await this.#insert(items.slice(0, middle))
      await this.#insert(items.slice(middle))
    }
  }

  async #upsert({ line, document }: Item): Promise<void> {
    const { _id: id } = document
    if (typeof id !== 'string' && typeof id !== 'number') {
      // Without an id there is nothing to replace; another type of id is refused there.
      await this.#insert([{ line, document }])
      return
    }
    try {
      const { collection } = this.#options
      const { updated, created } = await this.#database.replace({ collection, id, document })
      this.#result.inserted += created
      this.#result.replaced += updated
    } catch (error) {
      this.reject(line, rejectionReason(error))
    }
  }
}

/** Why a document was refused; a failure of the database is thrown again. */
function rejectionReason(error: unknown): string {
  const isRefusal =
    error instanceof DatabaseError && (error.reason === 'INVALID_PARAM' || error.message.startsWith('E11000'))
  if (isRefusal) return error.message
  throw error
}
