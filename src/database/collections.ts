import { DatabaseError } from '../errors.ts'
import { prepareSchema } from './schema.ts'
import type { Sqlite } from './sqlite.ts'

/**
 * The collections of a database, each a table of its own:
 * `seq` is the natural order, `id` the `_id` (a string or a number, distinct), `doc` the whole document as JSONB.
 */
export class Collections {
  readonly #sqlite: Sqlite
  readonly #tables = new Map<string, string>()

  /** @throws {DatabaseError} DATABASE_REQUEST_FAILED for a file that isn't ours or is newer. */
  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
    prepareSchema(sqlite)
    this.reload()
  }

  /** Name of the collection's table; undefined if there is no such collection. */
  find(name: string): string | undefined {
    return this.#tables.get(checkCollectionName(name))
  }

  /** @throws {DatabaseError} DATABASE_REQUEST_FAILED if it exists. */
  create(name: string): string {
    if (this.find(name) !== undefined) {
      throw new DatabaseError('DATABASE_REQUEST_FAILED', `Table exist: ${name}.`)
    }
    this.#sqlite.run('INSERT INTO collections (name) VALUES (?1)', [name])
    const table = tableName(this.#sqlite.get('SELECT id FROM collections WHERE name = ?1', [name])?.['id'])
    this.#sqlite.exec(
      `CREATE TABLE ${table} (seq INTEGER PRIMARY KEY, id ANY NOT NULL UNIQUE, doc BLOB NOT NULL) STRICT`,
    )
    this.#tables.set(name, table)
    return table
  }

  /** @throws {DatabaseError} DATABASE_COLLECTION_NOT_EXIST. */
  drop(name: string): void {
    const table = this.find(name)
    if (table === undefined) throw missingCollection(name)
    this.#sqlite.exec(`DROP TABLE ${table}`)
    this.#sqlite.run('DELETE FROM collections WHERE name = ?1', [name])
    this.#tables.delete(name)
  }

  /** In order of name. */
  names(): string[] {
    return [...this.#tables.keys()].sort()
  }

  /** Reads the list again: after a rollback, which takes created collections with it. */
  reload(): void {
    this.#tables.clear()
    for (const { id, name } of this.#sqlite.iterate('SELECT id, name FROM collections', [])) {
      this.#tables.set(String(name), tableName(id))
    }
  }
}

export function missingCollection(name: string): DatabaseError {
  return new DatabaseError(
    'DATABASE_COLLECTION_NOT_EXIST',
    `[ResourceNotFound] Db or Table not exist: ${name}. ` +
      'Please check your request, but if the problem cannot be solved, contact us.',
  )
}

function tableName(id: unknown): string {
  return `c${Number(id)}`
}

function checkCollectionName(name: unknown): string {
  const isAllowed =
    typeof name === 'string' &&
    name.length >= 1 &&
    name.length <= 256 &&
    !name.startsWith('$') &&
    !name.startsWith('system.') &&
    !name.includes('\0') &&
    name.isWellFormed()
  if (isAllowed) return name
  throw new DatabaseError(
    'INVALID_PARAM',
    'A collection name is 1 to 256 characters, without NUL, and does not start with "$" or "system.".',
  )
}
