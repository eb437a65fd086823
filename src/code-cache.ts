import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cachedDataVersionTag } from 'node:v8'

/** Files kept; beyond them the ones used longest ago go. */
const MAX_FILES = 2000
const DIGEST_BYTES = 32
const SUFFIX = '.v8'

/**
 * V8's code caches of programs that were deployed before, on disk, so that a restarted host neither checks nor
 * compiles what it has compiled already. A file is named after the program's text and after V8's version, flags and
 * processor features, and begins with a digest of what follows: one that was cut off or changed is not used.
 */
export class CodeCache {
  readonly #directory: string
  readonly #onWarning: (message: string) => void

  /** `onWarning` hears of a cache that can't be read or written: that costs time, and fails nothing. */
  constructor(directory: string, onWarning: (message: string) => void) {
    this.#directory = directory
    this.#onWarning = onWarning
  }

  /** The code cache of that program, if it was compiled by this V8 before. */
  async read(source: string): Promise<Uint8Array | undefined> {
    const path = this.#pathOf(source)
    try {
      const bytes = await readFile(path)
      const data = bytes.subarray(DIGEST_BYTES)
      if (!digestOf(data).equals(bytes.subarray(0, DIGEST_BYTES))) {
        this.#onWarning(`${path} is damaged; the function is compiled anew.`)
        return undefined
      }
      const now = new Date()
      await utimes(path, now, now)
      return data
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#warn(error)
      return undefined
    }
  }

  async write(source: string, data: Uint8Array): Promise<void> {
    const path = this.#pathOf(source)
    const draft = `${path}.${process.pid}.draft`
    try {
      await mkdir(this.#directory, { recursive: true })
      await writeFile(draft, [digestOf(data), data])
      await rename(draft, path)
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
    this.#onWarning(`The code cache in ${this.#directory} can't be used: ${(error as Error).message}`)
  }
}

function digestOf(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest()
}
