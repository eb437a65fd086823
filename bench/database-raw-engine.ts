import { DatabaseSync, type StatementSync } from 'node:sqlite'

/** What the floor can do: the statements of the questions, with values for their parameters. */
export type RawOp = 'byId' | 'byGroup' | 'matches' | 'groups' | 'insert' | 'insertMany'

export interface RawRequest {
  readonly op: RawOp
  /** Its argument as JSON text. */
  readonly args: string
}

/**
 * SQLite with prepared statements and no query layer: the schema, the pragmas and the batches of the database, but
 * the questions known beforehand, an expression index where the database keeps entries, and no check of anything.
 */
export class RawEngine {
  readonly #database: DatabaseSync
  readonly #statements: Readonly<Record<Exclude<RawOp, 'insertMany'>, StatementSync>>

  constructor(path: string) {
    const database = new DatabaseSync(path)
    database.exec(
      `PRAGMA locking_mode = EXCLUSIVE;
       PRAGMA journal_mode = WAL;
       PRAGMA synchronous = FULL;
       PRAGMA cache_size = -65536;
       PRAGMA temp_store = MEMORY;
       CREATE TABLE docs (seq INTEGER PRIMARY KEY, id ANY NOT NULL UNIQUE, doc BLOB NOT NULL) STRICT;
       CREATE INDEX by_group ON docs (json_extract(doc, '$.group'));`,
    )
    this.#database = database
    this.#statements = {
      byId: database.prepare('SELECT json(doc) AS doc FROM docs WHERE id = ?1'),
      byGroup: database.prepare(
        `SELECT json(doc) AS doc FROM docs WHERE json_extract(doc, '$.group') = ?1 ORDER BY seq LIMIT 20`,
      ),
      matches: database.prepare(
        `SELECT json(doc) AS doc FROM docs
         WHERE json_extract(doc, '$.city') = ?1 AND json_extract(doc, '$.score') = ?2 ORDER BY seq`,
      ),
      groups: database.prepare(
        `SELECT json_object('_id', doc ->> '$.city', 'count', count(*), 'total', sum(doc ->> '$.score')) AS doc
         FROM docs GROUP BY doc ->> '$.city'`,
      ),
      insert: database.prepare('INSERT INTO docs (id, doc) VALUES (?1, jsonb(?2))'),
    }
  }

  /** Results as JSON texts; all writes are one transaction. */
  runBatch(requests: readonly RawRequest[]): string[] {
    const isCommit = requests.some(({ op }) => op === 'insert' || op === 'insertMany')
    if (isCommit) this.#database.exec('BEGIN IMMEDIATE')
    const results = requests.map(({ op, args }) => this.#run(op, JSON.parse(args)))
    if (isCommit) this.#database.exec('COMMIT')
    return results
  }

  close(): void {
    this.#database.close()
  }

  // biome-ignore lint/suspicious/noExplicitAny: the arguments are our own, and checking them would slow the floor.
  #run(op: RawOp, args: any): string {
    if (op === 'insert') return this.#insert(args)
    if (op === 'insertMany') {
      for (const document of args) this.#insert(document)
      return '{}'
    }
    const rows = this.#statements[op].all(...args)
    return `{"documents":[${rows.map(({ doc }) => String(doc)).join(',')}]}`
  }

  #insert(document: { readonly _id: string }): string {
    this.#statements.insert.run(document._id, JSON.stringify(document))
    return '{}'
  }
}
