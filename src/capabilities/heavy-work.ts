import { CancelledError, OverloadedError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { askerOf, type Scope } from './capability.ts'

interface Waiting {
  start(): void
  cancel(): void
}

/**
 * Work that holds a thread of Node's pool and can't be stopped: it has but some of the pool's threads, so that
 * files and names go on, and those who ask take turns.
 */
export class HeavyWork {
  readonly #places: number
  readonly #what: string
  #runningCount = 0
  #waitingCount = 0
  /** By who asks, the one whose turn is next in front. */
  readonly #queues = new Map<object, Waiting[]>()
  /** Whose end is waited for already. */
  readonly #known = new WeakSet<object>()

  /** @param what waits for what, in the error when too many do. */
  constructor(places: number = LIMITS.heavyWorkPlaces, what = "computations wait for the host's threads") {
    this.#places = places
    this.#what = what
  }

  /**
   * Runs it when there is a place.
   *
   * @throws {OverloadedError} when too many wait. {CancelledError} when the invocation that asks is over meanwhile.
   */
  async run<Result>(scope: Scope, work: () => Promise<Result>): Promise<Result> {
    if (this.#runningCount >= this.#places) await this.#wait(scope)
    else this.#runningCount++
    try {
      return await work()
    } finally {
      this.#runningCount--
      this.#next()
    }
  }

  #wait(scope: Scope): Promise<void> {
    if (this.#waitingCount >= LIMITS.heavyWorkWaiting) {
      throw new OverloadedError(`More than ${LIMITS.heavyWorkWaiting} ${this.#what}. Try again later.`)
    }
    return new Promise((resolve, reject) => {
      const asker = askerOf(scope)
      const queue = this.#queues.get(asker) ?? []
      this.#queues.set(asker, queue)
      this.#waitingCount++
      queue.push({ start: resolve, cancel: () => reject(new CancelledError()) })
      if (this.#known.has(asker)) return
      this.#known.add(asker)
      scope.ending?.atEnd(() => this.#drop(asker))
    })
  }

  #drop(asker: object): void {
    const queue = this.#queues.get(asker) ?? []
    this.#known.delete(asker)
    this.#queues.delete(asker)
    this.#waitingCount -= queue.length
    for (const waiting of queue) waiting.cancel()
  }

  #next(): void {
    const first = this.#queues.entries().next()
    if (first.done) return
    const [asker, queue] = first.value
    const waiting = queue.shift() as Waiting
    this.#waitingCount--
    this.#queues.delete(asker)
    if (queue.length > 0) this.#queues.set(asker, queue)
    this.#runningCount++
    waiting.start()
  }
}
