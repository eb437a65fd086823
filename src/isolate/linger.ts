import { availableParallelism } from 'node:os'
import { Patience } from '../patience.ts'
import { ExternalCopy, type SharedCopy } from './ivm.ts'
import { Mailbox } from './mailbox.ts'
import { MAX_UNPAUSED_ENTRIES, maxUnpausedChars } from './pause-bounds.ts'

/** CPU time of one wait that isn't the function's, at most, in milliseconds: some three times what it takes. */
const LONGEST_CPU_MS = 0.3
/** A thread that still waits after this time was kept from its core: somebody else wants it. In milliseconds. */
const LONGEST_MS = 0.15
/** Entries are counted up to this, and from 1 again. */
const MAX_ENTRY = 2 ** 31 - 1

/** Isolates of the process whose threads were asked to stay awake, the longest ago first. One core is the host's. */
const awake = new Set<Linger>()
const mostAwake = availableParallelism() - 1

/** What a thread waits with: the memory only the first time. */
export interface LingerRequest {
  readonly entry: number
  readonly memory: SharedCopy | undefined
}

/**
 * Has an isolate's thread stay awake behind an entry for the next crossing, as long as that tends to come within 0.1 ms: to
 * wake it costs the host's thread 10 µs and more, and the call twice that. While it waits it is handed letters
 * (native-notes/isolated-vm.md).
 */
export class Linger {
  readonly #maxChars: number
  readonly #readCpuMs: () => number
  readonly #patience = new Patience()
  #mailbox: Mailbox | undefined
  /** The newest entry. */
  #newest = 0
  /** The entry behind which the thread was asked to wait, or 0. */
  #asked = 0
  /** The same, for the entry that is being made. */
  #next = 0
  /** When the isolate was heard of since something crossed last, and its CPU time then. */
  #heardMs = 0
  #heardCpuMs = 0
  #waitedCpuMs = 0
  /** What its function has used, as it was told last: it never becomes less. */
  #usedMs = 0
  /** What has crossed since the thread slept last. */
  #crossings = 0
  #chars = 0

  /** @param readCpuMs Of the isolate, waits included. */
  constructor(memoryMb: number, readCpuMs: () => number) {
    this.#maxChars = maxUnpausedChars(memoryMb)
    this.#readCpuMs = readCpuMs
  }

  /** What it shares with the guest, once it has been asked to wait. */
  get mailbox(): Mailbox | undefined {
    return this.#mailbox
  }

  /** CPU time of what the isolate did other than wait, in milliseconds. */
  get usedCpuMs(): number {
    const cpuMs = this.#readCpuMs()
    const isWaiting = this.#isAwake || this.#isInVain
    const usedMs = cpuMs - this.#waitedCpuMs - (isWaiting ? this.#waitingCpuMs(cpuMs) : 0)
    this.#usedMs = Math.max(this.#usedMs, usedMs)
    return this.#usedMs
  }

  /** The guest said something: if it waits, it has done so since. */
  hear(): void {
    if (this.#asked === 0) return
    this.#heardMs = performance.now()
    this.#heardCpuMs = this.#readCpuMs()
  }

  /** Whether the thread is to wait at the end of an entry with so many characters, which is about to be made, and with what. */
  ask(chars: number): LingerRequest | undefined {
    this.#crossings++
    this.#chars += chars
    const isFull = this.#crossings >= MAX_UNPAUSED_ENTRIES || this.#chars >= this.#maxChars
    if (isFull || mostAwake < 1 || !this.#patience.tries()) return undefined
    this.#next = this.#advance()
    this.#makeRoom()
    if (this.#mailbox !== undefined) return { entry: this.#next, memory: undefined }
    this.#mailbox = new Mailbox()
    return { entry: this.#next, memory: new ExternalCopy(this.#mailbox.memory).copyInto() }
  }

  /** Ends the wait behind an earlier entry: the new one is in the isolate's queue. */
  release(): void {
    if (this.#asked > 0) this.#judge()
    if (this.#next === 0) this.#sleepNext()
    if (this.#mailbox !== undefined) this.#mailbox.newest = this.#newest
    this.#asked = this.#next
    this.#next = 0
    this.#heardMs = 0
  }

  /** Hands a crossing to the thread if it is awake: no entry needs to be made then. It waits behind the same one again. */
  deliver(text: string): boolean {
    if (this.#asked === 0 || this.#crossings + 1 >= MAX_UNPAUSED_ENTRIES) return false
    if (this.#mailbox?.deliver(text, this.#asked) !== true) return false
    this.#crossings++
    if (awake.delete(this)) awake.add(this)
    if (this.#heardMs === 0) return true
    this.#patience.gain()
    this.#waitedCpuMs += this.#waitingCpuMs(this.#readCpuMs())
    this.#heardMs = 0
    return true
  }

  /** The isolate was disposed. */
  close(): void {
    awake.delete(this)
  }

  /** Its thread sleeps behind the new entry. */
  #sleepNext(): void {
    this.#advance()
    this.#noteSleep()
    awake.delete(this)
  }

  #noteSleep(): void {
    this.#crossings = 0
    this.#chars = 0
  }

  #advance(): number {
    this.#newest = (this.#newest % MAX_ENTRY) + 1
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
    if (this.#mailbox === undefined || this.#asked === 0) return
    this.#mailbox.noteInVain(this.#asked)
    this.#mailbox.newest = this.#advance()
  }

  /** One that had not begun when the new entry was made has been neither. */
  #judge(): void {
    if (this.#heardMs === 0) return
    const isInVain = this.#isInVain
    if (!isInVain && !this.#isAwake) return
    if (!isInVain && performance.now() - this.#heardMs < LONGEST_MS) this.#patience.gain()
    else this.#patience.lose()
    this.#waitedCpuMs += this.#waitingCpuMs(this.#readCpuMs())
    if (isInVain) this.#noteSleep()
  }

  #waitingCpuMs(cpuMs: number): number {
    if (this.#heardMs === 0) return 0
    return Math.min(Math.max(cpuMs - this.#heardCpuMs, 0), LONGEST_CPU_MS)
  }

  get #isAwake(): boolean {
    return this.#mailbox?.isAwake(this.#asked) === true
  }

  get #isInVain(): boolean {
    return this.#mailbox?.isInVain(this.#asked) === true
  }
}
