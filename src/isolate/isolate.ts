import {
  DOOR,
  PLACES,
  PRELOAD_NODE,
  PROGRAM_SCRIPT,
  RUNTIME_SCRIPT,
  SEND,
  TO_THE_END,
} from '../protocol/bridge.ts'
import { joinText } from '../protocol/text-pieces.ts'
import { AnswerWindow } from './answer-window.ts'
import { runtimePackages, sharedTextBytes } from './bundles.ts'
import type { CompiledProgram } from './compile.ts'
import { carry, type DoorArguments, type DoorIn } from './door.ts'
import { takeEndingThread } from './ending-threads.ts'
import {
  type Entry,
  type GuestIsolate,
  type GuestWindow,
  type IsolateListener,
  type Letterbox,
  NOBODY,
} from './guest-isolate.ts'
import { Callback, Isolate, type NativeContext, type NativeIsolate } from './ivm.ts'
import { Linger } from './linger.ts'
import { forgetIsolate, rememberIsolate } from './living-isolates.ts'
import { nativeOf } from './native-program.ts'
import type { IsolateKind } from './pool-key.ts'
import { namesLeft } from './runtime-kind.ts'
import { runtimeSnapshot } from './snapshot.ts'
import { watchThread } from './thread-watch.ts'

export interface LocalOptions {
  /**
   * Enters for quick turns of fresh invocations on the calling thread, which must serve nobody else. A turn that isn't
   * over after so many milliseconds ends the isolate, and nothing of what it said is heard.
   */
  readonly quickLimitMs?: number
  /** It is ended by force, or was by V8, and gives its memory back from now on: until it has, no isolate can be made. */
  readonly onClearing?: () => void
}

/**
 * Programs up to this length, in UTF-16 units, are compiled and run in one trip to the isolate's thread: their
 * functions are compiled lazily, so that a code cache saves less than the second trip costs
 * (native-notes/snapshot.md).
 */
const EVAL_CHARS = 8 * 1024
const NO_ARGS: [] = []
/** CPU time is read once in so long, in milliseconds: to read it takes a good part of that. */
const SAME_MS = 0.005
/** What isolated-vm says of an entry that took too long. */
const TIMED_OUT = /^Script execution timed out/

type Sent = readonly [text: unknown, buffers: readonly unknown[]]

/** An isolate of this process. */
export class LocalIsolate implements GuestIsolate {
  readonly memoryMb: number
  readonly runtime: IsolateKind['runtime']
  readonly nodeNames: readonly string[]
  readonly isCondemned = false
  readonly sharesThread = false
  readonly letterbox: Letterbox = {
    announce: () => this.#linger.announce(),
    open: () => this.#linger.mailbox?.open(),
    collect: () => this.#collect(true),
    close: () => this.#linger.mailbox?.close() !== false,
  }
  listener: IsolateListener = NOBODY
  readonly #isolate: NativeIsolate
  readonly #context: NativeContext
  readonly #doorIn: DoorIn
  readonly #entersHere: boolean
  readonly #options: LocalOptions
  #isReady = true
  /** What the guest has said in the turn under way on this thread. */
  #held: Sent[] | undefined
  /** Entries that V8 will tell the end of. */
  #awaitedCount = 0
  #cpuMs = 0
  #cpuReadMs = 0
  readonly #linger: Linger
  /** Times the guest has called back. */
  #calledBack = 0

  /**
   * Makes an isolate from the runtime snapshot, with one context, the callback of its own and its door in, all on this
   * thread: V8 makes the isolate here anyway, and what is left is less than a trip to another thread costs.
   */
  constructor({ memoryMb, runtime, nodeNames }: IsolateKind, options: LocalOptions = {}) {
    this.memoryMb = memoryMb
    this.runtime = runtime
    this.nodeNames = nodeNames
    this.#entersHere = options.quickLimitMs !== undefined
    this.#options = options
    this.#linger = new Linger(memoryMb, this.#readCpuMs)
    // Texts that all isolates share count in each one's limit; what a function may take is beside them.
    const limitMb = memoryMb + Math.ceil(sharedTextBytes() / 1_048_576)
    this.#isolate = new Isolate({ memoryLimit: limitMb, snapshot: runtimeSnapshot(runtime) })
    rememberIsolate(this.#isolate)
    try {
      this.#context = this.#isolate.createContextSync()
      this.#doorIn = this.#context.global.getSync(DOOR, { reference: true }) as DoorIn
      const receive = (text: unknown, ...rest: unknown[]): void => this.#receive(text, rest)
      // What a guest says while this thread runs it has to be heard before the entry is over.
      const call = this.#entersHere ? { sync: true as const } : { ignored: true as const }
      this.#context.global.setSync(SEND, new Callback(receive, call))
      for (const [name, text] of runtimePackages()) this.#context.global.setSync(name, text.copyInto())
    } catch (error) {
      this.dispose()
      throw error
    }
  }

  get isReady(): boolean {
    return this.#isReady
  }

  get isDisposed(): boolean {
    return this.#isolate.isDisposed
  }

  /** An entry is under way of which the end will be told. */
  get isEntered(): boolean {
    return this.#awaitedCount > 0
  }

  get cpuMs(): number {
    return this.#linger.usedCpuMs
  }

  readonly #readCpuMs = (): number => {
    const nowMs = performance.now()
    if (nowMs - this.#cpuReadMs < SAME_MS) return this.#cpuMs
    this.#cpuReadMs = nowMs
    try {
      this.#cpuMs = Number(this.#isolate.cpuTime) / 1e6
    } catch (error) {
      // Asked first, three times a call, it would cost as much again.
      if (!this.#isolate.isDisposed) throw error
    }
    return this.#cpuMs
  }

  /**
   * Makes a spare of it: its thread has been in it once, and what its kind names of Node's library is evaluated before
   * whatever enters it.
   */
  preload(onReady: () => void = () => {}): void {
    const names = namesLeft(this.runtime, this.nodeNames)
    const preload = `${PRELOAD_NODE}(${JSON.stringify(names)})`
    if (names.length === 0) {
      // Takes no time that anyone would wait for.
      this.#context.evalIgnored(preload, { filename: RUNTIME_SCRIPT })
      onReady()
      return
    }
    this.#isReady = false
    const become = (): void => {
      this.#isReady = true
      onReady()
    }
    // An isolate that dies of it is found disposed by whoever wants it.
    this.#context.eval(preload, { filename: RUNTIME_SCRIPT }).then(become, become)
  }

  /**
   * Entries run in their order, and two that stand in the queue together take one trip to the isolate's thread: the
   * first invocation need not wait until the program is loaded.
   */
  async load(program: CompiledProgram): Promise<void> {
    const { source } = program
    const { cachedData, places } = nativeOf(program)
    if (places !== undefined) this.#context.global.setSync(PLACES, places.copyInto())
    if (source.length <= EVAL_CHARS) {
      // It was compiled at deploy, and what its start throws the guest says: to hear of its end would take a wake more.
      this.#context.evalIgnored(source, { filename: PROGRAM_SCRIPT })
      return
    }
    try {
      const script = await this.#isolate.compileScript(source, {
        filename: PROGRAM_SCRIPT,
        ...(cachedData === undefined ? undefined : { cachedData }),
      })
      script.run(this.#context).catch((error: unknown) => this.listener.onDeath(error))
      script.release()
    } catch (error) {
      this.dispose()
      throw error
    }
  }

  /** Whether the end will be told. */
  enter({ text, buffers, isQuick, isFresh, mayLinger }: Entry): boolean {
    if (this.#isolate.isDisposed) return false
    if (mayLinger && text !== undefined && buffers.length === 0 && this.#linger.deliver(text)) return false
    const wait = mayLinger ? this.#linger.ask(text?.length ?? 0) : undefined
    const args = text === undefined ? NO_ARGS : carry(text, buffers, wait)
    // On this thread only if its own is idle, for which this one would have to wait.
    const isHere = isQuick && isFresh && this.#entersHere && this.#awaitedCount === 0
    const isAwaited = !isHere && (!isQuick || this.#entersHere)
    if (isHere) this.#enterHere(args)
    else if (isAwaited) this.#enterAwaited(args)
    else this.#doorIn.applyIgnored(undefined, args)
    this.#linger.release()
    return isAwaited && !this.#isolate.isDisposed
  }

  awaitEnd(): void {
    if (this.#isolate.isDisposed) return
    this.#enterAwaited(NO_ARGS)
    this.#linger.release()
  }

  openWindow(shared: unknown): GuestWindow {
    return new AnswerWindow(shared)
  }

  async measureHeap(): Promise<number | undefined> {
    if (this.#isolate.isDisposed) return undefined
    try {
      const measured = this.#isolate.getHeapStatistics()
      // Its thread may have stayed for the next crossing.
      this.#linger.release()
      const heap = await measured
      // Texts that all isolates share are nobody's.
      return heap.used_heap_size + Math.max(heap.externally_allocated_size - sharedTextBytes(), 0)
    } catch (error) {
      if (!this.#isolate.isDisposed) throw error
      return undefined
    }
  }

  dispose(): void {
    forgetIsolate(this.#isolate)
    this.#linger.close()
    if (this.#isolate.isDisposed || this.#awaitedCount > 0) this.#options.onClearing?.()
    if (!this.#isolate.isDisposed) {
      // Whoever leaves it last gives its memory back, which may take a second: that is to be its own thread.
      const door: DoorIn | undefined = this.#doorIn
      if (takeEndingThread()) door?.applyIgnored(undefined, [TO_THE_END])
      this.#isolate.dispose()
    }
    if (this.#awaitedCount > 0) watchThread(() => this.#awaitedCount === 0, this.listener)
  }

  #collect(hasTicks = false): void {
    const text = this.#linger.mailbox?.take(this.#calledBack)
    if (text === undefined) return
    this.#linger.hear()
    if (hasTicks) this.listener.onLetter(text)
    else this.listener.onSent(text, [])
  }

  #enterAwaited(args: DoorArguments): void {
    this.#awaitedCount++
    this.#doorIn.apply(undefined, args).then(this.#left, this.#leftRejected)
  }

  readonly #left = (): void => this.#leave(undefined)
  readonly #leftRejected = (reason: unknown): void =>
    this.#leave(reason instanceof Error ? reason : new Error(String(reason)))

  #leave(error: Error | undefined): void {
    this.#awaitedCount--
    this.#collect()
    this.listener.onLeft(error)
  }

  #receive(first: unknown, rest: readonly unknown[]): void {
    this.#collect()
    this.#calledBack = (this.#calledBack + 1) | 0
    this.#linger.hear()
    const text = joinText(first, rest)
    const buffers = rest.filter(part => typeof part !== 'string')
    if (this.#held === undefined) this.listener.onSent(text, buffers)
    else this.#held.push([text, buffers])
    this.#collect()
  }

  /** What the guest says is heard when the turn has come to its end. */
  #enterHere(args: DoorArguments): void {
    const held: Sent[] = []
    this.#held = held
    let problem: Error | undefined
    try {
      this.#doorIn.applySync(undefined, args, { timeout: this.#options.quickLimitMs ?? 0 })
    } catch (error) {
      problem = error instanceof Error ? error : new Error(String(error))
    }
    this.#held = undefined
    if (problem !== undefined && TIMED_OUT.test(problem.message)) this.dispose()
    else for (const [text, buffers] of held) this.listener.onSent(text, buffers)
    if (problem === undefined) return
    if (this.#isolate.isDisposed) this.listener.onDeath(problem)
    else this.listener.onRejection(problem)
  }
}
