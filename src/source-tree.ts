import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join, posix, sep } from 'node:path'
import { InvalidOptionError } from './errors.ts'

/** Where a function's files come from: a folder, or files given by relative name. */
export type FunctionSource =
  | string
  | { readonly files: Readonly<Record<string, string>>; readonly config?: object }

export type EntryKind = 'file' | 'directory'

/** The files of one function, by absolute POSIX path inside it: `/index.js`, `/node_modules/a/package.json`. */
export interface SourceTree {
  kindOf(path: string): EntryKind | undefined
  /** Names in a directory, sorted. */
  list(path: string): readonly string[]
  /** What tells a directory from any other, however it is reached. */
  identityOf(path: string): string
  readText(path: string): string
}

/** @throws {InvalidOptionError} when the folder does not exist or the files map is not one. */
export function openSourceTree(source: FunctionSource): SourceTree {
  if (typeof source === 'string') return new FolderTree(source)
  if (typeof source === 'object' && source !== null) return new MapTree(source.files)
  throw new InvalidOptionError('source', SOURCE_FORMS)
}

const SOURCE_FORMS = 'Give a folder path, or { files: { "index.js": "…" } }.'

/** A folder on disk. What a link leads to outside the folder does not exist here. */
class FolderTree implements SourceTree {
  readonly #root: string

  constructor(folder: string) {
    const stat = statSync(folder, { throwIfNoEntry: false })
    if (stat === undefined) throw new InvalidOptionError('source', `The folder "${folder}" does not exist.`)
    if (!stat.isDirectory())
      throw new InvalidOptionError('source', `"${folder}" is a file; give the function's folder.`)
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
    return inside === undefined ? [] : readdirSync(inside).sort()
  }

  identityOf(path: string): string {
    return this.#resolve(path) ?? path
  }

  readText(path: string): string {
    const inside = this.#resolve(path)
    if (inside === undefined) throw new Error(`${path} is not a file of the function`)
    return readFileSync(inside, 'utf8')
  }

  /** The real place of a path, if it exists and lies inside the folder. */
  #resolve(path: string): string | undefined {
    const place = join(this.#root, ...path.split('/'))
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

/** Files given as `{ 'lib/a.js': 'source' }`. */
class MapTree implements SourceTree {
  readonly #files = new Map<string, string>()
  readonly #folders = new Map<string, Set<string>>([['/', new Set()]])

  constructor(files: Readonly<Record<string, string>>) {
    if (typeof files !== 'object' || files === null) {
      throw new InvalidOptionError('source', SOURCE_FORMS)
    }
    for (const [name, text] of Object.entries(files)) this.#add(name, text)
  }

  kindOf(path: string): EntryKind | undefined {
    if (this.#files.has(path)) return 'file'
    return this.#folders.has(path) ? 'directory' : undefined
  }

  list(path: string): readonly string[] {
    return [...(this.#folders.get(path) ?? [])].sort()
  }

  identityOf(path: string): string {
    return path
  }

  readText(path: string): string {
    const text = this.#files.get(path)
    if (text === undefined) throw new Error(`${path} is not a file of the function`)
    return text
  }

  #add(name: string, text: string): void {
    if (typeof text !== 'string') {
      throw new InvalidOptionError(`source.files["${name}"]`, `The content of "${name}" must be a string.`)
    }
    const path = posix.normalize(`/${name}`)
    if (name === '' || name.startsWith('/') || name.split('/').includes('..') || name.includes('\\')) {
      throw new InvalidOptionError(
        `source.files["${name}"]`,
        `"${name}" is not a relative file name. Use names like "index.js" or "lib/a.js".`,
      )
    }
    this.#files.set(path, text)
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
