import { type BlankIsolate, disposeIsolate, makeBlankIsolate } from './isolate.ts'

/** Cold starts within this time count as demand, in milliseconds. */
const DEMAND_WINDOW_MS = 10_000
/** Between two spares the host's loop gets this long for other work, in milliseconds. */
const PAUSE_MS = 2

export interface SparesOptions {
  /** Blank isolates kept ready, at most. 0: none. */
  readonly max: number
  /** Whether another may be made: memory, and the number of isolates. */
  readonly hasRoom: () => boolean
  /** An isolate that could not be made off the request path; a cold start that needs one will say why. */
  readonly onFailure: (error: unknown) => void
}

/**
 * Blank isolates made ahead of need, off the request path, so that a cold start only loads the function. One is kept
 * for the next cold start, and as many more as there were cold starts lately.
 */
export class Spares {
  readonly #options: SparesOptions
  readonly #shelf: BlankIsolate[] = []
  readonly #takenMs: number[] = []
  /** The size asked for last: the next cold start is most likely of it. */
  #memoryMb: number | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: SparesOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#shelf.length
  }

  /** Makes sure that one is on its way: a function of that size was deployed. */
  expect(memoryMb: number): void {
    this.#memoryMb ??= memoryMb
    this.#refillSoon()
  }

  /** One of that size, if there is. */
  take(memoryMb: number): BlankIsolate | undefined {
    this.#memoryMb = memoryMb
    this.#takenMs.push(performance.now())
    if (this.#takenMs.length > this.#options.max) this.#takenMs.shift()
    this.#refillSoon()
    const index = this.#shelf.findIndex(blank => blank.memoryMb === memoryMb && !blank.isolate.isDisposed)
    return index < 0 ? undefined : this.#shelf.splice(index, 1)[0]
  }

  /** Gives one up, to make room. */
  drop(): boolean {
    const blank = this.#shelf.shift()
    if (blank !== undefined) disposeIsolate(blank.isolate)
    return blank !== undefined
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    while (this.drop());
  }

  get #wanted(): number {
    const sinceMs = performance.now() - DEMAND_WINDOW_MS
    const recentCount = this.#takenMs.filter(takenMs => takenMs > sinceMs).length
    return Math.min(this.#options.max, 1 + recentCount)
  }

  #refillSoon(): void {
    if (this.#isClosed || this.#timer !== undefined || this.#options.max === 0) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#refill()
    }, PAUSE_MS)
    this.#timer.unref()
  }

  #refill(): void {
    const memoryMb = this.#memoryMb
    if (memoryMb === undefined) return
    this.#dropOthers(memoryMb)
    if (this.#shelf.length >= this.#wanted || !this.#options.hasRoom()) return
    try {
      this.#shelf.push(makeBlankIsolate(memoryMb))
    } catch (error) {
      this.#options.onFailure(error)
      return
    }
    this.#refillSoon()
  }

  /** Those of another size only take room that one of the right size could have. */
  #dropOthers(memoryMb: number): void {
    if (this.#shelf.length < this.#wanted) return
    const index = this.#shelf.findIndex(blank => blank.memoryMb !== memoryMb)
    if (index < 0) return
    const [blank] = this.#shelf.splice(index, 1)
    if (blank !== undefined) disposeIsolate(blank.isolate)
  }
}
