import { DatabaseError } from '../errors.ts'
import type { Sqlite } from './sqlite.ts'

/** `cldt` in ASCII: what `file` and SQLite's own tools show. */
const APPLICATION_ID = 0x636c6474

/**
 * What each version of the file's own tables adds to the one before. A database is brought to the last version when
 * it is opened, and one of a later version is refused: this cloudlet would not keep up what it doesn't know.
 */
const STEPS: readonly string[] = [
  'CREATE TABLE collections (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE) STRICT',
  // `place` is the table of the collection; the entries are in a table of their own, x<id>. A bit of `arrays` is set
  // once the field of that position has held an array.
  `CREATE TABLE indexes (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     place TEXT NOT NULL,
     name TEXT NOT NULL,
     definition TEXT NOT NULL,
     arrays INTEGER NOT NULL,
     UNIQUE (place, name)
   ) STRICT`,
  // What clients may do, as JSON; NULL is the default.
  'ALTER TABLE collections ADD COLUMN permission TEXT',
]

/**
 * Makes an empty file ours, or brings it up to date.
 *
 * @throws {DatabaseError} DATABASE_REQUEST_FAILED for a file that isn't ours or is newer.
 */
export function prepareSchema(sqlite: Sqlite): void {
  const { version, application } = readStamp(sqlite)
  if (version === STEPS.length && application === APPLICATION_ID) return
  const isNew =
    version === 0 && application === 0 && sqlite.get('SELECT 1 FROM sqlite_schema', []) === undefined
  if (!isNew) requireOurs(sqlite)
  sqlite.exec(
    `BEGIN IMMEDIATE;
     ${STEPS.slice(version).join(';\n')};
     PRAGMA application_id = ${APPLICATION_ID};
     PRAGMA user_version = ${STEPS.length};
     COMMIT`,
  )
}

/** @throws {DatabaseError} DATABASE_REQUEST_FAILED for a file that isn't ours or is newer. */
export function requireOurs(sqlite: Sqlite): void {
  const { version, application } = readStamp(sqlite)
  if (application !== APPLICATION_ID || version < 1) {
    throw new DatabaseError('DATABASE_REQUEST_FAILED', 'The database file was not written by cloudlet.')
  }
  if (version <= STEPS.length) return
  throw new DatabaseError(
    'DATABASE_REQUEST_FAILED',
    `The database has schema version ${version}; this cloudlet knows ${STEPS.length}. Update cloudlet to open it.`,
  )
}

function readStamp(sqlite: Sqlite): { readonly version: number; readonly application: number } {
  return {
    version: Number(sqlite.get('PRAGMA user_version', [])?.['user_version']),
    application: Number(sqlite.get('PRAGMA application_id', [])?.['application_id']),
  }
}
