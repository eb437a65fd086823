import type { EntryKind, FileNode } from './file-node.ts'

const KIND_BITS: Readonly<Record<EntryKind, number>> = {
  file: 0o100000,
  directory: 0o040000,
  link: 0o120000,
  pipe: 0o010000,
}
/** libuv's numbers of the kinds of directory entries. */
const ENTRY_TYPES: Readonly<Record<EntryKind, number>> = { file: 1, directory: 2, link: 3, pipe: 4 }
const BLOCK_BYTES = 4096
/** What tmpfs says of itself. */
const TMPFS_MAGIC = 0x01021994

export function entryType(kind: EntryKind): number {
  return ENTRY_TYPES[kind]
}

/** The 18 numbers of which Node makes a Stats. */
export function statsOf(node: FileNode, isBig: boolean): Float64Array | BigInt64Array {
  const { volume, inode, permissions, linkCount, owner, group, sizeBytes, allocatedBytes, times } = node
  const { accessed, modified, changed, born } = times
  const mode = KIND_BITS[node.kind] | permissions
  const blocks = allocatedBytes / 512
  return numbers(
    [
      ...[volume.device, mode, linkCount, owner, group, 0, BLOCK_BYTES, inode, sizeBytes, blocks],
      ...[accessed.seconds, accessed.nanoseconds, modified.seconds, modified.nanoseconds],
      ...[changed.seconds, changed.nanoseconds, born.seconds, born.nanoseconds],
    ],
    isBig,
  )
}

/** The 8 numbers of which Node makes a StatFs. A volume that nobody writes is full. */
export function volumeStatsOf({ volume }: FileNode, isBig: boolean): Float64Array | BigInt64Array {
  const { space } = volume
  const blocks = space === undefined ? 0 : Math.floor(space.limits.bytes / BLOCK_BYTES)
  const free = space === undefined ? 0 : Math.floor(space.freeBytes / BLOCK_BYTES)
  const files = space?.limits.entries ?? 0
  const freeFiles = space === undefined ? 0 : files - space.entries
  return numbers([TMPFS_MAGIC, BLOCK_BYTES, BLOCK_BYTES, blocks, free, free, files, freeFiles], isBig)
}

function numbers(list: readonly number[], isBig: boolean): Float64Array | BigInt64Array {
  const array = isBig ? new BigInt64Array(list.length) : new Float64Array(list.length)
  for (let index = 0; index < list.length; index++) {
    const value = list[index] as number
    array[index] = isBig ? BigInt(Math.trunc(value)) : value
  }
  return array
}
