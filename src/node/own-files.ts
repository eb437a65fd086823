import type { FileLook } from '../protocol/calls-files.ts'
import type { ByteText, Directory, EntryKind, FileNode, RegularFile, Volume } from './file-node.ts'
import { FileProblem } from './file-problem.ts'
import { type FileTimes, timeOfMs } from './file-time.ts'

/** What asks the host for the function's own files; paths are text, `/index.js`. */
export interface OwnFilesHost {
  look(path: string): FileLook
  list(path: string): readonly (readonly [name: string, kind: 'file' | 'directory'])[] | 'missing'
  read(path: string, offset: number, length: number): Uint8Array | 'missing' | 'changed'
  /** Bytes of one reading, at most. */
  readonly sliceBytes: number
}

/** Names as the host has them, and as this file system does. */
export interface NameCoding {
  encode(text: string): ByteText
  /** Undefined for bytes that are no UTF-8. */
  decode(name: ByteText): string | undefined
}

interface Piece {
  readonly path: string
  readonly offset: number
  readonly bytes: Uint8Array
  /** The file ends with it. */
  readonly isLast: boolean
}

/** Files and directories remembered, at most; asking again is only slower. */
const REMEMBERED_NODES = 10_000

const CHANGED_HINT = 'it was changed after the function was deployed; deploy the function again'

/** The function's folder. A deployed version never changes, so what the host told once is not asked again. */
export class OwnFiles {
  readonly #host: OwnFilesHost
  readonly #names: NameCoding
  readonly #volume: Volume
  #nodes = new Map<string, FileNode | undefined>()
  #lists = new Map<string, (readonly [name: ByteText, kind: EntryKind])[]>()
  /** What was read last, and perhaps further than asked for: programs read on. */
  #piece: Piece | undefined

  constructor(host: OwnFilesHost, names: NameCoding, volume: Volume) {
    this.#host = host
    this.#names = names
    this.#volume = volume
  }

  root(parent: Directory, name: ByteText): Directory {
    return this.#makeDirectory('', { state: 'directory', sizeBytes: 0, modifiedMs: 0 }, parent, name)
  }

  find(folder: Directory, folderPath: string, name: ByteText): FileNode | undefined {
    const text = this.#names.decode(name)
    if (text === undefined) return undefined
    const path = `${folderPath}/${text}`
    if (this.#nodes.has(path)) return this.#nodes.get(path)
    const node = this.#makeNode(path, this.#host.look(path), folder, name)
    if (this.#nodes.size >= REMEMBERED_NODES) this.#nodes = new Map()
    this.#nodes.set(path, node)
    return node
  }

  list(path: string): (readonly [name: ByteText, kind: EntryKind])[] {
    let list = this.#lists.get(path)
    if (list === undefined) {
      const found = this.#host.list(path === '' ? '/' : path)
      if (found === 'missing') throw changed()
      list = []
      for (const [name, kind] of found) list.push([this.#names.encode(name), kind])
      list.sort(([one], [other]) => (one < other ? -1 : 1))
      if (this.#lists.size >= REMEMBERED_NODES) this.#lists = new Map()
      this.#lists.set(path, list)
    }
    return list.slice()
  }

  read(path: string, into: Uint8Array, position: number): number {
    for (let done = 0; done < into.length; ) {
      const piece = this.#pieceAt(path, position + done, into.length - done)
      const start = position + done - piece.offset
      const bytes = piece.bytes.subarray(start, start + into.length - done)
      into.set(bytes, done)
      done += bytes.length
      if (bytes.length === 0 || (piece.isLast && start + bytes.length === piece.bytes.length)) return done
    }
    return into.length
  }

  /** Gives up the memory of what was read last. */
  forgetContent(): void {
    this.#piece = undefined
  }

  #pieceAt(path: string, offset: number, length: number): Piece {
    const last = this.#piece
    if (last?.path === path && offset >= last.offset) {
      const end = last.offset + last.bytes.length
      if (offset < end || last.isLast) return last
    }
    const { sliceBytes } = this.#host
    const wanted = Math.max(Math.min(length, sliceBytes), sliceBytes / 2)
    const bytes = this.#host.read(path, offset, wanted)
    if (typeof bytes === 'string') throw changed()
    this.#piece = { path, offset, bytes, isLast: bytes.length < wanted }
    return this.#piece
  }

  #makeNode(path: string, look: FileLook, parent: Directory, name: ByteText): FileNode | undefined {
    if (look.state === 'missing') return undefined
    if (look.state === 'directory') return this.#makeDirectory(path, look, parent, name)
    const file: RegularFile = {
      kind: 'file',
      ...this.#common(path, look, 0o644),
      read: (into, position) => this.read(path, into, position),
    }
    return file
  }

  #makeDirectory(path: string, look: FileLook, parent: Directory, name: ByteText): Directory {
    const directory: Directory = {
      kind: 'directory',
      ...this.#common(path, { ...look, sizeBytes: 4096 }, 0o755),
      parent,
      name,
      find: child => this.find(directory, path, child),
      list: () => this.list(path),
    }
    return directory
  }

  #common(path: string, { sizeBytes, modifiedMs }: FileLook, permissions: number) {
    const time = timeOfMs(modifiedMs)
    const times: FileTimes = { accessed: time, modified: time, changed: time, born: time }
    const allocatedBytes = Math.ceil(sizeBytes / 4096) * 4096
    const inode = inodeOf(path)
    const volume = this.#volume
    return { volume, inode, permissions, owner: 0, group: 0, linkCount: 1, times, sizeBytes, allocatedBytes }
  }
}

function changed(): FileProblem {
  return new FileProblem('EIO', { hint: CHANGED_HINT })
}

/** The same for a path whenever it is asked for: FNV-1a, kept apart from the numbers given in a row. */
function inodeOf(path: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < path.length; index++) {
    hash = Math.imul(hash ^ path.charCodeAt(index), 0x01000193)
  }
  return 2 ** 32 + (hash >>> 0)
}
