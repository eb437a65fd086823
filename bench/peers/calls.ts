/** What a guest in a thread or process of its own answers. */
interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

/** Calls under way over a channel of messages, told apart by number. */
export class Calls {
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  readonly #send: (message: { readonly id: number; readonly event: object }) => void
  #lastId = 0

  constructor(send: (message: { readonly id: number; readonly event: object }) => void) {
    this.#send = send
  }

  call(event: object): Promise<unknown> {
    const id = ++this.#lastId
    const call = Promise.withResolvers<unknown>()
    this.#waiting.set(id, call)
    this.#send({ id, event })
    return call.promise
  }

  receive({ id, result, error }: Answer): void {
    const call = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) call?.resolve(result)
    else call?.reject(new Error(error))
  }

  /** Whoever still waits is told why there will be no answer. */
  fail(error: Error): void {
    for (const call of this.#waiting.values()) call.reject(error)
    this.#waiting.clear()
  }
}
