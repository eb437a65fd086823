import { readFileSync, rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { CloudPath } from './cloud-path.ts'
import { randomId } from './disk-layout.ts'
import { type Listing, takenBytes } from './driver.ts'

/** Sizes found at once while the index is filled. */
const BATCH = 500

/**
 * The paths of a directory's files in order, and what they take, so that a page of a listing costs no look at all files.
 * It only tells where to look: a path is noted before its metadata is committed and forgotten after it was removed, so
 * one may be noted that isn't there, never the other way round.
 *
 * Nothing is synced: what the system has is enough for the end of a process. Its file is named after this start of
 * the machine, and another start has another, filled anew when it is first asked. Processes share it.
 */
export class PathIndex {
  readonly #database: DatabaseSync
  readonly #add: StatementSync
  readonly #forget: StatementSync
  readonly #list: StatementSync
  readonly #total: StatementSync
  readonly #isFilled: StatementSync
  #filling: Promise<void> | undefined

  private constructor(database: DatabaseSync) {
    this.#database = database
    database.exec(SCHEMA)
    this.#add = database.prepare(
      'INSERT INTO paths (path, size) VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET size = excluded.size',
    )
    this.#forget = database.prepare('DELETE FROM paths WHERE path = ?')
    this.#list = database.prepare(
      'SELECT path FROM paths WHERE path > ?1 AND path >= ?2 ORDER BY path LIMIT ?3',
    )
    this.#total = database.prepare('SELECT bytes FROM totals')
    this.#isFilled = database.prepare('SELECT is_filled FROM totals')
  }

  /** Opens that of this start of the machine, and removes those of earlier ones. */
  static async open(directory: string): Promise<PathIndex> {
    const name = `paths-${bootId()}-v2.db`
    for (const other of await readdir(directory)) {
      if (/^paths-[^.]+\.db(-wal|-shm)?$/.test(other) && !other.startsWith(name)) {
        rmSync(join(directory, other), { force: true })
      }
    }
    return new PathIndex(new DatabaseSync(join(directory, name), { timeout: 10_000 }))
  }

  /** @param bytes What it takes; 0 for one that may not be there. */
  add(path: CloudPath, bytes: number): void {
    this.#add.run(path, bytes)
  }

  forget(path: CloudPath): void {
    this.#forget.run(path)
  }

  /** Paths that may be there. Needs `fill` before. */
  list({ prefix, after, limit }: Listing): string[] {
    const rows = this.#list.all(after, prefix, limit)
    const paths = rows.map(row => String(row['path']))
    const end = paths.findIndex(path => !path.startsWith(prefix))
    return end < 0 ? paths : paths.slice(0, end)
  }

  /** What all files take. Needs `fill` before. */
  totalBytes(): number {
    return Number(this.#total.get()?.['bytes'] ?? 0)
  }

  /** Notes what was there before this index was made, once. */
  fill(files: () => AsyncIterable<{ path: CloudPath; sizeBytes: number }>): Promise<void> {
    if (this.#filling !== undefined) return this.#filling
    const filling = this.#fill(files)
    this.#filling = filling
    filling.catch(() => {
      this.#filling = undefined
    })
    return filling
  }

  close(): void {
    this.#database.close()
  }

  async #fill(files: () => AsyncIterable<{ path: CloudPath; sizeBytes: number }>): Promise<void> {
    if (this.#isFilled.get()?.['is_filled'] === 1) return
    let batch: { path: CloudPath; sizeBytes: number }[] = []
    const note = (): void => {
      this.#database.exec('BEGIN IMMEDIATE')
      try {
        for (const file of batch) this.#add.run(file.path, takenBytes(file))
        this.#database.exec('COMMIT')
      } catch (error) {
        // Some failures have ended it already.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
        throw error
      }
      batch = []
    }
    for await (const file of files()) {
      batch.push(file)
      if (batch.length === BATCH) note()
    }
    note()
    this.#database.exec('UPDATE totals SET is_filled = 1')
  }
}

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = OFF;
  CREATE TABLE IF NOT EXISTS paths (path TEXT PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS totals (id INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, is_filled INTEGER NOT NULL);
  INSERT OR IGNORE INTO totals VALUES (0, 0, 0);
  CREATE TRIGGER IF NOT EXISTS added AFTER INSERT ON paths BEGIN
    UPDATE totals SET bytes = bytes + new.size;
  END;
  CREATE TRIGGER IF NOT EXISTS changed AFTER UPDATE ON paths BEGIN
    UPDATE totals SET bytes = bytes + new.size - old.size;
  END;
  CREATE TRIGGER IF NOT EXISTS forgotten AFTER DELETE ON paths BEGIN
    UPDATE totals SET bytes = bytes - old.size;
  END;
`

/** Systems that name their starts do it like this; on others each opening counts as one. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return randomId()
  }
}
