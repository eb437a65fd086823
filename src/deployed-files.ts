import type { BigIntStats, Dirent } from 'node:fs'
import { constants, type FileHandle, open, opendir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { FunctionFiles } from './capabilities/function-files.ts'
import { ValueError } from './errors.ts'
import { LIMITS } from './limits.ts'
import type { OpResult } from './protocol/calls.ts'
import type { DiskPlace, SourceTree } from './source-tree.ts'

type Entry = OpResult<'files.list'>['entries'][number]

/** A file on disk as it was when it was first looked at. */
interface Seen {
  readonly place: string
  readonly stats: BigIntStats
}

const MISSING = { state: 'missing', sizeBytes: 0, modifiedMs: 0 } as const
const NO_BYTES = new Uint8Array(0)

/**
 * What functions read of a deployment's source when they run. The host keeps no copy of a folder: what it remembers of
 * a file is how it was when a function first looked at it. One that has changed since belongs to another version, and is
 * not read.
 */
export class DeployedFiles implements FunctionFiles {
  readonly #tree: SourceTree
  readonly #madeMs = Date.now()
  readonly #seen = new Map<string, Seen>()

  constructor(tree: SourceTree) {
    this.#tree = tree
  }

  async look(path: string): Promise<OpResult<'files.look'>> {
    if (!isPlain(path)) return MISSING
    const on = this.#tree.locate(path)
    if (on === undefined) return this.#lookInMemory(path)
    const found = await find(on)
    if (found === undefined) return MISSING
    if (found.stats.isDirectory()) {
      return { state: 'directory', sizeBytes: 0, modifiedMs: modifiedMsOf(found.stats) }
    }
    const { stats } = this.#seen.get(path) ?? found
    if (!this.#seen.has(path)) this.#seen.set(path, found)
    return { state: 'file', sizeBytes: Number(stats.size), modifiedMs: modifiedMsOf(stats) }
  }

  async list(path: string): Promise<OpResult<'files.list'>> {
    const entries: Entry[] = []
    if (!isPlain(path)) return { state: 'missing', entries }
    const on = this.#tree.locate(path)
    const names = new Set<string>()
    if (on !== undefined) {
      const folder = await find(on)
      if (!folder?.stats.isDirectory()) return { state: 'missing', entries }
      for await (const entry of await opendir(folder.place)) {
        names.add(entry.name)
        if (names.size > LIMITS.directoryNames) throw tooMany(path)
        const kind = kindOf(entry) ?? (await this.#kindOfLink(entry, path))
        if (kind !== undefined) entries.push({ name: entry.name, kind })
      }
    } else if (this.#tree.kindOf(path) !== 'directory') return { state: 'missing', entries }
    // In the tree's root there may be more than in the folder's.
    if (on === undefined || path === '/') await this.#addOthers(path, names, entries)
    return { state: 'directory', entries }
  }

  async read(path: string, offset: number, length: number): Promise<OpResult<'files.read'>> {
    if (!isPlain(path)) return { state: 'missing', content: NO_BYTES }
    if (this.#tree.locate(path) === undefined) {
      if (this.#tree.kindOf(path) !== 'file') return { state: 'missing', content: NO_BYTES }
      return { state: 'file', content: this.#tree.readBytes(path).subarray(offset, offset + length) }
    }
    // Who reads has looked before; the place is real, and if it has become a link since, it is not followed.
    const seen = this.#seen.get(path)
    if (seen === undefined) return { state: 'missing', content: NO_BYTES }
    const handle = await unlessGone(() => open(seen.place, constants.O_RDONLY | constants.O_NOFOLLOW))
    if (handle === undefined) return { state: 'missing', content: NO_BYTES }
    try {
      return await readOpen(handle, seen, offset, length)
    } finally {
      await handle.close()
    }
  }

  #lookInMemory(path: string): OpResult<'files.look'> {
    const kind = this.#tree.kindOf(path)
    if (kind === undefined) return MISSING
    const sizeBytes = kind === 'file' ? this.#tree.readBytes(path).length : 0
    return { state: kind, sizeBytes, modifiedMs: this.#madeMs }
  }

  async #kindOfLink(entry: Dirent, path: string): Promise<Entry['kind'] | undefined> {
    if (!entry.isSymbolicLink()) return undefined
    const on = this.#tree.locate(childOf(path, entry.name))
    const found = on === undefined ? undefined : await find(on)
    return found === undefined ? undefined : found.stats.isDirectory() ? 'directory' : 'file'
  }

  async #addOthers(path: string, names: ReadonlySet<string>, entries: Entry[]): Promise<void> {
    const others = this.#tree.list(path).filter(name => !names.has(name))
    if (names.size + others.length > LIMITS.directoryNames) throw tooMany(path)
    for (const name of others) {
      const { state } = await this.look(childOf(path, name))
      if (state !== 'missing') entries.push({ name, kind: state })
    }
  }
}

function childOf(path: string, name: string): string {
  return `${path === '/' ? '' : path}/${name}`
}

/** Absolute, without `.` and `..`, doubled slashes and the character that ends a name to the system. */
function isPlain(path: string): boolean {
  if (path === '/') return true
  if (!path.startsWith('/') || path.includes('\0')) return false
  return path
    .slice(1)
    .split('/')
    .every(part => part !== '' && part !== '.' && part !== '..')
}

/** The real place of a path, if there is a file or directory, and it lies inside the folder. */
async function find({ folder, path }: DiskPlace): Promise<Seen | undefined> {
  const place = await unlessGone(() => realpath(join(folder, path)))
  if (place === undefined || !(place === folder || place.startsWith(folder + sep))) return undefined
  const stats = await unlessGone(() => stat(place, { bigint: true }))
  return stats?.isFile() || stats?.isDirectory() ? { place, stats } : undefined
}

async function readOpen(
  handle: FileHandle,
  { stats: first }: Seen,
  offset: number,
  length: number,
): Promise<OpResult<'files.read'>> {
  const stats = await handle.stat({ bigint: true })
  if (!isSame(first, stats)) return { state: 'changed', content: NO_BYTES }
  const content = new Uint8Array(Math.max(0, Math.min(length, Number(stats.size) - offset)))
  let done = 0
  while (done < content.length) {
    const { bytesRead } = await handle.read(content, done, content.length - done, offset + done)
    // It was cut short while it was read.
    if (bytesRead === 0) return { state: 'changed', content: NO_BYTES }
    done += bytesRead
  }
  return { state: 'file', content }
}

/** What an installer does to the links of a file doesn't change it, so the time of that is left out. */
function isSame(one: BigIntStats, other: BigIntStats): boolean {
  return (
    one.size === other.size && one.mtimeNs === other.mtimeNs && one.ino === other.ino && one.dev === other.dev
  )
}

function modifiedMsOf({ mtimeNs }: BigIntStats): number {
  return Number(mtimeNs / 1000n) / 1000
}

/** Undefined for a link, and for what is neither file nor directory. */
function kindOf(entry: Dirent): Entry['kind'] | undefined {
  if (entry.isFile()) return 'file'
  return entry.isDirectory() ? 'directory' : undefined
}

const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES', 'EPERM'])

/** Undefined for what is not there, or what the host itself may not look at. */
async function unlessGone<Result>(run: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await run()
  } catch (error) {
    if (GONE.has(`${(error as NodeJS.ErrnoException).code}`)) return undefined
    throw error
  }
}

function tooMany(path: string): ValueError {
  return new ValueError(
    'path',
    `The directory ${path} of the function has more than ${LIMITS.directoryNames} files; that many can't be listed. ` +
      'Put them into several directories, or into storage.',
  )
}
