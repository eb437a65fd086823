import { FileProblem } from './file-problem.ts'
import { type FileTimes, timesNow, touch } from './file-time.ts'
import { MemoryContent } from './memory-content.ts'
import type { MemorySpace } from './memory-space.ts'

/** Names, and the targets of links, are binary strings: one character for each byte of their UTF-8. */
export type ByteText = string

/** What one mount has in common. */
export interface Volume {
  readonly device: number
  readonly isReadOnly: boolean
  /** Undefined where nothing is ever written. */
  readonly space: MemorySpace | undefined
}

export type EntryKind = 'file' | 'directory' | 'link' | 'pipe'

interface NodeBase {
  readonly kind: EntryKind
  readonly volume: Volume
  readonly inode: number
  /** Permission bits, without those of the kind. */
  permissions: number
  owner: number
  group: number
  linkCount: number
  readonly times: FileTimes
  readonly sizeBytes: number
  readonly allocatedBytes: number
}

export interface RegularFile extends NodeBase {
  readonly kind: 'file'
  /** Fills `into` from `position` on; returns how many bytes there were. */
  read(into: Uint8Array, position: number): number
}

export interface Directory extends NodeBase {
  readonly kind: 'directory'
  /** The root's is the root; that of a directory that was removed is undefined. */
  parent: Directory | undefined
  name: ByteText
  find(name: ByteText): FileNode | undefined
  /** In the order of the names' bytes. */
  list(): (readonly [name: ByteText, kind: EntryKind])[]
}

export interface Link extends NodeBase {
  readonly kind: 'link'
  readonly target: ByteText
}

/** One end of what leads out of the function: it has no place in the tree. */
export interface Pipe extends NodeBase {
  readonly kind: 'pipe'
  write(from: Uint8Array): number
}

export type FileNode = RegularFile | Directory | Link | Pipe

let lastInode = 1

abstract class MemoryNode {
  readonly volume: Volume
  readonly inode: number
  readonly times = timesNow()
  permissions: number
  owner = 0
  group = 0
  linkCount = 1

  constructor(volume: Volume, permissions: number) {
    volume.space?.takeEntry()
    lastInode++
    this.inode = lastInode
    this.volume = volume
    this.permissions = permissions
  }

  get allocatedBytes(): number {
    return 0
  }

  /** A name of it is gone. */
  unlink(): void {
    this.linkCount--
    touch(this.times, false)
    if (this.linkCount === 0) this.volume.space?.giveEntry()
  }
}

/** A file in memory. Its bytes are kept as long as it has a name or is open. */
export class MemoryFile extends MemoryNode implements RegularFile {
  readonly kind = 'file'
  readonly #content: MemoryContent
  #openCount = 0

  constructor(volume: Volume, space: MemorySpace, permissions: number) {
    super(volume, permissions)
    this.#content = new MemoryContent(space)
  }

  get sizeBytes(): number {
    return this.#content.sizeBytes
  }

  override get allocatedBytes(): number {
    return this.#content.allocatedBytes
  }

  read(into: Uint8Array, position: number): number {
    return this.#content.read(into, position)
  }

  write(from: Uint8Array, position: number): number {
    const count = this.#content.write(from, position)
    if (count > 0) touch(this.times, true)
    return count
  }

  truncate(sizeBytes: number): void {
    this.#content.truncate(sizeBytes)
    touch(this.times, true)
  }

  open(): void {
    this.#openCount++
  }

  close(): void {
    this.#openCount--
    this.#letGo()
  }

  override unlink(): void {
    super.unlink()
    this.#letGo()
  }

  #letGo(): void {
    if (this.linkCount === 0 && this.#openCount === 0) this.#content.truncate(0)
  }
}

export class MemoryLink extends MemoryNode implements Link {
  readonly kind = 'link'
  readonly target: ByteText

  constructor(volume: Volume, target: ByteText) {
    super(volume, 0o777)
    this.target = target
  }

  get sizeBytes(): number {
    return this.target.length
  }
}

export class MemoryDirectory extends MemoryNode implements Directory {
  readonly kind = 'directory'
  readonly #entries = new Map<ByteText, FileNode>()
  parent: Directory | undefined
  name: ByteText

  constructor(volume: Volume, permissions: number, parent: Directory | undefined, name: ByteText) {
    super(volume, permissions)
    this.linkCount = 2
    this.parent = parent ?? this
    this.name = name
  }

  get sizeBytes(): number {
    return 4096
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  find(name: ByteText): FileNode | undefined {
    return this.#entries.get(name)
  }

  list(): (readonly [name: ByteText, kind: EntryKind])[] {
    const list: (readonly [name: ByteText, kind: EntryKind])[] = []
    for (const [name, { kind }] of this.#entries) list.push([name, kind])
    return list.sort(byName)
  }

  /** Gives a node a name here, in place of whatever had it. Throws ENOENT in a directory that was removed. */
  put(name: ByteText, node: FileNode): void {
    if (this.parent === undefined) throw new FileProblem('ENOENT')
    this.#entries.set(name, node)
    if (node.kind === 'directory') {
      this.linkCount++
      node.parent = this
      node.name = name
    }
    touch(this.times, true)
  }

  take(name: ByteText): void {
    if (this.#entries.get(name)?.kind === 'directory') this.linkCount--
    this.#entries.delete(name)
    touch(this.times, true)
  }

  /** It was removed, being empty. */
  remove(): void {
    this.parent = undefined
    this.linkCount = 0
    this.volume.space?.giveEntry()
  }
}

function byName([one]: readonly [ByteText, EntryKind], [other]: readonly [ByteText, EntryKind]): number {
  return one < other ? -1 : 1
}
