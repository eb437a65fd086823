import { createHash } from 'node:crypto'
import { readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { cachedDataVersionTag } from 'node:v8'
import { readChecked, writeChecked } from './checked-file.ts'
import type { RuntimeKind } from './isolate/runtime-kind.ts'
import type { Isolation } from './isolation.ts'
import { SnapshotCache } from './snapshot-cache.ts'

/** Files kept; beyond them the ones used longest ago go. */
const MAX_FILES = 2000
const SUFFIX = '.v8'

/**
 * V8's code caches of programs that were deployed before, on disk, so that a restarted host neither checks nor
 * compiles what it has compiled already. A file is named after the program's text and after V8's version, flags and
 * processor features, and is checked before it is used. Beside them are the snapshots that the code belongs to.
 */
export class CodeCache {
  readonly #directory: string
  readonly #snapshots: SnapshotCache
  /** Beside them too: what files were converted to (conversion-cache). */
  readonly conversions: string
  readonly onWarning: (message: string) => void

  /** `onWarning` hears of a cache that can't be read or written: that costs time, and fails nothing. */
  constructor(directory: string, isolation: Isolation, onWarning: (message: string) => void) {
    // V8 believes what it is given: code that a cell has compiled is for cells only.
    this.#directory = join(directory, isolation === 'process' ? 'code-cache-of-cells' : 'code-cache')
    this.#snapshots = new SnapshotCache(join(directory, 'snapshots'), onWarning)
    this.conversions = join(directory, 'conversions')
    this.onWarning = onWarning
  }

  /**
   * Before anything is compiled for isolates of that kind: they are to be those that code was kept for.
   *
   * @throws {Error} as `prepareSnapshot` does.
   */
  prepare(kind: RuntimeKind): Promise<void> {
    return this.#snapshots.keep(kind)
  }

  /** The code cache of that program, if it was compiled by this V8 before. */
  async read(source: string): Promise<Uint8Array | undefined> {
    const path = this.#pathOf(source)
    try {
      const file = await readChecked(path)
      if (file.kind === 'damaged') this.onWarning(`${path} is damaged; the function is compiled anew.`)
      if (file.kind !== 'whole') return undefined
      const now = new Date()
      await utimes(path, now, now)
      return file.data
    } catch (error) {
      this.#warn(error)
      return undefined
    }
  }

  async write(source: string, data: Uint8Array): Promise<void> {
    try {
      await writeChecked(this.#pathOf(source), data)
      await this.#prune()
    } catch (error) {
      this.#warn(error)
    }
  }

  #pathOf(source: string): string {
    const key = createHash('sha256').update(`${cachedDataVersionTag()}\0`).update(source).digest('hex')
    return join(this.#directory, key + SUFFIX)
  }

  async #prune(): Promise<void> {
    const names = (await readdir(this.#directory)).filter(name => name.endsWith(SUFFIX))
    if (names.length <= MAX_FILES) return
    const files = await Promise.all(
      names.map(async name => ({ name, usedMs: (await stat(join(this.#directory, name))).mtimeMs })),
    )
    files.sort((a, b) => a.usedMs - b.usedMs)
    for (const { name } of files.slice(0, files.length - MAX_FILES)) {
      await rm(join(this.#directory, name), { force: true })
    }
  }

  #warn(error: unknown): void {
    this.onWarning(`The code cache in ${this.#directory} can't be used: ${(error as Error).message}`)
  }
}
