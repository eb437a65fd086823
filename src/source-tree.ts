import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join, posix, sep } from 'node:path'
import { InvalidOptionError } from './errors.ts'

/** Where a function's files come from: a folder, or files given by relative name, as text or bytes. */
export type FunctionSource =
  | string
  | { readonly files: Readonly<Record<string, string | Uint8Array>>; readonly config?: object }

export type EntryKind = 'file' | 'directory'

/** The files of one function, by absolute POSIX path inside it: `/index.js`, `/node_modules/a/package.json`. */
export interface SourceTree {
  kindOf(path: string): EntryKind | undefined
  /** Names in a directory, sorted. */
  list(path: string): readonly string[]
  /** Where a path really is: the same for two paths that links make the same. */
  placeOf(path: string): string
  isLink(path: string): boolean
  /** @throws {InvalidOptionError} when it can't be read. */
  readText(path: string): string
  /** @throws {InvalidOptionError} when it can't be read. */
  readBytes(path: string): Uint8Array
  /** Where on disk a path is to be looked for; undefined for files in memory. */
  locate(path: string): DiskPlace | undefined
}

/** A path in a folder that it may not lead out of. */
export interface DiskPlace {
  /** Without links. */
  readonly folder: string
  readonly path: string
}

/** @throws {InvalidOptionError} when the folder does not exist or the files map is not one. */
export function openSourceTree(source: FunctionSource): SourceTree {
  if (typeof source === 'string') return new FolderTree(source)
  if (!isRecord(source) || !isRecord(source.files)) {
    throw new InvalidOptionError('source', 'Give a folder path, or { files: { "index.js": "…" } }.')
  }
  if (source.config !== undefined && !isRecord(source.config)) {
    throw new InvalidOptionError('source.config', 'config must be an object of what config.json would hold.')
  }
  return new MapTree(source.files)
}

/** @throws {InvalidOptionError} for `option`, unless it is the path of a folder that can be looked at. */
export function requireFolder(option: string, folder: string): void {
  if (typeof folder !== 'string') {
    throw new InvalidOptionError(option, `${option} must be the path of a folder.`)
  }
  const stat = read(option, folder, () => statSync(folder, { throwIfNoEntry: false }))
  if (stat === undefined) throw new InvalidOptionError(option, `The folder "${folder}" does not exist.`)
  if (!stat.isDirectory()) throw new InvalidOptionError(option, `"${folder}" is a file; give a folder.`)
}

/** A folder on disk. What a link leads to outside the folder does not exist here. */
class FolderTree implements SourceTree {
  readonly #root: string

  constructor(folder: string) {
    requireFolder('source', folder)
    this.#root = realpathSync(folder)
  }

  kindOf(path: string): EntryKind | undefined {
    const inside = this.#resolve(path)
    if (inside === undefined) return undefined
    const stat = statSync(inside, { throwIfNoEntry: false })
    if (stat?.isFile()) return 'file'
    return stat?.isDirectory() ? 'directory' : undefined
  }

  list(path: string): readonly string[] {
    const inside = this.#resolve(path)
    return inside === undefined ? [] : read('source', inside, () => readdirSync(inside)).sort()
  }

  placeOf(path: string): string {
    return this.#resolve(path) ?? path
  }

  isLink(path: string): boolean {
    return lstatSync(this.#join(path), { throwIfNoEntry: false })?.isSymbolicLink() === true
  }

  readText(path: string): string {
    return textOf(this.readBytes(path))
  }

  readBytes(path: string): Uint8Array {
    const inside = this.#resolve(path)
    if (inside === undefined) throw new Error(`${path} is not a file of the function`)
    return read('source', inside, () => readFileSync(inside))
  }

  locate(path: string): DiskPlace {
    return { folder: this.#root, path }
  }

  #join(path: string): string {
    return join(this.#root, ...path.split('/'))
  }

  /** The real place of a path, if it exists and lies inside the folder. */
  #resolve(path: string): string | undefined {
    const place = this.#join(path)
    if (lstatSync(place, { throwIfNoEntry: false }) === undefined) return undefined
    const real = tryRealpath(place)
    return real === this.#root || real?.startsWith(this.#root + sep) === true ? real : undefined
  }
}

function tryRealpath(place: string): string | undefined {
  try {
    return realpathSync(place)
  } catch (error) {
    // A link that leads nowhere, or to itself, is no file.
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ELOOP') return undefined
    throw error
  }
}

/** What the system refuses, for want of rights or because a file went away, is wrong with the source. */
function read<Result>(option: string, place: string, run: () => Result): Result {
  try {
    return run()
  } catch (error) {
    throw new InvalidOptionError(option, `"${place}" can't be read: ${(error as Error).message}`)
  }
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

/** Files given as `{ 'lib/a.js': 'source' }`. */
class MapTree implements SourceTree {
  readonly #files = new Map<string, string | Uint8Array>()
  readonly #folders = new Map<string, Set<string>>([['/', new Set()]])

  constructor(files: Readonly<Record<string, string | Uint8Array>>) {
    for (const [name, content] of Object.entries(files)) this.#add(name, content)
  }

  kindOf(path: string): EntryKind | undefined {
    if (this.#files.has(path)) return 'file'
    return this.#folders.has(path) ? 'directory' : undefined
  }

  list(path: string): readonly string[] {
    return [...(this.#folders.get(path) ?? [])].sort()
  }

  placeOf(path: string): string {
    return path
  }

  isLink(): boolean {
    return false
  }

  readText(path: string): string {
    const content = this.#contentOf(path)
    return typeof content === 'string' ? content : textOf(content)
  }

  readBytes(path: string): Uint8Array {
    const content = this.#contentOf(path)
    if (typeof content !== 'string') return content
    const bytes = Buffer.from(content, 'utf8')
    // Read as bytes once, it will be again, part by part.
    this.#files.set(path, bytes)
    return bytes
  }

  locate(): undefined {
    return undefined
  }

  #contentOf(path: string): string | Uint8Array {
    const content = this.#files.get(path)
    if (content === undefined) throw new Error(`${path} is not a file of the function`)
    return content
  }

  #add(name: string, content: string | Uint8Array): void {
    if (typeof content !== 'string' && !(content instanceof Uint8Array)) {
      throw new InvalidOptionError(
        `source.files["${name}"]`,
        `The content of "${name}" must be a string or bytes.`,
      )
    }
    const path = posix.normalize(`/${name}`)
    if (name === '' || name.startsWith('/') || name.split('/').includes('..') || name.includes('\\')) {
      throw new InvalidOptionError(
        `source.files["${name}"]`,
        `"${name}" is not a relative file name. Use names like "index.js" or "lib/a.js".`,
      )
    }
    // Bytes stay the embedder's: what it changes in them later is no matter of this version.
    this.#files.set(path, typeof content === 'string' ? content : content.slice())
    let child = path
    while (child !== '/') {
      const folder = posix.dirname(child)
      const names = this.#folders.get(folder) ?? new Set()
      names.add(posix.basename(child))
      this.#folders.set(folder, names)
      child = folder
    }
  }
}
