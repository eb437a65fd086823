/** Runs the changes of one path one after another, in the order asked; different paths don't wait for each other. */
export class PathLock {
  readonly #tails = new Map<string, Promise<unknown>>()

  async run<Result>(path: string, change: () => Promise<Result>): Promise<Result> {
    const before = this.#tails.get(path)
    const running = before === undefined ? change() : before.then(change)
    // The queue goes on after a failed change; who asked for it gets the rejection below.
    const tail = running.catch(() => undefined)
    this.#tails.set(path, tail)
    try {
      return await running
    } finally {
      if (this.#tails.get(path) === tail) this.#tails.delete(path)
    }
  }
}
