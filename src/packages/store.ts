import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HostClosedError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Closable } from '../types.ts'
import { markUsed, readEntry } from './entry.ts'
import { installInto } from './installation.ts'
import { PackageProblem } from './problem.ts'
import type { PackageSet } from './set.ts'
import { Slots } from './slots.ts'
import { DRAFTS, ENTRIES, remove, sweep } from './sweep.ts'
import { takeTurn } from './turn.ts'

/** How often the entries in use are marked as used. */
const MARK_MS = 60 * 60 * 1000
const DAY_MS = 24 * 60 * 60 * 1000

/** What an installation is at. */
export interface InstallProgress {
  /** `wait`: another process installs the same packages, which will do for this one. */
  readonly step: 'start' | 'wait' | 'fetch' | 'done'
  /** What package.json lists, by name. */
  readonly packages: readonly string[]
  /** Descriptions and tarballs of packages that npm has got so far, from the registry or its cache. */
  readonly fetchedCount: number
  readonly elapsedMs: number
}

export type OnInstallProgress = (progress: InstallProgress) => void

/** A set of packages in the store. */
export interface InstalledPackages {
  /** Has `node_modules`, and what links in it lead to. Nobody writes to it. */
  readonly folder: string
  readonly warnings: readonly string[]
}

export interface PackageStoreOptions {
  /** Omitted: a temporary folder, which goes when the store is closed. */
  readonly directory?: string
  readonly isOffline: boolean
  readonly timeoutMs: number
  /** Bytes one set may take. */
  readonly maxBytes: number
  /** Hears of what costs time and fails nothing. */
  readonly onWarning: (message: string) => void
}

interface Running {
  readonly listeners: Set<OnInstallProgress>
  readonly promise: Promise<InstalledPackages>
}

/**
 * Sets of npm packages, each installed once and kept under a name made of all it depends on. Processes may share a
 * store. Nothing is on disk before the first set is asked for.
 */
export class PackageStore implements Closable {
  readonly #options: PackageStoreOptions
  readonly #closed = new AbortController()
  readonly #running = new Map<string, Running>()
  readonly #slots = new Slots(LIMITS.packageInstalls)
  /** Folders of this process's sets by key. */
  readonly #used = new Map<string, InstalledPackages>()
  #opening: Promise<string> | undefined
  #marking: NodeJS.Timeout | undefined
  #sweeping: Promise<void> | undefined

  constructor(options: PackageStoreOptions) {
    this.#options = options
  }

  /** A set that was installed before. @throws {HostClosedError} */
  async find({ key }: PackageSet): Promise<InstalledPackages | undefined> {
    if (this.#closed.signal.aborted) throw new HostClosedError()
    const used = this.#used.get(key)
    if (used !== undefined && (await markUsed(used.folder))) return used
    this.#used.delete(key)
    const directory = this.#options.directory ?? (await this.#opening)
    if (directory === undefined) return undefined
    const folder = join(directory, ENTRIES, key)
    const entry = await readEntry(folder, key)
    if (entry.kind === 'damaged') {
      this.#options.onWarning(`The packages in ${folder} are damaged; they are installed anew.`)
      await this.#setAside(folder)
    }
    if (entry.kind !== 'whole') return undefined
    const found = { folder, warnings: entry.record.warnings }
    this.#used.set(key, found)
    this.#marking ??= setInterval(() => void this.#mark(), MARK_MS).unref()
    if (this.#closed.signal.aborted) clearInterval(this.#marking)
    return found
  }

  /**
   * The set, installed by npm unless it was before. Those who ask for the same at the same time share the work.
   *
   * @throws {PackageProblem} naming the package; {HostClosedError} when the store is closed meanwhile.
   */
  async install(set: PackageSet, onProgress: OnInstallProgress): Promise<InstalledPackages> {
    const running = this.#running.get(set.key)
    if (running !== undefined) {
      running.listeners.add(onProgress)
      return running.promise
    }
    const listeners = new Set([onProgress])
    const promise = this.#obtain(set, listeners).finally(() => this.#running.delete(set.key))
    this.#running.set(set.key, { listeners, promise })
    return promise
  }

  /** Ends what is being installed. */
  async close(): Promise<void> {
    if (!this.#closed.signal.aborted) this.#closed.abort(new HostClosedError())
    clearInterval(this.#marking)
    await Promise.allSettled([...this.#running.values()].map(({ promise }) => promise))
    await this.#sweeping
    // Where it could not be made, nothing is to be removed.
    const directory = await this.#opening?.catch(() => undefined)
    if (directory !== undefined && this.#options.directory === undefined) await remove(directory)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #obtain(set: PackageSet, listeners: ReadonlySet<OnInstallProgress>): Promise<InstalledPackages> {
    const found = await this.find(set)
    return found ?? this.#slots.use(() => this.#make(set, listeners))
  }

  async #make(set: PackageSet, listeners: ReadonlySet<OnInstallProgress>): Promise<InstalledPackages> {
    const startMs = performance.now()
    let fetchedCount = 0
    const tell = (step: InstallProgress['step']): void => {
      const elapsedMs = performance.now() - startMs
      for (const listener of listeners) listener({ step, packages: set.names, fetchedCount, elapsedMs })
    }
    const directory = await this.#open()
    const { timeoutMs, isOffline, maxBytes, directory: kept } = this.#options
    const timeout = AbortSignal.timeout(timeoutMs)
    const signal = AbortSignal.any([this.#closed.signal, timeout])
    const place = join(directory, ENTRIES, set.key)
    const isMade = async (): Promise<boolean> => (await this.find(set)) !== undefined
    try {
      const file = join(directory, DRAFTS, `${set.key}.turn`)
      const turn = await takeTurn({ file, signal, isMade, onWait: () => tell('wait') })
      try {
        if (turn !== undefined) {
          tell('start')
          await installInto(place, join(directory, DRAFTS), set, {
            ...{ isOffline, maxBytes, signal },
            ...(kept === undefined ? {} : { cacheFolder: join(directory, 'npm-cache') }),
            onFetch: () => {
              fetchedCount++
              tell('fetch')
            },
          })
        }
      } finally {
        await turn?.end()
      }
    } catch (error) {
      if (error === timeout.reason) throw outOfTime(timeoutMs)
      throw error
    }
    const made = await this.find(set)
    if (made === undefined) throw new Error(`${place} went away while it was being installed`)
    tell('done')
    return made
  }

  #open(): Promise<string> {
    this.#opening ??= this.#makeFolders().catch((error: Error) => {
      this.#opening = undefined
      throw new PackageProblem(`Packages can't be kept: ${error.message}`)
    })
    return this.#opening
  }

  async #makeFolders(): Promise<string> {
    const { directory: given, onWarning } = this.#options
    const directory = given ?? (await mkdtemp(join(tmpdir(), 'cloudlet-packages-')))
    for (const name of [ENTRIES, DRAFTS]) {
      await mkdir(join(directory, name), { recursive: true, mode: 0o700 })
    }
    if (given !== undefined) {
      this.#sweeping = sweep(directory, LIMITS.packageIdleDays * DAY_MS).catch((error: Error) =>
        onWarning(`Old packages in ${directory} can't be removed: ${error.message}`),
      )
    }
    return directory
  }

  /** For other processes, which remove what nobody uses. */
  async #mark(): Promise<void> {
    for (const { folder } of this.#used.values()) {
      await markUsed(folder).catch((error: Error) =>
        this.#options.onWarning(`${folder} can't be marked as used: ${error.message}`),
      )
    }
  }

  async #setAside(folder: string): Promise<void> {
    const aside = join(await this.#open(), DRAFTS, randomUUID())
    await rename(folder, aside).catch((error: NodeJS.ErrnoException) => {
      // Another process was first.
      if (error.code !== 'ENOENT') throw error
    })
    await remove(aside)
  }
}

function outOfTime(timeoutMs: number): PackageProblem {
  return new PackageProblem(
    `npm has not finished within ${timeoutMs / 1000} seconds. Raise installTimeoutMs on the host if it needs longer.`,
  )
}
