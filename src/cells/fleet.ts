import type { RoomProblem } from '../isolate/guest-isolate.ts'
import type { PoolKey } from '../isolate/pool-key.ts'
import { LIMITS } from '../limits.ts'
import { Backoff } from './backoff.ts'
import type { Cell } from './cell.ts'

/** Those who lost a cell start anew first, before a spare takes a core for a while to start, in milliseconds. */
const SPARE_PAUSE_MS = 250
/** It waits no longer for those who need the cores more, in milliseconds: the next loss would cost more. */
const SPARE_LATE_MS = 5000

export interface FleetOptions {
  /** Cells that functions share. */
  readonly count: number
  readonly launch: () => Cell
  /** One is for one function alone from now on. */
  readonly onOwn: (cell: Cell) => void
  /** One is there that was not. */
  readonly onRoom: () => void
}

/** Which cells there are, and what for: shared ones, a spare, and those of functions that are kept apart. */
export class Fleet {
  readonly #options: FleetOptions
  readonly #backoff = new Backoff(() => this.fill())
  readonly #shared: Cell[] = []
  readonly #own = new Map<PoolKey, Cell>()
  /** All that live, those that are about to go included. */
  readonly #living = new Set<Cell>()
  #spare: Cell | undefined
  #spareTimer: NodeJS.Timeout | undefined
  #spareWaiters: ((spare: Cell | undefined) => void)[] = []
  /** When a shared cell was lost, on the scale of `performance.now()`. */
  #lostMs = Number.NEGATIVE_INFINITY
  #isStarted = false
  #isClosed = false

  constructor(options: FleetOptions) {
    this.#options = options
  }

  get living(): ReadonlySet<Cell> {
    return this.#living
  }

  get shared(): readonly Cell[] {
    return this.#shared
  }

  get spare(): Cell | undefined {
    return this.#spare
  }

  /** Why none can be started, as long as none has come up since. */
  get problem(): string | undefined {
    return this.#backoff.problem
  }

  /** As many as there are to be: those that are needed now first, then a spare. */
  fill(): void {
    if (this.#isClosed) return
    while (this.#shared.length < this.#options.count) {
      const cell = this.#takeSpare() ?? this.#start()
      if (cell === undefined) return
      this.#shared.push(cell)
    }
    if (this.#spare !== undefined || this.#spareTimer !== undefined) return
    if (!this.#shared.every(({ isReady }) => isReady)) return
    this.#startSpareIn(this.#isStarted ? SPARE_PAUSE_MS : 0)
    this.#isStarted = true
  }

  #startSpareIn(pauseMs: number, sinceMs = performance.now()): void {
    this.#spareTimer = setTimeout(() => {
      this.#spareTimer = undefined
      const isLate = this.#spareWaiters.length > 0 || performance.now() - sinceMs > SPARE_LATE_MS
      if (this.#isShortOfCores && !isLate) {
        this.#startSpareIn(SPARE_PAUSE_MS, sinceMs)
        return
      }
      if (!this.#isClosed) this.#spare ??= this.#start()
      this.#tellSpare()
    }, pauseMs).unref()
  }

  /** Functions move out of a shared cell that is to go, or have just lost one. */
  get isRushed(): boolean {
    if (performance.now() - this.#lostMs < SPARE_PAUSE_MS) return true
    for (const { isGoing, isEnded, owner } of this.#living)
      if (isGoing && !isEnded && owner === undefined) return true
    return false
  }

  /** And a function's own cell starts, or what can't be ended has a core as long as its cell is there. */
  get #isShortOfCores(): boolean {
    if (this.isRushed) return true
    for (const { isGoing, isEnded, isReady, owner } of this.#living)
      if (owner !== undefined && !isEnded && (isGoing || !isReady)) return true
    return false
  }

  /** The one of a function that is kept apart; started if there is none and another may be. */
  ownOf(key: PoolKey): Cell | undefined {
    const known = this.#own.get(key)
    if (known !== undefined || this.findOwnProblem(key) !== undefined) return known
    const cell = this.#takeSpare() ?? this.#start()
    if (cell === undefined) return undefined
    cell.giveTo(key)
    this.#own.set(key, cell)
    this.#options.onOwn(cell)
    this.fill()
    return cell
  }

  /** Why there is none for that function at the moment. One whose function does nothing makes room. */
  findOwnProblem(key: PoolKey, maxIsolates = Number.POSITIVE_INFINITY): RoomProblem | undefined {
    const { name } = key
    const own = this.#own.get(key)
    if (own !== undefined && own.isolateCount >= maxIsolates)
      return { message: `The cell of function "${name}" holds ${maxIsolates} isolates.`, remedy: 'wait' }
    if (own !== undefined) return undefined
    const cells = [...this.#own.values()]
    // They start one after the other, since those who lost a cell need the cores.
    if (this.#spare === undefined) {
      const { problem } = this.#backoff
      if (this.#backoff.isWaiting && problem !== undefined) return { message: problem, remedy: 'none' }
      if (cells.some(({ isReady }) => !isReady))
        return { message: `A cell for function "${name}" starts after another's.`, remedy: 'wait' }
    }
    if (cells.length < LIMITS.ownCells) return undefined
    // Between two turns a function is not done.
    const idle = cells.find(cell => cell.dropIdle())
    idle?.condemn('makes room for another')
    if (idle !== undefined) return undefined
    const message = `Function "${name}" runs apart from others for a while, and all ${LIMITS.ownCells} cells for that are busy.`
    return { message, remedy: 'wait' }
  }

  onReady(cell: Cell): void {
    this.#backoff.succeed()
    if (cell !== this.#spare) this.fill()
    this.#options.onRoom()
  }

  /** The spare, as soon as there is one; undefined if none can be started. */
  nextSpare(): Promise<Cell | undefined> {
    if (this.#spare !== undefined) return Promise.resolve(this.#spare)
    return new Promise(resolve => {
      this.#spareWaiters.push(resolve)
      this.fill()
      if (this.#isClosed || this.#backoff.isWaiting) this.#tellSpare()
    })
  }

  #tellSpare(): void {
    for (const resolve of this.#spareWaiters.splice(0)) resolve(this.#spare)
  }

  /** It takes no more work. */
  retire(cell: Cell): void {
    const index = this.#shared.indexOf(cell)
    if (index >= 0) this.#shared.splice(index, 1)
    if (this.#spare === cell) this.#spare = undefined
    if (cell.owner !== undefined && this.#own.get(cell.owner) === cell) this.#own.delete(cell.owner)
  }

  /** It is gone. */
  remove(cell: Cell, why: string): void {
    this.#living.delete(cell)
    if (this.#shared.includes(cell)) this.#lostMs = performance.now()
    this.retire(cell)
    if (cell.isReady || this.#isClosed) return
    this.#backoff.fail(why)
    this.#tellSpare()
  }

  roleOf(cell: Cell): 'shared' | 'spare' | 'own' | 'leaving' {
    if (cell === this.#spare) return 'spare'
    if (cell.isGoing) return 'leaving'
    return cell.owner === undefined ? 'shared' : 'own'
  }

  close(): void {
    this.#isClosed = true
    this.#backoff.close()
    clearTimeout(this.#spareTimer)
    this.#tellSpare()
  }

  #takeSpare(): Cell | undefined {
    const spare = this.#spare
    this.#spare = undefined
    spare?.stock.giveUpLater()
    return spare
  }

  #start(): Cell | undefined {
    if (this.#backoff.isWaiting) return undefined
    try {
      const cell = this.#options.launch()
      this.#living.add(cell)
      return cell
    } catch (error) {
      // Such as no descriptors left in this process.
      this.#backoff.fail(`could not be started: ${(error as Error).message}`)
      return undefined
    }
  }
}
