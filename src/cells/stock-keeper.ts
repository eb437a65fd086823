import type { IsolateKind, PoolKey } from '../isolate/pool-key.ts'
import type { Fleet } from './fleet.ts'

/** Blank isolates that a spare cell has in stock, at most: each takes 2 MB, with Node's library 5 to 7. */
const MOST = 8
/** They are made one after the other, so long apart, in milliseconds. */
const EVERY_MS = 50
/** Functions that ran within this time need one when their cell is gone, in milliseconds. */
const IN_USE_MS = 10_000

/** Sees that the spare cell has in stock what those of a cell whose place it takes would need. */
export class StockKeeper {
  readonly #fleet: Fleet
  #timer: NodeJS.Timeout | undefined

  constructor(fleet: Fleet) {
    this.#fleet = fleet
  }

  /** When nobody needs the cores more. To be called now and then: what is usual changes. */
  tend(): void {
    const { spare, isRushed } = this.#fleet
    if (this.#timer !== undefined || spare?.isReady !== true || isRushed) return
    if (!spare.stock.fill(this.#usual)) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.tend()
    }, EVERY_MS).unref()
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  /** The functions of the fullest cell that ran of late, the latest first. */
  get #usual(): readonly IsolateKind[] {
    const sinceMs = performance.now() - IN_USE_MS
    const inUse = this.#fleet.shared.map(cell =>
      cell.isolates.filter(({ key, enteredMs }) => key !== undefined && enteredMs > sinceMs),
    )
    const fullest = inUse.reduce((most, those) => (those.length > most.length ? those : most), [])
    const keys = fullest.sort((a, b) => b.enteredMs - a.enteredMs).map(({ key }) => key as PoolKey)
    return [...new Set(keys)].slice(0, MOST)
  }
}
