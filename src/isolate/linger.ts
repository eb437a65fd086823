import { availableParallelism } from 'node:os'
import { Patience } from '../patience.ts'
import { LINGER_MS } from '../protocol/mailbox.ts'
import { ExternalCopy, type SharedCopy } from './ivm.ts'
import { Mailbox } from './mailbox.ts'
import { MAX_UNPAUSED_ENTRIES, maxUnpausedChars } from './pause-bounds.ts'

/** Entries are counted up to this, and from 1 again. */
const MAX_ENTRY = 2 ** 31 - 1

const cores = availableParallelism()
/** Isolates whose threads were asked to stay, the longest ago first. */
const waiting = new Set<Linger>()
/** isolated-vm keeps one thread more than there are cores, and makes one for each entry that finds none. */
const MAX_WAITING = Math.max(cores - 1, 1)

/** What a thread waits with: the memory only the first time. */
export interface LingerRequest {
  readonly entry: number
  readonly memory: SharedCopy | undefined
}

/**
 * Has an isolate's thread stay behind an entry for the next crossing, which it is handed as a letter: to enter costs the
 * host's thread 4 µs, and the call 13; to wake one that has stayed 2 and 9, and less if that is done a moment ahead. It
 * stays asleep: awake, it keeps those from a core that hand over to each other (native-notes/isolated-vm.md).
 */
export class Linger {
  readonly #maxChars: number
  readonly #readCpuMs: () => number
  #mailbox: Mailbox | undefined
  /** The newest entry. */
  #newest = 0
  /** The entry behind which the thread was asked to wait, or 0. */
  #asked = 0
  /** The same, for the entry that is being made. */
  #next = 0
  /** When something crossed last behind which it waits, on the scale of `performance.now()`. */
  #crossedMs = 0
  /** It was woken ahead of it. */
  #isAnnounced = false
  readonly #patience = new Patience()
  /** Time of the isolate when it was heard of since, if it was. */
  #heardCpuMs: number | undefined
  #waitedCpuMs = 0
  /** What its function has used, as it was told last: it never becomes less. */
  #usedMs = 0
  /** What has crossed since the thread left the isolate last. */
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

  /** Time that the isolate has run, without waits, in milliseconds. */
  get usedCpuMs(): number {
    const cpuMs = this.#readCpuMs()
    const waitingMs = this.#hasBegun ? this.#waitingCpuMs(cpuMs, this.#mailbox?.waitedMs) : 0
    this.#usedMs = Math.max(this.#usedMs, cpuMs - this.#waitedCpuMs - waitingMs)
    return this.#usedMs
  }

  /** The guest said something: if it waits, it has done so since. */
  hear(): void {
    if (this.#asked > 0) this.#heardCpuMs = this.#readCpuMs()
  }

  /**
   * Whether the thread is to wait at the end of an entry with so many characters, which is about to be made, and with
   * what. It gets the memory also if there is no place for it: it can leave letters then.
   */
  ask(chars: number): LingerRequest | undefined {
    this.#crossings++
    this.#chars += chars
    if (this.#crossings >= MAX_UNPAUSED_ENTRIES || this.#chars >= this.#maxChars) return undefined
    const hasPlace = this.#findPlace()
    const isFirst = this.#mailbox === undefined
    if (!hasPlace && !isFirst) return undefined
    const entry = this.#advance()
    if (hasPlace) this.#next = entry
    this.#mailbox ??= new Mailbox()
    return { entry, memory: isFirst ? new ExternalCopy(this.#mailbox.memory).copyInto() : undefined }
  }

  /** Ends the wait behind an earlier entry: the new one is in the isolate's queue. */
  release(): void {
    if (this.#hasBegun) this.#noteWait(this.#mailbox?.waitedMs)
    const before = this.#asked
    this.#asked = this.#next
    this.#next = 0
    if (this.#asked === 0) this.#leave()
    else this.#begin()
    this.#mailbox?.turnTo(this.#newest, before)
  }

  /** A crossing comes in a moment: the thread, if it waits, wakes meanwhile. */
  announce(): void {
    if (this.#isAnnounced || this.#asked === 0 || !this.#patience.tries()) return
    this.#isAnnounced = true
    this.#mailbox?.announce(this.#asked)
  }

  /** Hands a crossing to the thread if it waits: no entry needs to be made then. It waits behind the same one again. */
  deliver(text: string): boolean {
    const mailbox = this.#mailbox
    if (mailbox === undefined || this.#asked === 0 || this.#crossings + 1 >= MAX_UNPAUSED_ENTRIES)
      return false
    const { waitedMs } = mailbox
    this.#learn(mailbox.isInVain(this.#asked))
    if (!mailbox.deliver(text, this.#asked)) return false
    this.#crossings++
    this.#noteWait(waitedMs)
    this.#begin()
    return true
  }

  /** The isolate was disposed. */
  close(): void {
    waiting.delete(this)
  }

  /** Its thread leaves the isolate behind the new entry. */
  #leave(): void {
    this.#advance()
    this.#crossings = 0
    this.#chars = 0
    this.close()
  }

  #advance(): number {
    this.#newest = (this.#newest % MAX_ENTRY) + 1
    return this.#newest
  }

  /** False if too many threads stay in their isolates, as far as is known. */
  #findPlace(): boolean {
    if (waiting.size < MAX_WAITING || waiting.has(this)) return true
    for (const other of waiting) if (other.#hasLeft) waiting.delete(other)
    return waiting.size < MAX_WAITING
  }

  get #hasLeft(): boolean {
    return performance.now() - this.#crossedMs > LINGER_MS && !this.#isWaiting
  }

  /** Something crosses behind which it is to wait. */
  #begin(): void {
    this.#heardCpuMs = undefined
    this.#crossedMs = performance.now()
    this.#isAnnounced = false
    waiting.delete(this)
    waiting.add(this)
  }

  /** On the only core there is, who wakes first looks in vain, for who would write the letter. */
  #learn(isInVain: boolean): void {
    if (!this.#isAnnounced) return
    if (isInVain) this.#patience.lose()
    else this.#patience.gain()
  }

  #noteWait(waitedMs: number | undefined): void {
    this.#waitedCpuMs += this.#waitingCpuMs(this.#readCpuMs(), waitedMs)
  }

  /** What it has waited since it was heard of: no more than it says, to the millisecond. */
  #waitingCpuMs(cpuMs: number, waitedMs = 0): number {
    if (this.#heardCpuMs === undefined) return 0
    return Math.min(Math.max(cpuMs - this.#heardCpuMs, 0), waitedMs)
  }

  /** It waits, or has waited and left. */
  get #hasBegun(): boolean {
    return this.#asked > 0 && this.#mailbox?.hasBegun(this.#asked) === true
  }

  get #isWaiting(): boolean {
    return this.#mailbox?.isWaiting(this.#asked) === true
  }
}
