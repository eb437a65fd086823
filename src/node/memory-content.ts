import { FileProblem } from './file-problem.ts'
import type { MemorySpace } from './memory-space.ts'

/** As large as pieces of content get; and as small, and what sizes are multiples of. */
const BLOCK_BYTES = 64 * 1024
const PAGE_BYTES = 4096
/** ext4's own bound. */
const MAX_SIZE_BYTES = 2 ** 44 - PAGE_BYTES

const { ceil, floor, max, min } = Math

/**
 * The bytes of one file, in blocks: what was never written takes no room, and reads as zeros. Each block but for the
 * one that grows is full, and grows by doubling.
 */
export class MemoryContent {
  readonly #space: MemorySpace
  readonly #blocks = new Map<number, Uint8Array>()
  #sizeBytes = 0
  #allocatedBytes = 0

  constructor(space: MemorySpace) {
    this.#space = space
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get allocatedBytes(): number {
    return this.#allocatedBytes
  }

  /** Fills `into` from `position` on; returns how many bytes there were. */
  read(into: Uint8Array, position: number): number {
    const length = min(into.length, max(0, this.#sizeBytes - position))
    for (let done = 0; done < length; ) {
      const at = position + done
      const index = floor(at / BLOCK_BYTES)
      const start = at - index * BLOCK_BYTES
      const count = min(length - done, BLOCK_BYTES - start)
      const block = this.#blocks.get(index)
      const there = block === undefined ? 0 : min(count, max(0, block.length - start))
      if (there > 0) into.set((block as Uint8Array).subarray(start, start + there), done)
      if (there < count) into.fill(0, done + there, done + count)
      done += count
    }
    return length
  }

  /** Writes as much as there is room for and returns how much that was. Throws ENOSPC where it is nothing. */
  write(from: Uint8Array, position: number): number {
    if (position + from.length > MAX_SIZE_BYTES) throw new FileProblem('EFBIG')
    let done = 0
    while (done < from.length) {
      const at = position + done
      const index = floor(at / BLOCK_BYTES)
      const start = at - index * BLOCK_BYTES
      const block = this.#grow(index, min(BLOCK_BYTES, start + from.length - done))
      const count = min(from.length - done, block.length - start)
      if (count <= 0) break
      block.set(from.subarray(done, done + count), start)
      done += count
    }
    if (done === 0 && from.length > 0) throw new FileProblem('ENOSPC')
    if (done > 0) this.#sizeBytes = max(this.#sizeBytes, position + done)
    return done
  }

  truncate(sizeBytes: number): void {
    if (sizeBytes > MAX_SIZE_BYTES) throw new FileProblem('EFBIG')
    if (sizeBytes < this.#sizeBytes) this.#cut(sizeBytes)
    this.#sizeBytes = sizeBytes
  }

  #cut(sizeBytes: number): void {
    const last = floor(sizeBytes / BLOCK_BYTES)
    const rest = sizeBytes - last * BLOCK_BYTES
    for (const [index, block] of this.#blocks) {
      if (index > last || (index === last && rest === 0)) this.#drop(index, block)
    }
    const block = this.#blocks.get(last)
    if (block === undefined) return
    const kept = min(block.length, ceil(rest / PAGE_BYTES) * PAGE_BYTES)
    // Giving room back takes a copy; where there is no memory for one, the block stays.
    const shorter = kept < block.length ? this.#space.resize(block, kept) : undefined
    if (shorter !== undefined) this.#put(last, shorter, block.length)
    const left = shorter ?? block
    if (rest < left.length) left.fill(0, rest)
  }

  #drop(index: number, block: Uint8Array): void {
    this.#space.give(block)
    this.#allocatedBytes -= block.length
    this.#blocks.delete(index)
  }

  #put(index: number, block: Uint8Array, lengthBefore: number): void {
    this.#blocks.set(index, block)
    this.#allocatedBytes += block.length - lengthBefore
  }

  /** The block with room for `needed` bytes, or with what room there is. */
  #grow(index: number, needed: number): Uint8Array {
    const old = this.#blocks.get(index)
    const before = old?.length ?? 0
    if (old !== undefined && before >= needed) return old
    const pages = ceil(needed / PAGE_BYTES) * PAGE_BYTES
    const wanted = min(BLOCK_BYTES, max(pages, before * 2))
    const most = before + floor(max(0, this.#space.freeBytes) / PAGE_BYTES) * PAGE_BYTES
    const block =
      this.#space.resize(old, wanted) ?? this.#space.resize(old, min(pages, most)) ?? old ?? new Uint8Array(0)
    if (block !== old && block.length > 0) this.#put(index, block, before)
    return block
  }
}
