import type { Cloud } from 'cloudlet/client'

/** A watch that stays silent for so long has failed, in milliseconds. */
const PATIENCE_MS = 30_000

/** What a user sees of a category: kept up to date by a watch, the cheapest first. */
export class ShopWindow {
  readonly #watch: { close(): Promise<void> }
  #shown = ''
  #error: Error | undefined
  #onChange = (): void => {}

  private constructor(cloud: Cloud, category: string) {
    const goods = cloud.database().collection('goods')
    this.#watch = goods
      .where({ category })
      .orderBy('price', 'asc')
      .watch({
        onChange: ({ docs }) => {
          this.#shown = docs.map(({ name, stock }) => `${name} × ${stock}`).join(', ')
          this.#onChange()
        },
        onError: error => {
          this.#error = error
          this.#onChange()
        },
      })
  }

  /** Resolves with the first snapshot. */
  static async open(cloud: Cloud, category: string): Promise<ShopWindow> {
    const shelf = new ShopWindow(cloud, category)
    await shelf.#until(() => shelf.#shown !== '')
    return shelf
  }

  /** Such as `Cup × 3, Pot × 1`. */
  describe(): string {
    return this.#shown
  }

  /** Resolves when the window has come to show that. Changes that come quickly are told together. */
  untilShown(text: string): Promise<void> {
    return this.#until(() => this.#shown === text)
  }

  close(): Promise<void> {
    return this.#watch.close()
  }

  /** @throws {Error} when the watch ends, or nothing comes for half a minute. */
  async #until(isReached: () => boolean): Promise<void> {
    while (!isReached()) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const timer = setTimeout(() => reject(new Error(`Still showing "${this.#shown}".`)), PATIENCE_MS)
      this.#onChange = resolve
      await promise.finally(() => clearTimeout(timer))
      if (this.#error !== undefined) throw this.#error
    }
  }
}
