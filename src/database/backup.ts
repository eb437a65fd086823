import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatabaseError } from '../errors.ts'
import { requireOurs } from './schema.ts'
import { isSqliteError, openSqlite, type Sqlite } from './sqlite.ts'

/**
 * Copies an open database into a file, which is there once it is whole and on the disk.
 *
 * @param partial what the file is called until then: a name from `partialOf`.
 * @param copy does it, step by step.
 * @throws {DatabaseError} DATABASE_REQUEST_FAILED when the file exists or can't be written.
 */
export async function writeBackup(
  file: string,
  partial: string,
  copy: (file: string) => Promise<void>,
): Promise<void> {
  if (existsSync(file))
    throw failed('The file of the backup exists already. Name another, or remove it first.')
  await replace(file, partial, copy)
}

/**
 * Puts a backup in the place of a database that nobody has open, once it is found to be whole.
 *
 * @param directory the database's: what `Database` is given.
 * @throws {DatabaseError} DATABASE_REQUEST_FAILED for a file that is damaged, not ours or of a newer cloudlet, and
 *   for a database that is open.
 */
export async function restoreBackup(file: string, directory: string): Promise<void> {
  const target = join(directory, 'database.sqlite')
  await mkdir(directory, { recursive: true })
  await replace(target, partialOf(target), async copy => {
    await copyFile(file, copy)
    checkBackup(copy)
    if (existsSync(target)) takeOver(target)
  })
}

export function partialOf(file: string): string {
  return `${file}.${randomUUID()}.partial`
}

/** Of whoever wrote it and came to no end. */
export async function removePartial(partial: string): Promise<void> {
  for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(`${partial}${suffix}`, { force: true })
}

/** Makes a file under another name first, so that what has the name is never half of it. */
async function replace(file: string, copy: string, write: (copy: string) => Promise<void>): Promise<void> {
  try {
    await write(copy)
    await sync(copy)
    await rename(copy, file)
    await sync(dirname(file))
  } catch (error) {
    await removePartial(copy)
    if (error instanceof DatabaseError) throw error
    throw failed(`The file can't be copied (${reasonOf(error)}).`, error)
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Opened for itself alone, so that no other files are left beside it. */
function checkBackup(file: string): void {
  withSqlite(file, 'The backup', sqlite => {
    requireOurs(sqlite)
    const [row] = sqlite.all('PRAGMA integrity_check(1)', [])
    if (row?.['integrity_check'] !== 'ok') throw failed('The backup is damaged.')
  })
}

/** Brings what a crash left in the log into the file, and fails if someone has it open. */
function takeOver(file: string): void {
  withSqlite(file, 'The database that is there', sqlite => sqlite.exec('BEGIN EXCLUSIVE; COMMIT'))
}

function withSqlite(file: string, name: string, use: (sqlite: Sqlite) => void): void {
  const sqlite = openSqlite(file)
  try {
    sqlite.exec('PRAGMA locking_mode = EXCLUSIVE')
    use(sqlite)
  } catch (error) {
    if (!isSqliteError(error)) throw error
    throw failed(`${name} can't be opened: ${error.message}.`, error)
  } finally {
    sqlite.close()
  }
}

/** The system's code, or SQLite's words: neither names a path. */
function reasonOf(error: unknown): string {
  if (isSqliteError(error)) return error.message
  return error instanceof Error && 'code' in error ? String(error.code) : 'no reason given'
}

function failed(message: string, cause?: unknown): DatabaseError {
  return new DatabaseError('DATABASE_REQUEST_FAILED', message, { cause })
}
