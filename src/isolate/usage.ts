import type { NativeIsolate } from './ivm.ts'
import { sharedTextBytes } from './snapshot.ts'

/** What an isolate has used. A disposed isolate no longer tells: its last figures stand. */
export class Usage {
  readonly #isolate: NativeIsolate
  #cpuNs = 0n
  #beginNs = 0n
  #splitNs = 0n
  #heapBytes = 0

  constructor(isolate: NativeIsolate) {
    this.#isolate = isolate
  }

  /** The heap when last measured, buffers outside it included, in bytes. */
  get heapBytes(): number {
    return this.#heapBytes
  }

  /** CPU time from `begin()` to the last reading, in milliseconds. */
  get totalCpuMs(): number {
    return Number(this.#cpuNs - this.#beginNs) / 1e6
  }

  /** Counts from the last reading on; from now on if there was none, since nobody is to pay for the making. */
  begin(): void {
    this.#beginNs = this.#cpuNs === 0n ? this.read() : this.#cpuNs
    this.#splitNs = this.#beginNs
  }

  /** CPU time since `begin()` or the last `split()`, in milliseconds. */
  cpuMs(): number {
    return Number(this.read() - this.#splitNs) / 1e6
  }

  /** The same, and counts from here on. */
  split(): number {
    const usedMs = this.cpuMs()
    this.#splitNs = this.#cpuNs
    return usedMs
  }

  read(): bigint {
    if (!this.#isolate.isDisposed) this.#cpuNs = this.#isolate.cpuTime
    return this.#cpuNs
  }

  /** Measures the heap on the isolate's own thread. An isolate that dies meanwhile keeps its last figure. */
  async measureHeap(): Promise<void> {
    if (this.#isolate.isDisposed) return
    try {
      const heap = await this.#isolate.getHeapStatistics()
      // Texts that all isolates share are nobody's.
      const ownBytes = Math.max(heap.externally_allocated_size - sharedTextBytes(), 0)
      this.#heapBytes = heap.used_heap_size + ownBytes
    } catch (error) {
      if (!this.#isolate.isDisposed) throw error
    }
  }
}
