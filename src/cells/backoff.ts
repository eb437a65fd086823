/** The first pause after a process that did not come up, and the longest, in milliseconds. */
const FIRST_MS = 100
const LONGEST_MS = 10_000

/** Makes pauses between processes that don't come up, each twice as long as the one before. */
export class Backoff {
  readonly #onOver: () => void
  #failureCount = 0
  #timer: NodeJS.Timeout | undefined
  #why = ''

  /** `onOver`: another may be tried. */
  constructor(onOver: () => void) {
    this.#onOver = onOver
  }

  get isWaiting(): boolean {
    return this.#timer !== undefined
  }

  /** What is wrong, as long as none has come up again. */
  get problem(): string | undefined {
    return this.#failureCount === 0 ? undefined : `Cells can't be started: the last one ${this.#why}.`
  }

  fail(why: string): void {
    this.#why = why
    const pauseMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#failureCount)
    this.#failureCount++
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#onOver()
    }, pauseMs).unref()
  }

  succeed(): void {
    this.#failureCount = 0
  }

  close(): void {
    clearTimeout(this.#timer)
  }
}
