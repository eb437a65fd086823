import { NetworkError } from '../errors.ts'

/** Few places that many ask for: they take turns, and nobody has all of the places. */
export class Turns {
  readonly #places: number
  #takenCount = 0
  /** Places taken by each. */
  readonly #taken = new Map<object, number>()
  /** By who asks, the one whose turn is next in front. */
  readonly #queues = new Map<object, Set<() => void>>()

  constructor(places: number) {
    this.#places = places
  }

  /** Resolves when the asker has a place. @throws {NetworkError} when `signal` says before that it is over. */
  async take(asker: object, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) throw ended()
    if (this.#mayTake(asker)) this.#add(asker)
    else await this.#wait(asker, signal)
  }

  give(asker: object): void {
    const count = (this.#taken.get(asker) ?? 0) - 1
    if (count > 0) this.#taken.set(asker, count)
    else this.#taken.delete(asker)
    this.#takenCount--
    this.#next()
  }

  #mayTake(asker: object): boolean {
    const most = Math.max(1, this.#places - 1)
    return this.#takenCount < this.#places && (this.#taken.get(asker) ?? 0) < most
  }

  #add(asker: object): void {
    this.#takenCount++
    this.#taken.set(asker, (this.#taken.get(asker) ?? 0) + 1)
  }

  #wait(asker: object, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const queue = this.#queues.get(asker) ?? new Set()
      this.#queues.set(asker, queue)
      const start = () => {
        signal?.removeEventListener('abort', cancel)
        resolve()
      }
      const cancel = () => {
        queue.delete(start)
        if (queue.size === 0 && this.#queues.get(asker) === queue) this.#queues.delete(asker)
        reject(ended())
      }
      queue.add(start)
      signal?.addEventListener('abort', cancel, { once: true })
    })
  }

  #next(): void {
    for (const [asker, queue] of this.#queues) {
      if (!this.#mayTake(asker)) continue
      const [start] = queue
      this.#queues.delete(asker)
      if (start === undefined) continue
      queue.delete(start)
      if (queue.size > 0) this.#queues.set(asker, queue)
      this.#add(asker)
      start()
      return
    }
  }
}

function ended(): NetworkError {
  return new NetworkError('ECANCELLED', 'The invocation has ended', {})
}
