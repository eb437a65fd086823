import { availableParallelism } from 'node:os'
import { Patience } from '../patience.ts'
import { LINGER_AWAKE, LINGER_BYTES, LINGER_IN_VAIN, LINGER_NEWEST } from '../protocol/bridge.ts'
import { ExternalCopy, type SharedCopy } from './ivm.ts'

/** CPU time of one wait that isn't the function's, at most, in milliseconds: some three times what it takes. */
const LONGEST_CPU_MS = 0.1
/** A thread that still waits after this time was kept from its core: somebody else wants it. In milliseconds. */
const LONGEST_MS = 0.05
/** Isolates of the process whose threads were asked to stay awake, the longest ago first. One core is the host's. */
const awake = new Set<Linger>()
const mostAwake = availableParallelism() - 1

/** What a thread waits with, as arguments of the guest's door. */
export type LingerArguments = [crossing: number] | [crossing: number, shared: SharedCopy]

/**
 * Has an isolate's thread stay awake behind a crossing for the next one, as long as that tends to come within 30 µs: to
 * wake it costs the host's thread 10 µs and more, and the call twice that (native-notes/isolated-vm.md). What entries
 * carried is freed when the thread sleeps: it does at the latest behind the next turn that isn't quick (batching.ts).
 */
export class Linger {
  readonly #patience = new Patience()
  #view: Int32Array | undefined
  #newest = 0
  /** The crossing behind which the thread was asked to wait, if it is the newest; else 0. */
  #asked = 0
  /** When the isolate was last heard of, and its CPU time then. */
  #heardMs = 0
  #heardCpuMs = 0
  #waitedCpuMs = 0
  /** Of `cpuMs`, the isolate's, what it did other than wait. */
  subtract(cpuMs: number): number {
    return cpuMs - this.#waitedCpuMs - this.#waitingCpuMs(cpuMs)
  }

  /** The guest said something: if it waits, it has done so since. */
  hear(readCpuMs: () => number): void {
    if (this.#asked === 0) return
    this.#heardMs = performance.now()
    this.#heardCpuMs = readCpuMs()
  }

  /** The next crossing is about to begin. */
  meet(readCpuMs: () => number): void {
    if (this.#asked > 0) this.#judge(readCpuMs())
    this.#asked = 0
  }

  /** Whether the thread is to wait behind the entries that have crossed, and with what. */
  ask(): LingerArguments | undefined {
    if (mostAwake < 1 || !this.#patience.tries()) return undefined
    this.#asked = ++this.#newest
    this.#makeRoom()
    if (this.#view !== undefined) return [this.#asked]
    const shared = new SharedArrayBuffer(LINGER_BYTES)
    this.#view = new Int32Array(shared)
    return [this.#asked, new ExternalCopy(shared).copyInto()]
  }

  /** Ends the wait behind an earlier crossing: what comes next is in the isolate's queue. */
  release(): void {
    if (this.#view === undefined) return
    if (this.#asked === 0) {
      this.#newest++
      awake.delete(this)
    }
    Atomics.store(this.#view, LINGER_NEWEST, this.#newest)
  }

  /** The isolate was disposed. */
  close(): void {
    awake.delete(this)
  }

  #makeRoom(): void {
    awake.delete(this)
    if (awake.size >= mostAwake) {
      const [longest] = awake
      if (longest !== undefined) longest.#end()
    }
    awake.add(this)
  }

  /** Others need the core: it waits no longer, and has waited in vain. */
  #end(): void {
    awake.delete(this)
    if (this.#view === undefined || this.#asked === 0) return
    Atomics.store(this.#view, LINGER_IN_VAIN, this.#asked)
    Atomics.store(this.#view, LINGER_NEWEST, ++this.#newest)
  }

  #judge(cpuMs: number): void {
    const isInTime = this.#isAwake && performance.now() - this.#heardMs < LONGEST_MS
    if (isInTime) this.#patience.gain()
    else if (this.#isAwake || this.#isInVain) this.#patience.lose()
    this.#waitedCpuMs += this.#waitingCpuMs(cpuMs)
  }

  #waitingCpuMs(cpuMs: number): number {
    if (this.#asked === 0 || !(this.#isAwake || this.#isInVain)) return 0
    return Math.min(Math.max(cpuMs - this.#heardCpuMs, 0), LONGEST_CPU_MS)
  }

  get #isAwake(): boolean {
    return this.#read(LINGER_AWAKE) === this.#asked
  }

  get #isInVain(): boolean {
    return this.#read(LINGER_IN_VAIN) === this.#asked
  }

  #read(index: number): number {
    return this.#view === undefined ? 0 : Atomics.load(this.#view, index)
  }
}
