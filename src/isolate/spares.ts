import { type GuestIsolate, type IsolateSource, NOBODY } from './guest-isolate.ts'
import type { IsolateKind, PoolKey } from './pool-key.ts'
import { RUNTIME_KINDS } from './runtime-kind.ts'

/** Cold starts within this time count as demand, in milliseconds. */
const DEMAND_WINDOW_MS = 10_000
/** Between two spares the host's loop gets this long for other work, in milliseconds. */
const PAUSE_MS = 2
/** So long it is waited before it is asked again whether others need the cores more, in milliseconds. */
const RUSH_PAUSE_MS = 50

export interface SparesOptions {
  /** Blank isolates kept ready, at most. 0: none. */
  readonly max: number
  /** Whether another may be made: memory, and the number of isolates. */
  readonly hasRoom: () => boolean
  readonly source: IsolateSource
  /** An isolate that could not be made off the request path; a cold start that needs one will say why. */
  readonly onFailure: (error: unknown) => void
}

/**
 * Blank isolates made ahead of need, off the request path, so that a cold start only loads the function. One is kept
 * for the next cold start, and as many more as there were cold starts lately.
 */
export class Spares {
  readonly #options: SparesOptions
  readonly #shelf: GuestIsolate[] = []
  readonly #taken: { readonly timeMs: number; readonly kind: IsolateKind }[] = []
  /** What was asked for last: the next cold start is most likely of that kind. */
  #kind: IsolateKind | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: SparesOptions) {
    this.#options = options
  }

  /** Those that have all they are to have. */
  get count(): number {
    return this.#shelf.filter(({ isReady, isDisposed }) => isReady && !isDisposed).length
  }

  /** All of them, those under way included. */
  get size(): number {
    return this.#shelf.length
  }

  /** Makes sure that one is on its way: a function of that kind was deployed. */
  expect(kind: IsolateKind): void {
    if (this.#kind === undefined || serves(kind, this.#kind)) this.#kind = kind
    this.#refillSoon()
  }

  /** One of that kind, or of one that does as well, if there is. */
  take(kind: PoolKey): GuestIsolate | undefined {
    this.#kind = kind
    this.#taken.push({ timeMs: performance.now(), kind })
    if (this.#taken.length > this.#options.max) this.#taken.shift()
    this.#refillSoon()
    let best: GuestIsolate | undefined
    for (const blank of this.#shelf) {
      if (!serves(blank, kind) || blank.isDisposed || !this.#options.source.canTake(blank, kind)) continue
      // Of equals the newest: its memory is in the processor's caches still.
      if (best === undefined || fitness(blank, kind) >= fitness(best, kind)) best = blank
    }
    if (best !== undefined) {
      this.#remove(best)
      this.#options.source.take(best, kind)
    }
    return best
  }

  /** Gives one up, to make room. */
  drop(): boolean {
    const blank = this.#shelf.shift()
    if (blank !== undefined) blank.dispose()
    return blank !== undefined
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    while (this.drop());
  }

  /** How many, of which kind. While functions with the SDK and without start, only what serves both. */
  #want(kind: IsolateKind): { readonly count: number; readonly kind: IsolateKind } {
    const sinceMs = performance.now() - DEMAND_WINDOW_MS
    const recent = this.#taken.filter(({ timeMs }) => timeMs > sinceMs)
    const count = Math.min(this.#options.max, 1 + recent.length)
    // Whoever has the largest serves the others.
    let larger = kind
    for (const taken of recent) {
      if (serves(taken.kind, larger) && sizeOf(taken.kind) > sizeOf(larger)) larger = taken.kind
    }
    return { count, kind: larger }
  }

  #refillSoon(pauseMs = PAUSE_MS): void {
    if (this.#isClosed || this.#timer !== undefined || this.#options.max === 0) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#refill()
    }, pauseMs)
    this.#timer.unref()
  }

  #remove(blank: GuestIsolate): void {
    this.#shelf.splice(this.#shelf.indexOf(blank), 1)
  }

  #refill(): void {
    for (const blank of this.#shelf.filter(({ isDisposed }) => isDisposed)) this.#remove(blank)
    if (this.#kind === undefined) return
    if (this.#options.source.isRushed) {
      this.#refillSoon(RUSH_PAUSE_MS)
      return
    }
    const { count, kind } = this.#want(this.#kind)
    this.#dropOther(count, kind)
    if (this.#shelf.length >= count || !this.#options.hasRoom()) return
    // One after the other: what is evaluated ahead must not take the cores from those who run.
    if (this.#shelf.some(({ isReady }) => !isReady)) {
      this.#refillSoon()
      return
    }
    try {
      const blank = this.#options.source.makeSpare(kind)
      blank.listener = { ...NOBODY, onLost: () => this.#refillSoon() }
      this.#shelf.push(blank)
    } catch (error) {
      this.#options.onFailure(error)
      return
    }
    this.#refillSoon()
  }

  /** One that doesn't serve only takes room that another could have. */
  #dropOther(count: number, kind: IsolateKind): void {
    if (this.#shelf.length < count) return
    const index = this.#shelf.findIndex(blank => !serves(blank, kind))
    if (index < 0) return
    const [blank] = this.#shelf.splice(index, 1)
    if (blank !== undefined) blank.dispose()
  }
}

/** The SDK costs memory, but harms nobody; Node's library costs several times as much. */
function serves(blank: IsolateKind, kind: IsolateKind): boolean {
  if (blank.memoryMb !== kind.memoryMb || sizeOf(blank) < sizeOf(kind)) return false
  return hasNode(kind) || !hasNode(blank)
}

function hasNode({ runtime, nodeNames }: IsolateKind): boolean {
  return nodeNames.length > 0 || runtime === 'node' || runtime === 'network'
}

function sizeOf({ runtime }: Pick<IsolateKind, 'runtime'>): number {
  return RUNTIME_KINDS.indexOf(runtime)
}

/** How much of what a function needs is there already; of one under way, nothing. */
function fitness(blank: GuestIsolate, { runtime, nodeNames }: IsolateKind): number {
  if (!blank.isReady) return -1
  const ready = blank.nodeNames.filter(name => nodeNames.includes(name)).length
  return ready * 2 + (blank.runtime === runtime ? 1 : 0)
}
