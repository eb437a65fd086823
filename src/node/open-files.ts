import { type ByteText, type FileNode, MemoryFile, type Pipe } from './file-node.ts'
import { FileProblem } from './file-problem.ts'
import { type FileTree, nodeAt } from './file-tree.ts'
import { permissionsFor, truncate, writable } from './tree-changes.ts'

/** Flags of open calls, as on Linux. */
export const OPEN = {
  writeOnly: 0o1,
  readWrite: 0o2,
  create: 0o100,
  exclusive: 0o200,
  truncate: 0o1000,
  append: 0o2000,
  directory: 0o200000,
  noFollow: 0o400000,
  temporary: 0o20000000,
} as const

interface OpenFile {
  readonly node: FileNode
  readonly isReadable: boolean
  readonly isWritable: boolean
  readonly isAppending: boolean
  position: number
}

/** Descriptors. They stay open between the invocations of an instance, as in a process that goes on. */
export class OpenFiles {
  readonly #tree: FileTree
  readonly #most: number
  readonly #open = new Map<number, OpenFile>()

  /**
   * @param most how many may be open at once; one more is EMFILE.
   * @param standard a process's own three: input, output and errors. They don't count.
   */
  constructor(tree: FileTree, most: number, standard: readonly [Pipe, Pipe, Pipe]) {
    this.#tree = tree
    this.#most = most + standard.length
    for (let index = 0; index < standard.length; index++) {
      const node = standard[index] as Pipe
      const isInput = index === 0
      this.#open.set(index, {
        node,
        isReadable: isInput,
        isWritable: !isInput,
        isAppending: false,
        position: 0,
      })
    }
  }

  open(path: ByteText, flags: number, mode: number): number {
    if (this.#open.size >= this.#most) throw new FileProblem('EMFILE')
    const access = flags & 3
    const isWritable = access === OPEN.writeOnly || access === OPEN.readWrite
    const node = this.#find(path, flags, mode, isWritable)
    if (node instanceof MemoryFile) {
      if ((flags & OPEN.truncate) !== 0) truncate(node, 0)
      node.open()
    }
    let descriptor = 0
    while (this.#open.has(descriptor)) descriptor++
    this.#open.set(descriptor, {
      node,
      isReadable: access !== OPEN.writeOnly,
      isWritable,
      isAppending: (flags & OPEN.append) !== 0,
      position: 0,
    })
    return descriptor
  }

  close(descriptor: number): void {
    const { node } = this.#at(descriptor)
    this.#open.delete(descriptor)
    if (node instanceof MemoryFile) node.close()
  }

  node(descriptor: number): FileNode {
    return this.#at(descriptor).node
  }

  /** @param position where to read; undefined for where the descriptor is, which then moves on. */
  read(descriptor: number, into: Uint8Array, position: number | undefined): number {
    const file = this.#at(descriptor)
    if (!file.isReadable) throw new FileProblem('EBADF')
    // Nobody writes to a function's input.
    if (file.node.kind === 'pipe') return atEnd(position)
    if (file.node.kind !== 'file') throw new FileProblem('EISDIR')
    const count = file.node.read(into, position ?? file.position)
    if (position === undefined) file.position += count
    return count
  }

  /** Returns how much was written: less than there is where the room ends. */
  write(descriptor: number, from: Uint8Array, position: number | undefined): number {
    const file = this.#at(descriptor)
    if (!file.isWritable) throw new FileProblem('EBADF')
    if (file.node.kind === 'pipe') return atEnd(position) + file.node.write(from)
    const node = file.node as MemoryFile
    const at = file.isAppending ? node.sizeBytes : (position ?? file.position)
    const count = node.write(from, at)
    if (position === undefined) file.position = at + count
    return count
  }

  truncate(descriptor: number, sizeBytes: number): void {
    const { node, isWritable } = this.#at(descriptor)
    if (!isWritable) throw new FileProblem('EINVAL')
    truncate(node, sizeBytes)
  }

  #at(descriptor: number): OpenFile {
    const file = this.#open.get(descriptor)
    if (file === undefined) throw new FileProblem('EBADF')
    return file
  }

  #find(path: ByteText, flags: number, mode: number, isWritable: boolean): FileNode {
    if ((flags & OPEN.temporary) !== 0) throw new FileProblem('ENOTSUP')
    const isCreating = (flags & OPEN.create) !== 0
    const isExclusive = isCreating && (flags & OPEN.exclusive) !== 0
    if (isCreating && path.length > 1 && path.endsWith('/')) {
      // Linux looks where it stands, and no further: a link there is not followed, wherever it leads.
      this.#tree.place(path.replace(/\/+$/, '') as ByteText, 'kept')
      throw new FileProblem('EISDIR')
    }
    const isFollowed = !isExclusive && (flags & OPEN.noFollow) === 0
    const followed = isCreating ? 'made' : 'followed'
    const place = this.#tree.place(path, isFollowed ? followed : 'kept')
    if (isCreating && (place.isSlashed || place.end !== 'name')) {
      throw new FileProblem(isExclusive && place.node !== undefined && !place.isSlashed ? 'EEXIST' : 'EISDIR')
    }
    if (place.node === undefined && isCreating) {
      const parent = writable(place.parent)
      const made = new MemoryFile(parent.volume, this.#tree.space, permissionsFor(mode))
      parent.put(place.name, made)
      return made
    }
    if (isExclusive) throw new FileProblem('EEXIST')
    const node = nodeAt(place)
    if (node.kind === 'link') throw new FileProblem('ELOOP')
    if (node.kind !== 'directory' && (flags & OPEN.directory) !== 0) throw new FileProblem('ENOTDIR')
    if (node.kind === 'directory' && (isWritable || isCreating)) throw new FileProblem('EISDIR')
    const isChanging = isWritable || (flags & OPEN.truncate) !== 0
    if (isChanging && node.volume.isReadOnly) throw new FileProblem('EROFS')
    return node
  }
}

/** There is no other place in a pipe. */
function atEnd(position: number | undefined): 0 {
  if (position !== undefined) throw new FileProblem('ESPIPE')
  return 0
}
