import { FileProblem } from './file-problem.ts'

export interface SpaceLimits {
  /** Bytes of all content together. */
  readonly bytes: number
  /** Files, directories and links together. */
  readonly entries: number
}

/** The room of one `/tmp`, and what is taken of it. */
export class MemorySpace {
  readonly limits: SpaceLimits
  #bytes = 0
  #entries = 0

  constructor(limits: SpaceLimits) {
    this.limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  get entries(): number {
    return this.#entries
  }

  get freeBytes(): number {
    return this.limits.bytes - this.#bytes
  }

  /** Room for one file, directory or link more. Throws ENOSPC. */
  takeEntry(): void {
    if (this.#entries >= this.limits.entries) throw new FileProblem('ENOSPC')
    this.#entries++
  }

  giveEntry(): void {
    this.#entries--
  }

  /** New zeros in place of `old`, which is copied to their front; undefined where there is no room for them. */
  resize(old: Uint8Array | undefined, sizeBytes: number): Uint8Array | undefined {
    const before = old?.length ?? 0
    if (sizeBytes - before > this.freeBytes) return undefined
    const bytes = tryAllocate(sizeBytes)
    if (bytes === undefined) return undefined
    if (old !== undefined) bytes.set(before > sizeBytes ? old.subarray(0, sizeBytes) : old)
    this.#bytes += sizeBytes - before
    return bytes
  }

  give(bytes: Uint8Array): void {
    this.#bytes -= bytes.length
  }
}

/** Content counts in the instance's memory: where that is full, so is the disk. */
function tryAllocate(sizeBytes: number): Uint8Array | undefined {
  try {
    return new Uint8Array(sizeBytes)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
