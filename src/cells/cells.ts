import { HostClosedError, OverloadedError } from '../errors.ts'
import type { ProgramCompiler } from '../isolate/compile.ts'
import type { GuestIsolate, IsolateSource, RoomProblem } from '../isolate/guest-isolate.ts'
import type { IsolateKind, PoolKey } from '../isolate/pool-key.ts'
import type { RuntimeKind } from '../isolate/snapshot.ts'
import { LIMITS } from '../limits.ts'
import { Backoff } from './backoff.ts'
import { Blame } from './blame.ts'
import { Cell, type CellOwner } from './cell.ts'
import { RemoteCompiler } from './remote-compiler.ts'
import type { RemoteIsolate } from './remote-isolate.ts'
import { judge } from './verdict.ts'
import { Watch } from './watch.ts'

export interface CellsOptions {
  /** Cells that functions share. One more is kept ready. */
  readonly count: number
  /** Isolates in each, at most. */
  readonly instancesPerCell: number
  /** Resident memory at which a cell is replaced, in megabytes; the system stops it at twice as much. */
  readonly memoryMb: number
  /** Words put before the command that starts a cell. */
  readonly launcher: readonly string[]
  readonly onWarning: (message: string) => void
  /** What parsing one function may take, in milliseconds. Default: see RemoteCompiler. */
  readonly compileMs?: number
  /** What a cell runs. Default: main.ts. */
  readonly script?: URL
}

/** What `host.stats()` tells of a cell. */
export interface CellStats {
  readonly pid: number
  /** `own`: of one function that is kept from the others. `leaving`: it takes no more work. */
  readonly role: 'shared' | 'spare' | 'own' | 'leaving'
  readonly isReady: boolean
  readonly isolateCount: number
  /** Resident memory when it was last told, in bytes; 0 before. */
  readonly rssBytes: number
  readonly functionName?: string
}

/** Isolates in supervised child processes: `isolation: 'process'`. Nothing starts before it is needed. */
export class Cells implements IsolateSource, CellOwner {
  readonly #options: CellsOptions
  readonly #blame = new Blame()
  readonly #watch: Watch
  readonly #backoff: Backoff
  readonly #shared: Cell[] = []
  /** Each for one function that has brought a cell down, or may have. */
  readonly #own = new Map<PoolKey, Cell>()
  /** All that live, those that are about to go included. */
  readonly #living = new Set<Cell>()
  #spare: Cell | undefined
  #replacedCount = 0
  #isClosed = false
  #onAllEnded: (() => void) | undefined

  constructor(options: CellsOptions) {
    this.#options = options
    this.#watch = new Watch(() => this.#living, options.memoryMb)
    this.#backoff = new Backoff(() => this.#fill())
  }

  findRefusal(key: PoolKey): string | undefined {
    return this.#blame.findRefusal(key)
  }

  findProblem(key?: PoolKey): RoomProblem | undefined {
    if (this.#isClosed) return { message: 'The host is closed.', remedy: 'none' }
    if (key !== undefined && this.#blame.isQuarantined(key)) return this.#findOwnProblem(key)
    this.#fill()
    const cell = this.#leastUsed()
    if (cell === undefined) return { message: this.#noCell, remedy: 'none' }
    const { instancesPerCell } = this.#options
    if (cell.isolateCount < instancesPerCell) return undefined
    const message = `All ${this.#shared.length} cells hold ${instancesPerCell} isolates (cells.count, cells.instancesPerCell).`
    return { message, remedy: 'evict' }
  }

  make(kind: IsolateKind, key?: PoolKey): GuestIsolate {
    const isOwn = key !== undefined && this.#blame.isQuarantined(key)
    const cell = isOwn ? this.#ownCell(key) : this.#leastUsed()
    if (cell === undefined) throw new Error(this.#noCell)
    const isolate = cell.make(kind, false)
    isolate.key = key
    this.#watch.wake()
    return isolate
  }

  makeSpare(kind: IsolateKind): GuestIsolate {
    const cell = this.#leastUsed()
    if (cell === undefined) throw new Error(this.#noCell)
    this.#watch.wake()
    return cell.make(kind, true)
  }

  /** It becomes that function's. */
  canTake(spare: GuestIsolate, key: PoolKey): boolean {
    return !spare.isCondemned && !this.#blame.isQuarantined(key)
  }

  take(spare: GuestIsolate, key: PoolKey): void {
    ;(spare as RemoteIsolate).key = key
    this.#watch.wake()
  }

  forget(key: PoolKey): void {
    for (const cell of this.#living) cell.forget(key.program)
    this.#own.get(key)?.condemn('is not needed any more')
  }

  openCompiler(runtime: RuntimeKind): ProgramCompiler {
    return new RemoteCompiler(() => this.#compilerCell(), runtime, this.#options.compileMs)
  }

  get #noCell(): string {
    return this.#backoff.problem ?? 'No cell is ready.'
  }

  /** Why no cells can be started, if they can't. */
  get problem(): string | undefined {
    return this.#backoff.problem
  }

  get replacedCount(): number {
    return this.#replacedCount
  }

  stats(): CellStats[] {
    return [...this.#living].map(cell => ({
      pid: cell.pid ?? 0,
      role: this.#roleOf(cell),
      isReady: cell.isReady,
      isolateCount: cell.isolateCount,
      rssBytes: cell.rssBytes,
      ...(cell.owner === undefined ? {} : { functionName: cell.owner.name }),
    }))
  }

  /** Ends them all; resolves when the last process is gone. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#watch.close()
    this.#backoff.close()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onAllEnded = resolve
    for (const cell of this.#living) cell.kill('was ended with its host')
    if (this.#living.size > 0) await promise
  }

  onBusy(): void {
    this.#watch.wake()
  }

  onReady(cell: Cell): void {
    this.#backoff.succeed()
    if (cell !== this.#spare) this.#fill()
  }

  onBeat(cell: Cell): void {
    this.#watch.checkMemory(cell)
  }

  onCondemned(cell: Cell): void {
    this.#remove(cell)
    this.#fill()
  }

  isMisplaced(key: PoolKey, cell: Cell): boolean {
    return cell.owner !== key && this.#blame.isQuarantined(key)
  }

  onEnded(cell: Cell, why: string): void {
    this.#living.delete(cell)
    this.#remove(cell)
    if (this.#isClosed) {
      cell.loseAll(() => 'innocent', 'The host is closed.')
      if (this.#living.size === 0) this.#onAllEnded?.()
      return
    }
    if (!cell.isGoing) this.#replacedCount++
    if (!cell.isReady) this.#backoff.fail(why)
    const { toPart, warning } = judge(cell, why, this.#blame)
    if (warning !== undefined) this.#options.onWarning(warning)
    this.#fill()
    cell.loseAll(toPart, `its process ${why}`)
    this.#moveOut()
  }

  /** Isolates of functions that are kept apart by now are given up elsewhere as soon as they are idle. */
  #moveOut(): void {
    for (const cell of this.#living) {
      for (const isolate of cell.isolates) if (isolate.isCondemned) isolate.listener.onCondemned()
    }
  }

  /** Where nobody else is, if possible. */
  #compilerCell(): Cell {
    if (this.#isClosed) throw new HostClosedError()
    this.#fill()
    const cell = this.#spare ?? this.#leastUsed()
    if (cell === undefined) throw new OverloadedError(`${this.#noCell} Retry later.`)
    this.#watch.wake()
    return cell
  }

  /** As many as there are to be, the spare among them when nobody needs it. */
  #fill(): void {
    if (this.#isClosed) return
    while (this.#shared.length < this.#options.count) {
      const cell = this.#spare ?? this.#start()
      if (cell === undefined) return
      if (cell === this.#spare) this.#spare = undefined
      this.#shared.push(cell)
    }
    // One after the other: what is needed now starts first.
    if (this.#spare === undefined && this.#shared.every(({ isReady }) => isReady)) this.#spare = this.#start()
  }

  #start(): Cell | undefined {
    if (this.#backoff.isWaiting) return undefined
    const { memoryMb, launcher, instancesPerCell, script } = this.#options
    const maxIsolates = instancesPerCell + LIMITS.isolatesBesides
    let cell: Cell
    try {
      cell = new Cell({ memoryMb: memoryMb * 2, launcher, maxIsolates, ...(script && { script }) }, this)
    } catch (error) {
      // Such as no descriptors left in this process.
      this.#backoff.fail(`could not be started: ${(error as Error).message}`)
      return undefined
    }
    this.#living.add(cell)
    this.#watch.wake()
    return cell
  }

  #remove(cell: Cell): void {
    const index = this.#shared.indexOf(cell)
    if (index >= 0) this.#shared.splice(index, 1)
    if (this.#spare === cell) this.#spare = undefined
    if (cell.owner !== undefined && this.#own.get(cell.owner) === cell) this.#own.delete(cell.owner)
  }

  #leastUsed(): Cell | undefined {
    let best: Cell | undefined
    for (const cell of this.#shared)
      if (best === undefined || cell.isolateCount < best.isolateCount) best = cell
    return best
  }

  /** Room for a cell of the function's own is made by those whose function is not running. */
  #findOwnProblem(key: PoolKey): RoomProblem | undefined {
    if (this.#own.has(key)) return undefined
    if (this.#own.size >= LIMITS.ownCells) {
      const idle = [...this.#own.values()].find(cell => cell.dropIdle())
      if (idle === undefined) {
        const message = `Function "${key.name}" runs apart from others for a while, and all ${LIMITS.ownCells} cells for that are busy.`
        return { message, remedy: 'wait' }
      }
      idle.condemn('makes room for another')
    }
    if (this.#spare !== undefined || !this.#backoff.isWaiting) return undefined
    return { message: this.#noCell, remedy: 'none' }
  }

  #ownCell(key: PoolKey): Cell | undefined {
    let cell = this.#own.get(key)
    if (cell === undefined) {
      cell = this.#spare ?? this.#start()
      if (cell === undefined) return undefined
      if (cell === this.#spare) this.#spare = undefined
      cell.owner = key
      this.#own.set(key, cell)
      this.#fill()
    }
    return cell
  }

  #roleOf(cell: Cell): CellStats['role'] {
    if (cell === this.#spare) return 'spare'
    if (cell.isGoing) return 'leaving'
    return cell.owner === undefined ? 'shared' : 'own'
  }
}
