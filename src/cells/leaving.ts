import type { PoolKey } from '../isolate/pool-key.ts'
import { readCpuMs } from './process-usage.ts'
import type { RemoteIsolate } from './remote-isolate.ts'

/**
 * A thread that goes on so long after its isolate was ended is taken for stuck, in milliseconds, if its process has
 * used so much CPU time meanwhile, where the system tells.
 */
const WEDGED_AFTER_MS = 300
const WEDGED_CPU_MS = 200
/** None is while its cell, which is asked every 50 ms and would tell, has said nothing for so long, in milliseconds. */
const SILENT_MS = 150
/** Looks after which it is all the same. */
const MOST_LOOKS = 20

/** Isolates of a cell that were ended and whose thread has not said that it is done. */
export class Leaving {
  readonly #isolates = new Map<number, RemoteIsolate>()
  readonly #pid: () => number | undefined
  readonly #heardMs: () => number
  readonly #onWedged: (key: PoolKey) => void

  /** `heardMs`: when the cell was heard last, on the scale of `performance.now()`. */
  constructor(pid: () => number | undefined, heardMs: () => number, onWedged: (key: PoolKey) => void) {
    this.#pid = pid
    this.#heardMs = heardMs
    this.#onWedged = onWedged
  }

  get size(): number {
    return this.#isolates.size
  }

  get isolates(): Iterable<RemoteIsolate> {
    return this.#isolates.values()
  }

  get(id: number): RemoteIsolate | undefined {
    return this.#isolates.get(id)
  }

  hasAnyOf(key: PoolKey): boolean {
    for (const isolate of this.#isolates.values()) if (isolate.key === key) return true
    return false
  }

  /** Whether nobody else is among them. */
  areAllOf(keys: ReadonlySet<PoolKey>): boolean {
    for (const { key } of this.#isolates.values()) if (key === undefined || !keys.has(key)) return false
    return true
  }

  add(isolate: RemoteIsolate): void {
    this.#isolates.set(isolate.id, isolate)
    this.#checkLater(isolate, readCpuMs(this.#pid()), 1)
  }

  /** Whether it was one of them. */
  delete(isolate: RemoteIsolate): boolean {
    return this.#isolates.delete(isolate.id)
  }

  clear(): void {
    this.#isolates.clear()
  }

  #checkLater(isolate: RemoteIsolate, sinceCpuMs: number | undefined, look: number): void {
    setTimeout(() => this.#check(isolate, sinceCpuMs, look), WEDGED_AFTER_MS).unref()
  }

  #check(isolate: RemoteIsolate, sinceCpuMs: number | undefined, look: number): void {
    if (!this.#isolates.has(isolate.id) || isolate.key === undefined) return
    const cpuMs = readCpuMs(this.#pid())
    const isStarved = cpuMs !== undefined && sinceCpuMs !== undefined && cpuMs - sinceCpuMs < WEDGED_CPU_MS
    const isSilent = performance.now() - this.#heardMs() > SILENT_MS
    if ((isStarved || isSilent) && look < MOST_LOOKS) this.#checkLater(isolate, sinceCpuMs, look + 1)
    else this.#onWedged(isolate.key)
  }
}
