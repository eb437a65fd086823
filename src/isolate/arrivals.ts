/** So many ticks of one call each, and nobody is expected to come together with the next. */
const ALONE_TICKS = 8

/** How the calls of a function come: one in a tick, or several. */
export class Arrivals {
  #count = 0
  #aloneTicks = 0

  /** One has come. Whether it need not wait for the end of the tick to cross together with others. */
  add(): boolean {
    this.#count++
    return this.#count === 1 && this.#aloneTicks >= ALONE_TICKS
  }

  endTick(): void {
    if (this.#count > 0) this.#aloneTicks = this.#count === 1 ? this.#aloneTicks + 1 : 0
    this.#count = 0
  }
}
