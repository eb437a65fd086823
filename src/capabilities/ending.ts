/** What an invocation holds and must give back when it ends, by the name of the thing held. */
export class Ending {
  /** Made with the first thing held: most invocations hold none. */
  #held: Map<string, () => void> | undefined
  /** Not counted as held. */
  #works: (() => void)[] | undefined
  #isOver = false

  get heldCount(): number {
    return this.#held?.size ?? 0
  }

  /** Keeps `giveBack` for the end; called at once when that has passed. */
  hold(name: string, giveBack: () => void): void {
    if (this.#isOver) giveBack()
    else {
      this.#held ??= new Map()
      this.#held.set(name, giveBack)
    }
  }

  /** It was given back already. */
  release(name: string): void {
    this.#held?.delete(name)
  }

  /** Keeps `work` for the end; done at once when that has passed. */
  atEnd(work: () => void): void {
    if (this.#isOver) work()
    else {
      this.#works ??= []
      this.#works.push(work)
    }
  }

  /** The invocation has ended. */
  run(): void {
    this.#isOver = true
    const held = this.#held
    this.#held = undefined
    for (const giveBack of held?.values() ?? []) giveBack()
    const works = this.#works
    this.#works = undefined
    for (const work of works ?? []) work()
  }
}
