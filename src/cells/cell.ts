import type { ChildProcess } from 'node:child_process'
import type { CompiledProgram } from '../isolate/compile.ts'
import type { IsolateKind, PoolKey } from '../isolate/pool-key.ts'
import { type RuntimeKind, snapshotBytes } from '../isolate/snapshot.ts'
import { LIMITS } from '../limits.ts'
import { type CompileRequest, type FromCell, parseFromCell, type ToCell } from '../protocol/cell.ts'
import type { CellOwner } from './cell-owner.ts'
import { Channel } from './channel.ts'
import { CompileTasks } from './compile-tasks.ts'
import { type LaunchOptions, launchCell } from './launch.ts'
import { Leaving } from './leaving.ts'
import { type IsolateHome, RemoteIsolate } from './remote-isolate.ts'

/** How long what runs in a cell that does harm has time to come to its end, in milliseconds. */
export const DRAIN_MS = 2000
/**
 * A process that closes its channel is about to end, and says best itself how; or it closed it on purpose. One that has
 * ended, but whose channel somebody else has open, such as a child of its launcher, is not listened to for longer. In
 * milliseconds.
 */
const LAST_WORDS_MS = 1000

/** A process in which isolates live, as the host sees it. */
export class Cell implements IsolateHome {
  readonly tasks = new CompileTasks()
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
  /** When it was heard last, on the scale of `performance.now()`. */
  heardMs = performance.now()
  rssBytes = 0
  readonly #process: ChildProcess
  readonly #channel: Channel<ToCell>
  readonly #ready = Promise.withResolvers<void>()
  readonly #owner: CellOwner<Cell>
  /** Isolates that live. */
  readonly #isolates = new Map<number, RemoteIsolate>()
  readonly #leaving = new Leaving(
    () => this.pid,
    key => this.#onWedged(key),
  )
  readonly #snapshots = new Set<RuntimeKind>()
  readonly #programs = new Map<CompiledProgram, number>()
  #isolateCount = 0
  #programCount = 0
  #entryCount = 0
  #why: string | undefined
  #drainTimer: NodeJS.Timeout | undefined
  /** Functions whose threads could not be ended. */
  readonly wedged = new Set<PoolKey>()

  constructor(options: LaunchOptions, owner: CellOwner<Cell>) {
    this.#owner = owner
    const { process: child, channel } = launchCell(options)
    this.#process = child
    child.on('error', error => this.#end(`could not be started: ${error.message}`))
    // Comes when all it said has been heard.
    child.on('close', (code, signal) => this.#end(`ended with ${signal ?? `exit code ${code}`}`))
    child.on('exit', () => setTimeout(() => this.#channel.destroy(), LAST_WORDS_MS).unref())
    this.#channel = new Channel<ToCell>(channel, {
      onFrame: value => this.#hear(value),
      onClose: error => {
        if (error !== undefined) this.kill(`broke the protocol: ${error.message}`)
        else setTimeout(() => this.kill('closed its channel'), LAST_WORDS_MS).unref()
      },
    })
    this.post(['configure', Intl.DateTimeFormat().resolvedOptions().timeZone])
  }

  /** Fulfilled when it takes messages, or never will. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Living isolates, spares included. */
  get isolates(): readonly RemoteIsolate[] {
    return [...this.#isolates.values()]
  }

  get isolateCount(): number {
    return this.#isolates.size
  }

  /** Those whose threads run, as far as is known. */
  get entered(): RemoteIsolate[] {
    return [...this.#isolates.values(), ...this.#leaving.isolates].filter(isolate => isolate.isEntered)
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
    return this.isGoing || (isolate.key !== undefined && this.#owner.isMisplaced(isolate.key, this))
  }

  make(kind: IsolateKind, isSpare: boolean): RemoteIsolate {
    if (!this.#snapshots.has(kind.runtime)) this.#sendSnapshot(kind.runtime)
    const isolate = new RemoteIsolate(++this.#isolateCount, kind, isSpare, this)
    this.#isolates.set(isolate.id, isolate)
    this.post(['make', isolate.id, kind.memoryMb, kind.runtime, isolate.nodeNames, isSpare])
    return isolate
  }

  /** Has a compiler there do something. */
  compile(
    compiler: number,
    runtime: RuntimeKind,
    request: CompileRequest,
    source: string,
    code?: Uint8Array,
  ): ReturnType<CompileTasks['add']> {
    if (!this.#snapshots.has(runtime)) this.#sendSnapshot(runtime)
    const task = this.tasks.add()
    this.post(['compile', task.id, compiler, runtime, request, source, code ?? null])
    return task
  }

  post(message: ToCell): void {
    if (this.isEnded) return
    this.#channel.post(message)
    if (this.#channel.waitingBytes > LIMITS.cellWaitingBytes) this.kill('takes nothing of what it is sent')
  }

  programOf(program: CompiledProgram): number {
    let id = this.#programs.get(program)
    if (id === undefined) {
      id = ++this.#programCount
      this.#programs.set(program, id)
      this.post(['program', id, program.source, program.code ?? null, program.places ?? null])
    }
    return id
  }

  forget(program: CompiledProgram): void {
    const id = this.#programs.get(program)
    if (id === undefined) return
    this.#programs.delete(program)
    this.post(['forget', id])
  }

  onDisposed(isolate: RemoteIsolate): void {
    this.#isolates.delete(isolate.id)
    if (isolate.isEntered) this.#leaving.add(isolate)
    this.#endIfDrained()
  }

  onEnter(): number {
    this.#owner.onBusy()
    return ++this.#entryCount
  }

  onLeft(isolate: RemoteIsolate): void {
    if (isolate.isEntered) return
    this.#leaving.delete(isolate)
    // It has ended after all, though its cell is to go.
    if (isolate.key !== undefined && !this.isEnding(isolate.key)) this.wedged.delete(isolate.key)
    this.#owner.onIdle(this)
  }

  /** No more work for it: what runs there may come to its end, within `drainMs` if that is given; then it ends. */
  condemn(why: string, drainMs?: number): void {
    if (this.isGoing || this.isEnded) return
    this.isGoing = true
    this.#why ??= why
    this.#owner.onCondemned(this)
    this.dropIdle()
    if (drainMs !== undefined) this.#drainTimer = setTimeout(() => this.#cutShort(why), drainMs)
    this.#endIfDrained()
  }

  /** Gives up isolates that nobody uses. Whether that was all of them. */
  dropIdle(): boolean {
    for (const isolate of this.isolates) {
      if (isolate.key === undefined) isolate.dispose()
      else isolate.listener.onCondemned()
    }
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
    this.#process.kill('SIGKILL')
  }

  /** Tells those that lived there. */
  loseAll(toPart: (isolate: RemoteIsolate) => 'innocent' | 'culprit' | 'suspect', message: string): void {
    const lost = this.isolates.map(isolate => ({ isolate, part: toPart(isolate) }))
    this.#isolates.clear()
    this.#leaving.clear()
    for (const { isolate, part } of lost) isolate.lose({ part, message })
  }

  #sendSnapshot(runtime: RuntimeKind): void {
    this.#snapshots.add(runtime)
    this.post(['snapshot', runtime, snapshotBytes(runtime)])
  }

  #onWedged(key: PoolKey): void {
    if (this.isEnded) return
    this.wedged.add(key)
    this.condemn(`has a thread of function "${key.name}" that can't be ended`, DRAIN_MS)
  }

  #endIfDrained(): void {
    if (this.isGoing && this.#isolates.size === 0 && this.tasks.size === 0) this.kill('drained')
  }

  /** @throws {ProtocolError}, at which the channel is closed. */
  #hear(value: unknown): void {
    this.heardMs = performance.now()
    for (const message of parseFromCell(value)) this.#handle(message)
  }

  #handle(message: FromCell): void {
    switch (message[0]) {
      case 'ready':
        this.isReady = true
        this.#ready.resolve()
        this.#owner.onReady(this)
        return
      case 'failed':
        this.kill(`failed: ${message[1]}`)
        return
      case 'beat': {
        this.rssBytes = message[1]
        const times = message[2]
        for (let index = 0; index + 1 < times.length; index += 2) {
          const isolate = this.#isolates.get(times[index] as number)
          if (isolate !== undefined) isolate.cpuMs = times[index + 1] as number
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
    this.#channel.destroy()
    const said = this.#why === undefined ? why : `${this.#why} (${why})`
    this.wasCompiling = this.tasks.size > 0
    this.tasks.failAll(`the process that was to parse it ${said}`)
    this.#owner.onEnded(this, said)
  }
}
