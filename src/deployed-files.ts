import type { BigIntStats, Dirent } from 'node:fs'
import { constants, type FileHandle, open, opendir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { FunctionFiles } from './capabilities/files.ts'
import { ValueError } from './errors.ts'
import { LIMITS } from './limits.ts'
import type { OpResult } from './protocol/calls.ts'
import type { FunctionSource, SourceTree } from './source-tree.ts'

const MISSING = { state: 'missing', sizeBytes: 0, modifiedMs: 0 } as const
const NO_BYTES = new Uint8Array(0)

/** What the functions of a deployment read of its source. Nothing of it is kept in memory but how it was found. */
export function openDeployedFiles(source: FunctionSource, tree: SourceTree): FunctionFiles {
  return typeof source === 'string' ? new FolderFiles(tree.placeOf('/')) : new MapFiles(tree)
}

/**
 * A folder. The host keeps no copy of it: what it remembers of a file is how it was when a function first looked at it.
 * One that has changed since belongs to another version, and is not read.
 */
class FolderFiles implements FunctionFiles {
  readonly #root: string
  readonly #seen = new Map<string, BigIntStats>()
  /** Real places of files that were looked at, by path. */
  readonly #places = new Map<string, string>()

  constructor(root: string) {
    this.#root = root
  }

  async look(path: string): Promise<OpResult<'files.look'>> {
    const found = await this.#find(path)
    if (found === undefined) return MISSING
    const { stats } = found
    const modifiedMs = Number(stats.mtimeNs / 1000n) / 1000
    if (stats.isDirectory()) return { state: 'directory', sizeBytes: 0, modifiedMs }
    const first = this.#seen.get(found.place) ?? stats
    this.#seen.set(found.place, first)
    this.#places.set(path, found.place)
    return { state: 'file', sizeBytes: Number(first.size), modifiedMs: Number(first.mtimeNs / 1000n) / 1000 }
  }

  async list(path: string): Promise<OpResult<'files.list'>> {
    const folder = await this.#find(path)
    if (!folder?.stats.isDirectory()) return { state: 'missing', entries: [] }
    const entries: { name: string; kind: 'file' | 'directory' }[] = []
    for await (const entry of await opendir(folder.place)) {
      if (entries.length >= LIMITS.directoryNames) throw tooMany(path)
      const kind = await this.#kindOf(entry, `${path === '/' ? '' : path}/${entry.name}`)
      if (kind !== undefined) entries.push({ name: entry.name, kind })
    }
    return { state: 'directory', entries }
  }

  async read(path: string, offset: number, length: number): Promise<OpResult<'files.read'>> {
    // Who reads has looked before; the place is real, and if it has become a link since, it is not followed.
    const place = this.#places.get(path)
    if (place === undefined) return { state: 'missing', content: NO_BYTES }
    const handle = await unlessGone(() => open(place, constants.O_RDONLY | constants.O_NOFOLLOW))
    if (handle === undefined) return { state: 'missing', content: NO_BYTES }
    try {
      return await this.#readOpen(handle, place, offset, length)
    } finally {
      await handle.close()
    }
  }

  async #readOpen(
    handle: FileHandle,
    place: string,
    offset: number,
    length: number,
  ): Promise<OpResult<'files.read'>> {
    const stats = await handle.stat({ bigint: true })
    const first = this.#seen.get(place)
    if (first === undefined || !isSame(first, stats)) return { state: 'changed', content: NO_BYTES }
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

  async #kindOf(entry: Dirent, path: string): Promise<'file' | 'directory' | undefined> {
    if (entry.isFile()) return 'file'
    if (entry.isDirectory()) return 'directory'
    const found = entry.isSymbolicLink() ? await this.#find(path) : undefined
    return found === undefined ? undefined : found.stats.isDirectory() ? 'directory' : 'file'
  }

  /** The real place of a path, if there is a file or directory, and it lies inside the folder. */
  async #find(path: string): Promise<{ readonly place: string; readonly stats: BigIntStats } | undefined> {
    if (!isPlain(path)) return undefined
    const place = await unlessGone(() => realpath(join(this.#root, path)))
    if (place === undefined || !(place === this.#root || place.startsWith(this.#root + sep))) return undefined
    const stats = await unlessGone(() => stat(place, { bigint: true }))
    return stats?.isFile() || stats?.isDirectory() ? { place, stats } : undefined
  }
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

/** What an installer does to the links of a file doesn't change it, so the time of that is left out. */
function isSame(one: BigIntStats, other: BigIntStats): boolean {
  return (
    one.size === other.size && one.mtimeNs === other.mtimeNs && one.ino === other.ino && one.dev === other.dev
  )
}

const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES', 'EPERM'])

/** Undefined for what is not there, or what the host itself may not look at. */
async function unlessGone<Result>(find: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await find()
  } catch (error) {
    if (GONE.has(`${(error as NodeJS.ErrnoException).code}`)) return undefined
    throw error
  }
}

/** Files that were given with the deployment. */
class MapFiles implements FunctionFiles {
  readonly #tree: SourceTree
  readonly #madeMs = Date.now()

  constructor(tree: SourceTree) {
    this.#tree = tree
  }

  async look(path: string): Promise<OpResult<'files.look'>> {
    const kind = this.#tree.kindOf(path)
    if (kind === undefined) return MISSING
    const sizeBytes = kind === 'file' ? this.#tree.readBytes(path).length : 0
    return { state: kind, sizeBytes, modifiedMs: this.#madeMs }
  }

  async list(path: string): Promise<OpResult<'files.list'>> {
    if (this.#tree.kindOf(path) !== 'directory') return { state: 'missing', entries: [] }
    const names = this.#tree.list(path)
    if (names.length > LIMITS.directoryNames) throw tooMany(path)
    const kindOf = (name: string) => this.#tree.kindOf(`${path === '/' ? '' : path}/${name}`) ?? 'file'
    return { state: 'directory', entries: names.map(name => ({ name, kind: kindOf(name) })) }
  }

  async read(path: string, offset: number, length: number): Promise<OpResult<'files.read'>> {
    if (this.#tree.kindOf(path) !== 'file') return { state: 'missing', content: NO_BYTES }
    return { state: 'file', content: this.#tree.readBytes(path).subarray(offset, offset + length) }
  }
}

function tooMany(path: string): ValueError {
  return new ValueError(
    'path',
    `The directory ${path} of the function has more than ${LIMITS.directoryNames} files; that many can't be listed. ` +
      'Put them into several directories, or into storage.',
  )
}
