/** What an invocation holds and must give back when it ends, by the name of the thing held. */
export class Ending {
  readonly #held = new Map<string, () => void>()
  #isOver = false

  get heldCount(): number {
    return this.#held.size
  }

  /** Keeps `giveBack` for the end; called at once when that has passed. */
  hold(name: string, giveBack: () => void): void {
    if (this.#isOver) giveBack()
    else this.#held.set(name, giveBack)
  }

  /** It was given back already. */
  release(name: string): void {
    this.#held.delete(name)
  }

  /** The invocation has ended. */
  run(): void {
    this.#isOver = true
    for (const giveBack of this.#held.values()) giveBack()
    this.#held.clear()
  }
}
