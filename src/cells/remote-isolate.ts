import type { CompiledProgram } from '../isolate/compile.ts'
import {
  type Entry,
  type GuestIsolate,
  type GuestWindow,
  type IsolateListener,
  type Loss,
  NOBODY,
} from '../isolate/guest-isolate.ts'
import type { HostAnswer } from '../isolate/host-call.ts'
import { BrokenBridge } from '../isolate/incoming.ts'
import type { IsolateKind, PoolKey } from '../isolate/pool-key.ts'
import { WINDOW_BYTES, WINDOW_HEADER_BYTES } from '../protocol/bridge.ts'
import type { FromCell, Problem, ToCell } from '../protocol/cell.ts'
import type { Supplies } from './supplies.ts'

/** What a remote isolate needs of the cell it lives in. */
export interface IsolateHome {
  /** What its process had of memory when that was last told, in bytes. */
  readonly rssBytes: number
  /** Fulfilled when it takes messages, or never will. */
  readonly ready: Promise<void>
  /** Whether it is to take no more work there. */
  isCondemned(isolate: RemoteIsolate): boolean
  post(message: ToCell): void
  readonly supplies: Supplies
  /** It has been told to end, or ended by itself. */
  onDisposed(isolate: RemoteIsolate): void
  /** Its thread is to run; the entry's number in the order of all of that cell. */
  onEnter(): number
  onLeft(isolate: RemoteIsolate): void
}

type Said = Extract<FromCell, readonly [string, number, ...unknown[]]>

/** Stands for the memory that a guest's window is in, which doesn't cross. */
const WINDOW = Symbol('window')
/** How many times its limit a heap is believed to have (native-notes/memory.md). */
const MOST_OVERSHOT = 16
const CAPACITY = WINDOW_BYTES - WINDOW_HEADER_BYTES

/** An isolate that lives in a cell. */
export class RemoteIsolate implements GuestIsolate {
  readonly memoryMb: number
  readonly runtime: IsolateKind['runtime']
  readonly nodeNames: readonly string[]
  readonly id: number
  /** Whose it is, once it has a function. */
  key: PoolKey | undefined
  readonly sharesThread = true
  isReady: boolean
  isDisposed = false
  listener: IsolateListener = NOBODY
  /** The CPU time it was last said to have used, in milliseconds. */
  cpuMs = 0
  /** What its process had of memory, as far as was known, before its thread was to run. */
  homeBytes = 0
  /** When it was entered last, on the scale of `performance.now()`. */
  enteredMs = Number.NEGATIVE_INFINITY
  readonly #home: IsolateHome
  readonly #madeMs = performance.now()
  /** The entries that are under way. */
  readonly #entries: { readonly isQuick: boolean; readonly isFresh: boolean; readonly number: number }[] = []
  readonly #measuring: ((bytes: number | undefined) => void)[] = []

  constructor(id: number, kind: IsolateKind, isSpare: boolean, home: IsolateHome) {
    this.id = id
    this.memoryMb = kind.memoryMb
    this.runtime = kind.runtime
    this.nodeNames = isSpare ? kind.nodeNames : []
    this.isReady = !isSpare
    this.#home = home
  }

  get isCondemned(): boolean {
    return this.#home.isCondemned(this)
  }

  /** Its thread runs, as far as is known. */
  get isEntered(): boolean {
    return this.#entries.length > 0
  }

  /** The number of the first entry that is under way. */
  get enteredAt(): number {
    return this.#entries[0]?.number ?? Number.POSITIVE_INFINITY
  }

  /** It runs on the main thread of its cell, or waits for it. */
  get isOnMainThread(): boolean {
    const [first] = this.#entries
    return first?.isQuick === true && first.isFresh
  }

  /** That its cell has to start first is nobody's time. */
  load(program: CompiledProgram): Promise<void> {
    this.#post(['load', this.id, this.#home.supplies.programOf(program)])
    return this.#home.ready
  }

  enter({ text, buffers, isQuick, isFresh }: Entry): void {
    this.enteredMs = performance.now()
    if (!this.isEntered) this.homeBytes = this.#home.rssBytes
    this.#entries.push({ isQuick, isFresh, number: this.#home.onEnter() })
    this.#post(['enter', this.id, text ?? null, buffers, isQuick, isFresh])
  }

  awaitEnd(): void {
    if (!this.isDisposed)
      this.enter({ text: undefined, buffers: [], isQuick: false, isFresh: false, mayLinger: false })
  }

  readonly letterbox = undefined

  openWindow(shared: unknown): GuestWindow {
    if (shared !== WINDOW) throw new BrokenBridge('A call without the window for its answer.')
    return new RemoteWindow(this.id, this.#home)
  }

  measureHeap(): Promise<number | undefined> {
    if (this.isDisposed) return Promise.resolve(undefined)
    this.#post(['measure', this.id])
    return new Promise(resolve => {
      this.#measuring.push(resolve)
    })
  }

  dispose(): void {
    if (this.isDisposed) return
    this.#post(['dispose', this.id])
    this.isDisposed = true
    this.#home.onDisposed(this)
    this.#giveUpMeasuring()
  }

  /** Its cell says how much CPU time it has used: no less than before, and no more than there was. */
  use(cpuMs: number): void {
    this.cpuMs = Math.max(this.cpuMs, Math.min(cpuMs, performance.now() - this.#madeMs))
  }

  /** What its cell says of it. */
  hear(message: Said): void {
    switch (message[0]) {
      case 'sent':
        this.use(message[4])
        this.listener.onSent(message[2], message[3].map(toBuffer))
        return
      case 'left':
        this.#leave(message[2], message[3], message[4])
        return
      case 'rejected':
        this.listener.onRejection(toError(message[2]))
        return
      case 'died':
        if (this.isDisposed) return
        this.dispose()
        this.listener.onDeath(new Error(message[2]))
        return
      case 'filled':
        this.isReady = true
        return
      case 'measured':
        this.#measuring.shift()?.(this.#bound(message[2]))
        return
      default:
    }
  }

  /** Its cell is gone. */
  lose(loss: Loss): void {
    this.isDisposed = true
    this.#entries.length = 0
    this.#giveUpMeasuring()
    this.listener.onLost(loss)
  }

  #leave(problem: Problem | null, isDead: boolean, cpuMs: number): void {
    const entry = this.#entries.shift()
    // Of one that was never begun a cell may say what it likes.
    if (entry === undefined) return
    this.use(cpuMs)
    const error = problem === null ? undefined : toError(problem)
    if (isDead) this.dispose()
    this.#home.onLeft(this)
    if (!entry.isQuick) this.listener.onLeft(error)
    else if (error !== undefined && isDead) this.listener.onDeath(error)
    else if (error !== undefined) this.listener.onRejection(error)
  }

  /** A cell that lies must not make the host believe that no memory is left for others. */
  #bound(heapBytes: number | null): number | undefined {
    const mostBytes = this.memoryMb * 1_048_576 * MOST_OVERSHOT
    return heapBytes === null ? undefined : Math.min(Math.floor(heapBytes), mostBytes)
  }

  #giveUpMeasuring(): void {
    for (const resolve of this.#measuring.splice(0)) resolve(undefined)
  }

  #post(message: ToCell): void {
    this.#home.post(message)
  }
}

/** The end of an answer's way that the host sees: the cell writes it into the guest's memory. */
class RemoteWindow implements GuestWindow {
  readonly #id: number
  readonly #home: IsolateHome
  #leftBytes = 0

  constructor(id: number, home: IsolateHome) {
    this.#id = id
    this.#home = home
  }

  get isDone(): boolean {
    return this.#leftBytes <= 0
  }

  open(answer: HostAnswer): void {
    const isReply = answer.kind === 'reply'
    const text = isReply ? answer.valueText : answer.errorText
    const content = isReply ? answer.content : undefined
    this.#leftBytes = text.length * 2 + (content?.length ?? 0) - CAPACITY
    this.#home.post(['open', this.#id, isReply, text, content ?? null])
  }

  next(): void {
    this.#leftBytes -= CAPACITY
    this.#home.post(['next', this.#id])
  }
}

function toBuffer(bytes: Uint8Array | null): unknown {
  if (bytes === null) return WINDOW
  const { buffer, byteOffset, length } = bytes
  return byteOffset === 0 && length === buffer.byteLength ? buffer : new Uint8Array(bytes).buffer
}

function toError([name, message]: Problem): Error {
  const error = new Error(message)
  error.name = name
  return error
}
