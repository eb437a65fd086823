import { availableParallelism } from 'node:os'
import { Patience } from '../patience.ts'
import { LINGER_AWAKE, LINGER_BYTES, LINGER_IN_VAIN, LINGER_NEWEST } from '../protocol/bridge.ts'
import { ExternalCopy, type SharedCopy } from './ivm.ts'
import { MAX_UNPAUSED_ENTRIES, maxUnpausedChars } from './pause-bounds.ts'

/** CPU time of one wait that isn't the function's, at most, in milliseconds: some three times what it takes. */
const LONGEST_CPU_MS = 0.1
/** A thread that still waits after this time was kept from its core: somebody else wants it. In milliseconds. */
const LONGEST_MS = 0.05
/** Crossings are counted up to this, and from 1 again. */
const MAX_CROSSING = 2 ** 31 - 1

/** Isolates of the process whose threads were asked to stay awake, the longest ago first. One core is the host's. */
const awake = new Set<Linger>()
const mostAwake = availableParallelism() - 1

/** What a thread waits with: the memory only the first time. */
export interface LingerRequest {
  readonly crossing: number
  readonly shared: SharedCopy | undefined
}

/**
 * Has an isolate's thread stay awake behind a crossing for the next one, as long as that tends to come within 30 µs: to
 * wake it costs the host's thread 10 µs and more, and the call twice that (native-notes/isolated-vm.md).
 */
export class Linger {
  readonly #maxChars: number
  readonly #patience = new Patience()
  #view: Int32Array | undefined
  /** The newest crossing, for the guest. */
  #newest = 0
  /** The crossing behind which the thread was asked to wait, or 0. */
  #asked = 0
  /** The same, for the crossing that is being made. */
  #next = 0
  /** When the isolate was heard of since it was asked, and its CPU time then. */
  #heardMs = 0
  #heardCpuMs = 0
  #waitedCpuMs = 0
  /** What its function has used, as it was told last: it never becomes less. */
  #usedMs = 0
  /** What has crossed since the thread slept last. */
  #entries = 0
  #chars = 0

  constructor(memoryMb: number) {
    this.#maxChars = maxUnpausedChars(memoryMb)
  }

  /** Of `cpuMs`, the isolate's, what it did other than wait. */
  subtract(cpuMs: number): number {
    this.#usedMs = Math.max(this.#usedMs, cpuMs - this.#waitedCpuMs - this.#waitingCpuMs(cpuMs))
    return this.#usedMs
  }

  /** The guest said something: if it waits, it has done so since. */
  hear(readCpuMs: () => number): void {
    if (this.#asked === 0) return
    this.#heardMs = performance.now()
    this.#heardCpuMs = readCpuMs()
  }

  /** Whether the thread is to wait at the end of an entry with so many characters, which is about to be made, and with what. */
  ask(chars: number): LingerRequest | undefined {
    this.#entries++
    this.#chars += chars
    const isFull = this.#entries >= MAX_UNPAUSED_ENTRIES || this.#chars >= this.#maxChars
    if (isFull || mostAwake < 1 || !this.#patience.tries()) return undefined
    this.#next = this.#advance()
    this.#makeRoom()
    if (this.#view !== undefined) return { crossing: this.#next, shared: undefined }
    const shared = new SharedArrayBuffer(LINGER_BYTES)
    this.#view = new Int32Array(shared)
    return { crossing: this.#next, shared: new ExternalCopy(shared).copyInto() }
  }

  /** Ends the wait behind an earlier crossing: the new one is in the isolate's queue. */
  release(readCpuMs: () => number): void {
    if (this.#asked > 0) this.#judge(readCpuMs())
    if (this.#next === 0) this.#sleepNext()
    if (this.#view !== undefined) Atomics.store(this.#view, LINGER_NEWEST, this.#newest)
    this.#asked = this.#next
    this.#next = 0
    this.#heardMs = 0
  }

  /** The isolate was disposed. */
  close(): void {
    awake.delete(this)
  }

  /** Its thread sleeps behind the new crossing. */
  #sleepNext(): void {
    this.#advance()
    this.#noteSleep()
    awake.delete(this)
  }

  #noteSleep(): void {
    this.#entries = 0
    this.#chars = 0
  }

  #advance(): number {
    this.#newest = (this.#newest % MAX_CROSSING) + 1
    return this.#newest
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
    Atomics.store(this.#view, LINGER_NEWEST, this.#advance())
  }

  /** One that had not begun when the new crossing was made has been neither. */
  #judge(cpuMs: number): void {
    if (this.#heardMs === 0) return
    if (this.#isAwake && performance.now() - this.#heardMs < LONGEST_MS) this.#patience.gain()
    else if (this.#isAwake || this.#isInVain) this.#patience.lose()
    this.#waitedCpuMs += this.#waitingCpuMs(cpuMs)
    if (this.#isInVain) this.#noteSleep()
  }

  #waitingCpuMs(cpuMs: number): number {
    if (this.#heardMs === 0 || !(this.#isAwake || this.#isInVain)) return 0
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
