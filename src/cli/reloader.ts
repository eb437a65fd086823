import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeployProgress, FunctionHost } from '../index.ts'
import { ENTRY_NAMES } from '../modules/entry-file.ts'

/** What became of a changed function folder. */
export type ReloadOutcome =
  | {
      readonly kind: 'deployed'
      readonly name: string
      readonly version: string
      readonly warnings: readonly string[]
    }
  | { readonly kind: 'removed'; readonly name: string }
  /** `isRunning`: the last good version goes on serving. */
  | { readonly kind: 'failed'; readonly name: string; readonly error: unknown; readonly isRunning: boolean }

export interface ReloaderOptions {
  /** The folder of functions. */
  readonly folder: string
  readonly host: FunctionHost
  readonly onProgress: (progress: DeployProgress) => void
  readonly onOutcome: (outcome: ReloadOutcome) => void
}

/** Brings a host up to date with its folder, one function at a time and in the order of the changes. */
export class Reloader {
  readonly #options: ReloaderOptions
  #queue: Promise<void> = Promise.resolve()

  constructor(options: ReloaderOptions) {
    this.#options = options
  }

  /** Never rejects: what went wrong is an outcome. */
  reload(names: Iterable<string>): Promise<void> {
    for (const name of names) this.#queue = this.#queue.then(() => this.#reload(name))
    return this.#queue
  }

  /** Resolves when nothing is being reloaded. */
  idle(): Promise<void> {
    return this.#queue
  }

  async #reload(name: string): Promise<void> {
    const { host, onOutcome } = this.#options
    const running = host.list().find(info => info.name === name)
    try {
      const outcome = await this.#apply(name, running?.version)
      if (outcome !== undefined) onOutcome(outcome)
    } catch (error) {
      onOutcome({ kind: 'failed', name, error, isRunning: running !== undefined })
    }
  }

  /** Undefined when there was nothing to do. */
  async #apply(name: string, runningVersion: string | undefined): Promise<ReloadOutcome | undefined> {
    const { folder, host, onProgress } = this.#options
    const path = join(folder, name)
    if (!(await isFolder(path))) {
      return (await host.remove(name)) ? { kind: 'removed', name } : undefined
    }
    // A folder on its way to become a function is no mistake yet.
    if (runningVersion === undefined && !(await hasEntry(path))) return undefined
    const { version, warnings } = await host.deploy(name, path, { onProgress })
    return version === runningVersion ? undefined : { kind: 'deployed', name, version, warnings }
  }
}

/** A link is none, as in `host.deployDirectory`. */
async function isFolder(path: string): Promise<boolean> {
  return (await statOrNothing(path))?.isDirectory() ?? false
}

/** Whether there is a file to start with: by name, or the "main" of a package.json. */
async function hasEntry(folder: string): Promise<boolean> {
  const main = await readMain(folder)
  const names = main === undefined ? ENTRY_NAMES : [...ENTRY_NAMES, main, `${main}.js`]
  for (const name of names) {
    if ((await statOrNothing(join(folder, name)))?.isFile()) return true
  }
  return false
}

async function readMain(folder: string): Promise<string | undefined> {
  const path = join(folder, 'package.json')
  if ((await statOrNothing(path)) === undefined) return undefined
  try {
    const { main } = JSON.parse(await readFile(path, 'utf8')) as { main?: unknown }
    return typeof main === 'string' ? main : undefined
  } catch {
    // Half written, or no JSON: it names nothing yet.
    return undefined
  }
}

async function statOrNothing(path: string): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
