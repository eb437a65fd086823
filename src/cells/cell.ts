import type { IsolateKind, PoolKey } from '../isolate/pool-key.ts'
import { LIMITS } from '../limits.ts'
import { type FromCell, parseFromCell, type ToCell } from '../protocol/cell.ts'
import type { CellOwner } from './cell-owner.ts'
import { CellProcess, printable } from './cell-process.ts'
import { Clearing } from './clearing.ts'
import { CompileTasks } from './compile-tasks.ts'
import type { LaunchOptions } from './launch.ts'
import { Leaving } from './leaving.ts'
import { readRssBytes } from './process-usage.ts'
import { type IsolateHome, RemoteIsolate } from './remote-isolate.ts'
import { Retreat } from './retreat.ts'
import { Stock } from './stock.ts'
import { Supplies } from './supplies.ts'

/** How long what runs in a cell that does harm has time to come to its end, in milliseconds. */
export const DRAIN_MS = 2000
/** Its isolates are given up one after the other, at most so long apart, in milliseconds. */
const RETREAT_EVERY_MS = 40

/** A process in which isolates live, as the host sees it. */
export class Cell implements IsolateHome {
  readonly process: CellProcess
  readonly tasks = new CompileTasks()
  readonly supplies = new Supplies(message => this.post(message))
  readonly stock = new Stock(kind => this.#make(kind, true))
  /** The one function it is for, if it isn't for all. */
  owner: PoolKey | undefined
  isReady = false
  isEnded = false
  /** It was ended because its main thread did not answer, or because it used too much memory. */
  isHung = false
  isOverfull = false
  isGoing = false
  /** It was ended though somebody ran there who had nothing to do with the reason. */
  isCutShort = false
  /** It ended while it parsed a function. */
  wasCompiling = false
  /** It was ended from outside. */
  isForeign = false
  /** When it was heard last, on the scale of `performance.now()`. */
  heardMs = performance.now()
  rssBytes = 0
  readonly #ready = Promise.withResolvers<void>()
  readonly #owner: CellOwner<Cell>
  /** Isolates that live. */
  readonly #isolates = new Map<number, RemoteIsolate>()
  readonly #leaving = new Leaving(
    () => this.pid,
    () => this.heardMs,
    key => this.#onWedged(key),
  )
  #isolateCount = 0
  #entryCount = 0
  #why: string | undefined
  #drainTimer: NodeJS.Timeout | undefined
  readonly #retreat = new Retreat(() => this.isolates)
  readonly clearing = new Clearing(() => this.process.isLongThreadRunning)
  /** Functions whose threads could not be ended. */
  readonly wedged = new Set<PoolKey>()

  constructor(options: LaunchOptions, owner: CellOwner<Cell>) {
    this.#owner = owner
    this.process = new CellProcess(options, {
      onFrame: value => this.#hear(value),
      onFault: why => this.kill(why),
      onEnd: (why, isKilled) => {
        // Whoever kills processes from outside, for want of memory as a rule, says nothing of who used it.
        this.isForeign = isKilled
        this.#end(why)
      },
    })
    this.post(['configure', Intl.DateTimeFormat().resolvedOptions().timeZone])
  }

  /** Fulfilled when it takes messages, or never will. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  /** Fulfilled when the process is no more, which may be some time after it has ended as far as others can tell. */
  get gone(): Promise<void> {
    return this.process.gone
  }

  /** From now on it is for one function alone, which has been trouble: others go first. */
  giveTo(key: PoolKey): void {
    this.owner = key
    this.stock.clear()
    this.process.yieldToOthers()
  }

  get pid(): number | undefined {
    return this.process.pid
  }

  /** Living isolates, spares and what is in stock included. */
  get isolates(): readonly RemoteIsolate[] {
    return [...this.#isolates.values()]
  }

  /** Without those in stock. */
  get isolateCount(): number {
    return this.#isolates.size - this.stock.size
  }

  /** Those whose threads run, as far as is known. */
  get entered(): RemoteIsolate[] {
    return [...this.#isolates.values(), ...this.#leaving.isolates].filter(isolate => isolate.isEntered)
  }

  /** Those with an invocation under way whose threads don't run. */
  get waiting(): RemoteIsolate[] {
    return this.isolates.filter(
      isolate => isolate.key !== undefined && !isolate.isEntered && isolate.listener.isBusy(),
    )
  }

  /** A thread of that function is being ended. */
  isEnding(key: PoolKey): boolean {
    return this.#leaving.hasAnyOf(key)
  }

  /** Somebody waits for it. */
  get isBusy(): boolean {
    if (this.#leaving.size > 0 || this.tasks.size > 0 || !this.isReady) return true
    for (const isolate of this.#isolates.values()) if (isolate.isEntered) return true
    return false
  }

  isCondemned(isolate: RemoteIsolate): boolean {
    return (
      this.#retreat.has(isolate) || (isolate.key !== undefined && this.#owner.isMisplaced(isolate.key, this))
    )
  }

  make(kind: IsolateKind, isSpare: boolean): RemoteIsolate {
    return this.stock.take(kind) ?? this.#make(kind, isSpare)
  }

  #make(kind: IsolateKind, isSpare: boolean): RemoteIsolate {
    this.supplies.needSnapshot(kind.runtime)
    const isolate = new RemoteIsolate(++this.#isolateCount, kind, isSpare, this)
    this.#isolates.set(isolate.id, isolate)
    this.post(['make', isolate.id, kind.memoryMb, kind.runtime, isolate.nodeNames, isSpare])
    return isolate
  }

  post(message: ToCell): void {
    if (this.isEnded) return
    this.process.post(message)
    if (this.process.waitingBytes > LIMITS.cellWaitingBytes)
      queueMicrotask(() => this.kill('takes nothing of what it is sent'))
  }

  onDisposed(isolate: RemoteIsolate): void {
    this.#isolates.delete(isolate.id)
    if (isolate.isEntered) {
      this.#leaving.add(isolate)
      this.clearing.begin()
    }
    this.#endIfDrained()
  }

  onEnter(): number {
    this.#owner.onBusy()
    return ++this.#entryCount
  }

  onLeft(isolate: RemoteIsolate): void {
    if (isolate.isEntered) return
    const wasLeaving = this.#leaving.delete(isolate)
    this.#endIfDrained()
    // It has ended after all, though its cell is to go.
    if (isolate.key !== undefined && !this.isEnding(isolate.key)) this.wedged.delete(isolate.key)
    this.#owner.onIdle(this)
    if (isolate.isDisposed) this.clearing.begin()
    if (wasLeaving) this.#owner.onThreadEnded()
  }

  /** No more work for it: what runs there may come to its end, within `drainMs` if that is given; then it ends. */
  condemn(why: string, drainMs?: number): void {
    if (this.isEnded) return
    if (drainMs !== undefined) this.#drainTimer ??= setTimeout(() => this.#cutShort(why), drainMs).unref()
    if (this.isGoing) return
    this.isGoing = true
    this.#why ??= why
    this.#owner.onCondemned(this)
    if (drainMs === undefined) this.#retreat.all()
    else this.#retreat.byAndBy(Math.min(RETREAT_EVERY_MS, drainMs / 2 / (this.#isolates.size + 1)))
    this.#endIfDrained()
  }

  /** Gives up isolates that nobody uses. Whether that was all of them. */
  dropIdle(): boolean {
    for (const isolate of this.isolates) isolate.listener.onCondemned()
    return !this.isBusy && this.#isolates.size === 0
  }

  #cutShort(why: string): void {
    this.isCutShort = true
    this.kill(why)
  }

  /** Its main thread does not answer. */
  killHung(why: string): void {
    this.isHung = true
    this.kill(why)
  }

  /** It uses more memory than a cell may: the sooner it ends the more somebody in it is still at it. */
  giveUp(why: string): void {
    this.isOverfull = true
    if (this.isBusy) this.kill(why)
    else this.condemn(why, DRAIN_MS)
  }

  /** Ends it at once. */
  kill(why: string): void {
    this.#why ??= why
    if (this.isEnded) return
    this.process.kill()
    // Nothing it has said and nobody has heard counts: who waits for it need not wait until it is torn down.
    this.#end('ended with SIGKILL')
  }

  /** Tells those that lived there. */
  loseAll(toPart: (isolate: RemoteIsolate) => 'innocent' | 'culprit' | 'suspect', message: string): void {
    const lost = this.isolates.map(isolate => ({ isolate, part: toPart(isolate) }))
    this.#isolates.clear()
    this.#leaving.clear()
    for (const { isolate, part } of lost) isolate.lose({ part, message })
  }

  #onWedged(key: PoolKey): void {
    if (this.isEnded) return
    this.process.holdBackLong()
    this.wedged.add(key)
    this.condemn(`has a thread of function "${key.name}" that can't be ended`, DRAIN_MS)
  }

  #endIfDrained(): void {
    if (!this.isGoing || this.#isolates.size + this.tasks.size > 0) return
    // Others than those whose threads can't be ended have the time to.
    if (this.#leaving.areAllOf(this.wedged)) this.kill('drained')
  }

  /** @throws {ProtocolError}, at which the channel is closed. */
  #hear(value: unknown): void {
    this.heardMs = performance.now()
    for (const message of parseFromCell(value)) {
      if (this.isEnded) return
      this.#handle(message)
    }
  }

  #handle(message: FromCell): void {
    switch (message[0]) {
      case 'ready':
        this.isReady = true
        this.#ready.resolve()
        this.#owner.onReady(this)
        return
      case 'failed':
        this.kill(`failed: ${printable(message[1])}`)
        return
      case 'beat': {
        // Its own word, and the system's, which may be that of its launcher.
        this.rssBytes = Math.max(message[1], readRssBytes(this.pid))
        const times = message[2]
        for (let index = 0; index + 1 < times.length; index += 2) {
          const isolate = this.#isolates.get(times[index] as number)
          isolate?.use(times[index + 1] as number)
        }
        this.#owner.onBeat(this)
        return
      }
      case 'compiled':
        this.tasks.settle(message)
        this.#endIfDrained()
        return
      default:
        // Of one that is gone there may still be news on the way.
        ;(this.#isolates.get(message[1]) ?? this.#leaving.get(message[1]))?.hear(message)
    }
  }

  #end(why: string): void {
    if (this.isEnded) return
    this.isEnded = true
    this.#ready.resolve()
    clearTimeout(this.#drainTimer)
    this.#retreat.end()
    this.process.closeChannel()
    const said = this.#why === undefined ? why : `${this.#why} (${why})`
    this.wasCompiling = this.tasks.size > 0
    this.tasks.failAll(`the process that was to parse it ${said}`)
    this.#owner.onEnded(this, said)
  }
}
