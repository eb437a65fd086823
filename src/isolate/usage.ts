import type { GuestIsolate } from './guest-isolate.ts'

/** What an isolate has used. */
export class Usage {
  readonly #isolate: GuestIsolate
  #cpuMs = 0
  #beginMs = 0
  #splitMs = 0
  #heapBytes = 0

  constructor(isolate: GuestIsolate) {
    this.#isolate = isolate
  }

  /** The heap when last measured, buffers outside it included, in bytes. */
  get heapBytes(): number {
    return this.#heapBytes
  }

  /** CPU time from `begin()` to the last reading, in milliseconds. */
  get totalCpuMs(): number {
    return this.#cpuMs - this.#beginMs
  }

  /** Counts from the last reading on; from now on if there was none, since nobody is to pay for the making. */
  begin(): void {
    this.#beginMs = this.#cpuMs === 0 ? this.read() : this.#cpuMs
    this.#splitMs = this.#beginMs
  }

  /** CPU time since `begin()` or the last `split()`, in milliseconds. */
  cpuMs(): number {
    return this.read() - this.#splitMs
  }

  /** The same, and counts from here on. */
  split(): number {
    const usedMs = this.cpuMs()
    this.#splitMs = this.#cpuMs
    return usedMs
  }

  read(): number {
    this.#cpuMs = this.#isolate.cpuMs
    return this.#cpuMs
  }

  /** Measures the heap on the isolate's own thread. An isolate that dies meanwhile keeps its last figure. */
  async measureHeap(): Promise<void> {
    this.#heapBytes = (await this.#isolate.measureHeap()) ?? this.#heapBytes
  }
}
