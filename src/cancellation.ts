type Listener = () => void

/**
 * Whether whoever asked for something has given up. An AbortSignal with a listener costs more than all else of a small
 * call, so one is made for who needs it, and most don't.
 */
export class Cancellation {
  #signal: AbortSignal | undefined
  #controller: AbortController | undefined
  readonly #listeners: Listener[] = []
  #isCancelled = false
  #reason: unknown

  /** @param signal Says it, instead of `cancel`. */
  constructor(signal?: AbortSignal) {
    this.#signal = signal
  }

  get isCancelled(): boolean {
    return this.#isCancelled || this.#signal?.aborted === true
  }

  /** The same as a signal. */
  get signal(): AbortSignal {
    if (this.#signal !== undefined) return this.#signal
    this.#controller = new AbortController()
    this.#signal = this.#controller.signal
    if (this.#isCancelled) this.#controller.abort(this.#reason)
    return this.#signal
  }

  /** Of one that has no signal of somebody else's. The first reason counts. */
  cancel(reason: unknown): void {
    if (this.#isCancelled) return
    this.#isCancelled = true
    this.#reason = reason
    this.#controller?.abort(reason)
    for (const listener of this.#listeners.splice(0)) listener()
  }

  /** Calls it once, when that happens. */
  listen(listener: Listener): void {
    if (this.#hasForeignSignal) this.#signal?.addEventListener('abort', listener, { once: true })
    else this.#listeners.push(listener)
  }

  unlisten(listener: Listener): void {
    if (this.#hasForeignSignal) {
      this.#signal?.removeEventListener('abort', listener)
      return
    }
    const index = this.#listeners.indexOf(listener)
    if (index >= 0) this.#listeners.splice(index, 1)
  }

  get #hasForeignSignal(): boolean {
    return this.#signal !== undefined && this.#controller === undefined
  }
}
