import type { Asker, FileCalls, GivenPath } from './file-calls.ts'
import type { ByteText } from './file-node.ts'
import { FileProblem } from './file-problem.ts'
import { entryType } from './file-stats.ts'
import type { Binding } from './realm.ts'

type GivenName = string | Uint8Array

/** Calls that list directories. */
export function makeDirectories(calls: FileCalls): Binding {
  const { tree, names } = calls
  return {
    readdir: (path: GivenPath, encoding: unknown, withTypes: boolean, asker: Asker) =>
      calls.run(asker, { syscall: 'scandir', path }, () => {
        const list = tree.list(names.encode(path))
        const given = list.map(([name]) => names.give(name, encoding))
        return withTypes ? [given, list.map(([, kind]) => entryType(kind))] : given
      }),
    readdirRecursive: (path: GivenPath, encoding: unknown, withTypes: boolean, asker: Asker) =>
      calls.run(asker, { syscall: 'scandir', path }, () =>
        listRecursively(calls, names.encode(path), encoding, withTypes),
      ),
  }
}

/** Folder by folder, links to folders followed, until the path to one has too many links. */
function listRecursively(
  { tree, names }: FileCalls,
  path: ByteText,
  encoding: unknown,
  withTypes: boolean,
): GivenName[] | [GivenName[], Uint8Array, Uint32Array, GivenName[]] {
  const found: GivenName[] = []
  const types: number[] = []
  const counts: number[] = []
  const folders: ByteText[] = ['']
  for (let index = 0; index < folders.length; index++) {
    const folder = folders[index] as ByteText
    const list = tree.list(folder === '' ? path : `${path}/${folder}`)
    counts.push(list.length)
    for (const [name, kind] of list) {
      const relative = folder === '' ? name : `${folder}/${name}`
      found.push(names.give(withTypes ? name : relative, encoding))
      types.push(entryType(kind))
      if (kind === 'directory' || (kind === 'link' && isDirectory(tree, `${path}/${relative}`))) {
        folders.push(relative)
      }
    }
  }
  if (!withTypes) return found
  const given = folders.map(folder => names.give(folder, encoding))
  return [found, Uint8Array.from(types), Uint32Array.from(counts), given]
}

function isDirectory(tree: FileCalls['tree'], path: ByteText): boolean {
  return tree.has(path) && tree.find(path, true).kind === 'directory'
}

/** Node's `fs_dir`. */
export function makeDirectoryHandles(calls: FileCalls): Binding {
  const { tree, names } = calls
  const openAt = (path: GivenPath) => new DirectoryHandle(calls, tree.list(names.encode(path)))
  return {
    opendir: (path: GivenPath, _encoding: unknown, asker: Asker) =>
      calls.run(asker, { syscall: 'opendir', path }, () => openAt(path)),
    /** Node's own leaves the path out here. */
    opendirSync: (path: GivenPath) => calls.runNow({ syscall: 'opendir' }, () => openAt(path)),
  }
}

/** The names there were when it was opened. */
class DirectoryHandle {
  readonly #calls: FileCalls
  readonly #list: readonly (readonly [name: ByteText, kind: Parameters<typeof entryType>[0]])[]
  #next = 0
  #isClosed = false

  constructor(calls: FileCalls, list: ReturnType<FileCalls['tree']['list']>) {
    this.#calls = calls
    this.#list = list
  }

  /** Names and types in turn; null at the end. */
  read(encoding: unknown, count: number, asker: Asker): unknown {
    return this.#calls.run(asker, { syscall: 'scandir' }, () => {
      if (this.#isClosed) throw new FileProblem('EBADF')
      const part = this.#list.slice(this.#next, this.#next + count)
      this.#next += part.length
      if (part.length === 0) return null
      const entries: (GivenName | number)[] = []
      for (const [name, kind] of part) {
        entries.push(this.#calls.names.give(name, encoding), entryType(kind))
      }
      return entries
    })
  }

  close(asker: Asker): unknown {
    return this.#calls.run(asker, { syscall: 'closedir' }, () => {
      this.#isClosed = true
    })
  }
}
