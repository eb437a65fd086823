import { HostClosedError, OverloadedError } from '../errors.ts'
import type { ProgramCompiler } from '../isolate/compile.ts'
import type { GuestIsolate, IsolateSource, RoomProblem } from '../isolate/guest-isolate.ts'
import type { IsolateKind, PoolKey } from '../isolate/pool-key.ts'
import type { RuntimeKind } from '../isolate/runtime-kind.ts'
import { LIMITS } from '../limits.ts'
import { Blame } from './blame.ts'
import { Cell } from './cell.ts'
import type { CellOwner } from './cell-owner.ts'
import { Fleet } from './fleet.ts'
import { RemoteCompiler } from './remote-compiler.ts'
import type { RemoteIsolate } from './remote-isolate.ts'
import { StockKeeper } from './stock-keeper.ts'
import { describeVerdict, judge } from './verdict.ts'
import { Watch } from './watch.ts'

/** How often it is asked whether a cell of one function is still needed, in milliseconds. */
const LOOK_AT_OWN_MS = 31_000

export interface CellsOptions {
  /** Cells that functions share. One more is kept ready. */
  readonly count: number
  /** Isolates in each, at most. */
  readonly instancesPerCell: number
  /** Resident memory at which a cell is replaced, in megabytes. */
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
  /** Without those in stock. */
  readonly isolateCount: number
  /** Blank isolates that stand ready for those whose cell this one will replace. */
  readonly stockCount: number
  /** Resident memory when it was last told, in bytes; 0 before. */
  readonly rssBytes: number
  readonly functionName?: string
}

/** Isolates in supervised child processes: `isolation: 'process'`. Nothing starts before it is needed. */
export class Cells implements IsolateSource, CellOwner<Cell> {
  onRoom: () => void = () => {}
  readonly #options: CellsOptions
  readonly #blame = new Blame()
  readonly #fleet: Fleet
  readonly #stockKeeper: StockKeeper
  readonly #watch: Watch
  #replacedCount = 0
  #isClosed = false
  /** Processes that are not gone yet though they have ended. */
  readonly #dying = new Set<Cell>()

  constructor(options: CellsOptions) {
    this.#options = options
    this.#fleet = new Fleet({
      count: options.count,
      launch: () => this.#launch(),
      onOwn: cell => this.#giveUpLater(cell),
      onRoom: () => this.onRoom(),
    })
    this.#stockKeeper = new StockKeeper(this.#fleet)
    this.#watch = new Watch(() => this.#fleet.living, options.memoryMb)
  }

  get isRushed(): boolean {
    return this.#fleet.isRushed || this.#fleet.shared.some(({ clearing }) => clearing.isUnderWay)
  }

  findRefusal(key: PoolKey): string | undefined {
    return this.#blame.findRefusal(key)
  }

  findProblem(key?: PoolKey): RoomProblem | undefined {
    if (this.#isClosed) return { message: 'The host is closed.', remedy: 'none' }
    const { instancesPerCell } = this.#options
    if (key !== undefined && this.#blame.isQuarantined(key))
      return this.#fleet.findOwnProblem(key, instancesPerCell)
    // If it can't be ended, the function runs apart from then on: another must not take a core from others meanwhile.
    if (key !== undefined && this.#fleet.shared.some(cell => cell.isEnding(key)))
      return { message: `A thread of function "${key.name}" is being ended.`, remedy: 'wait' }
    this.#fleet.fill()
    const cell = this.#leastUsed()
    if (cell === undefined) return { message: this.#noCell, remedy: 'none' }
    if (cell.isolateCount < instancesPerCell) return undefined
    const message = `All ${this.#fleet.shared.length} cells hold ${instancesPerCell} isolates (cells.count, cells.instancesPerCell).`
    return { message, remedy: 'evict' }
  }

  make(kind: IsolateKind, key?: PoolKey): GuestIsolate {
    const isolate = this.#make(kind, key, false)
    isolate.key = key
    return isolate
  }

  makeSpare(kind: IsolateKind): GuestIsolate {
    return this.#make(kind, undefined, true)
  }

  canTake(spare: GuestIsolate, key: PoolKey): boolean {
    return !spare.isCondemned && !this.#blame.isQuarantined(key)
  }

  take(spare: GuestIsolate, key: PoolKey): void {
    ;(spare as RemoteIsolate).key = key
  }

  forget(key: PoolKey): void {
    for (const cell of this.#fleet.living) {
      cell.supplies.forget(key.program)
      if (cell.owner === key) cell.condemn('is not needed any more')
    }
  }

  openCompiler(runtime: RuntimeKind): ProgramCompiler {
    return new RemoteCompiler(
      this.#compilerCell(),
      () => this.#nextCompilerCell(),
      runtime,
      this.#options.compileMs,
    )
  }

  /** Why no cells can be started, if they can't. */
  get problem(): string | undefined {
    return this.#fleet.problem
  }

  get replacedCount(): number {
    return this.#replacedCount
  }

  stats(): CellStats[] {
    return [...this.#fleet.living].map(cell => ({
      pid: cell.pid ?? 0,
      role: this.#fleet.roleOf(cell),
      isReady: cell.isReady,
      isolateCount: cell.isolateCount,
      stockCount: cell.stock.size,
      rssBytes: cell.rssBytes,
      ...(cell.owner === undefined ? {} : { functionName: cell.owner.name }),
    }))
  }

  /** Ends them all; resolves when the last process is gone. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#stockKeeper.close()
    this.#watch.close()
    this.#fleet.close()
    for (const cell of this.#fleet.living) cell.kill('was ended with its host')
    await Promise.all([...this.#dying].map(({ gone }) => gone))
  }

  onBusy(): void {
    this.#watch.wake()
  }

  onIdle(cell: Cell): void {
    if (cell.owner === undefined) return
    if (!this.#blame.isQuarantined(cell.owner)) cell.condemn('is not needed apart any more')
    this.onRoom()
  }

  onThreadEnded(): void {
    this.onRoom()
  }

  onBeat(cell: Cell): void {
    this.#watch.checkMemory(cell)
    if (cell === this.#fleet.spare) this.#stockKeeper.tend()
  }

  onReady(cell: Cell): void {
    this.#fleet.onReady(cell)
    this.#stockKeeper.tend()
  }

  onCondemned(cell: Cell): void {
    // Whoever can't be ended there may not be let into another cell before that is over.
    for (const key of cell.wedged) this.#blame.suspect(key)
    if (cell.wedged.size > 0) this.#replacedCount++
    this.#fleet.retire(cell)
    this.#fleet.fill()
    this.#moveOut()
    this.onRoom()
  }

  isMisplaced(key: PoolKey, cell: Cell): boolean {
    return cell.owner !== key && this.#blame.isQuarantined(key)
  }

  onEnded(cell: Cell, why: string): void {
    this.#dying.add(cell)
    void cell.gone.then(() => this.#dying.delete(cell))
    this.#fleet.remove(cell, why)
    if (this.#isClosed) {
      cell.loseAll(() => 'innocent', 'The host is closed.')
      return
    }
    if (!cell.isGoing) this.#replacedCount++
    const verdict = judge(cell, key => this.#blame.excuse(key))
    for (const key of verdict.suspects) this.#blame.suspect(key)
    const strikes = [...verdict.culprits].map(key => ({ name: key.name, count: this.#blame.charge(key) }))
    if (!cell.isGoing || cell.isOverfull || strikes.length > 0)
      this.#options.onWarning(`Cell ${cell.pid ?? 0} ${why}${describeVerdict(verdict, strikes)}.`)
    this.#fleet.fill()
    // Of what others did there nobody else is told.
    cell.loseAll(
      verdict.partOf,
      `its process ${cell.wedged.size > 0 || why.startsWith('failed') ? 'was ended' : why}`,
    )
    this.#moveOut()
    this.onRoom()
  }

  /** When its function need not be kept apart any more. */
  #giveUpLater(cell: Cell): void {
    setTimeout(() => {
      if (cell.isEnded || cell.owner === undefined) return
      if (this.#blame.isQuarantined(cell.owner)) this.#giveUpLater(cell)
      else cell.condemn('is not needed apart any more')
    }, LOOK_AT_OWN_MS).unref()
  }

  #launch(): Cell {
    const { memoryMb, launcher, instancesPerCell, script } = this.#options
    const maxIsolates = instancesPerCell + LIMITS.isolatesBesides
    this.#watch.wake()
    return new Cell({ memoryMb: memoryMb * 2, launcher, maxIsolates, ...(script && { script }) }, this)
  }

  /** Where nobody else is, if possible. */
  #compilerCell(): Cell {
    this.#fleet.fill()
    return this.#toCompile(this.#fleet.spare ?? this.#leastUsed())
  }

  /** After one that is gone, perhaps for what it parsed: surely where nobody else is. */
  async #nextCompilerCell(): Promise<Cell> {
    return this.#toCompile(await this.#fleet.nextSpare())
  }

  #toCompile(cell: Cell | undefined): Cell {
    if (this.#isClosed) throw new HostClosedError()
    if (cell === undefined) throw new OverloadedError(`${this.#noCell} Retry later.`)
    this.#watch.wake()
    return cell
  }

  get #noCell(): string {
    return this.#fleet.problem ?? 'No cell is ready.'
  }

  #make(kind: IsolateKind, key: PoolKey | undefined, isSpare: boolean): RemoteIsolate {
    const isOwn = key !== undefined && this.#blame.isQuarantined(key)
    const cell = isOwn ? this.#fleet.ownOf(key) : this.#leastUsed()
    if (cell === undefined) throw new Error(this.#noCell)
    this.#watch.wake()
    return cell.make(kind, isSpare)
  }

  #leastUsed(): Cell | undefined {
    let best: Cell | undefined
    const { shared } = this.#fleet
    // One that starts makes those wait who come to it, and so does one that gives memory back, or is silent.
    const ready = shared.filter(
      ({ isReady, isolateCount }) => isReady && isolateCount < this.#options.instancesPerCell,
    )
    const well = ready.filter(cell => !this.#watch.isSilent(cell))
    const free = well.filter(({ clearing }) => !clearing.isUnderWay)
    for (const cell of [free, well, ready, shared].find(({ length }) => length > 0) ?? [])
      if (best === undefined || cell.isolateCount < best.isolateCount) best = cell
    return best
  }

  /** Isolates of functions that are kept apart by now are given up elsewhere as soon as they are idle. */
  #moveOut(): void {
    for (const cell of this.#fleet.living) {
      for (const isolate of cell.isolates) if (isolate.isCondemned) isolate.listener.onCondemned()
    }
  }
}
