import type { Cancellation } from './cancellation.ts'
import { CancelledError, HostClosedError, OverloadedError } from './errors.ts'

export interface AdmissionOptions {
  /** Invocations running at once, on the whole host. */
  readonly maxConcurrency: number
  /** Invocations waiting at once, on the whole host. */
  readonly maxQueued: number
}

/** The way an invocation is to go: one per version of a function. */
export interface Destination {
  /** Invocations it can take at once. */
  readonly places: number
}

/** What one invocation asks to be admitted. */
export interface Ticket {
  readonly functionName: string
  readonly lane: Destination
  /** How long it may wait, in milliseconds: answering later than its own time limit helps nobody. */
  readonly maxWaitMs: number
  /**
   * The permit of the running function that calls this one. One call at a time may run in its place, since it
   * stands still meanwhile: a host full of callers would otherwise wait for itself.
   */
  readonly parent: object | undefined
  readonly cancellation: Cancellation | undefined
}

/** The right to run. Whoever got it gives it back, once. */
export interface Permit {
  release(): void
}

interface Waiter {
  readonly ticket: Ticket
  /** On the scale of `performance.now()`, in milliseconds. */
  readonly sinceMs: number
  readonly admit: (permit: Permit) => void
  readonly refuse: (error: Error) => void
}

/** What one lane has running, and what waits for it. */
interface Queue {
  runningCount: number
  /** In order of their coming. */
  readonly waiters: Set<Waiter>
  /** Admitted of those who waited. */
  servedCount: number
}

/**
 * A lane whose oldest waiter has waited for this long can't keep up, in milliseconds. It then serves the newest first:
 * the oldest would be late whatever is done, and serving them would make everyone late. That somebody always waits says
 * nothing: so it is with one caller more than places, each of whom waits for a moment.
 */
const CONGESTED_AFTER_MS = 1000
/** Of so many that are admitted then one is the oldest: after a short hold-up those get through, however many come anew. */
const OLDEST_EVERY = 8

/** Bounds how much runs at once, per function and on the host; the rest waits, up to a bound. Functions take turns. */
export class Admission {
  readonly #options: AdmissionOptions
  readonly #queues = new WeakMap<Destination, Queue>()
  /** The queues in which somebody waits; those served longest ago first. */
  readonly #waiting = new Set<Queue>()
  readonly #whenIdle: (() => void)[] = []
  /** Permits in whose place a call of theirs is running. */
  readonly #lent = new WeakSet<object>()
  #runningCount = 0
  #onHostCount = 0
  #queuedCount = 0
  /** Nested calls are bounded by what an invocation may have waiting, and leave the queue to others. */
  #directQueuedCount = 0
  #isClosed = false

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  get runningCount(): number {
    return this.#runningCount
  }

  /** Whether who asks now is most likely admitted at once. */
  hasRoom({ cancellation }: Pick<Ticket, 'cancellation'>): boolean {
    return (
      !this.#isClosed && cancellation?.isCancelled !== true && this.#queuedCount === 0 && this.#hasHostRoom
    )
  }

  get queuedCount(): number {
    return this.#queuedCount
  }

  /**
   * The permit, at once if there is room. Rejects with OverloadedError when the queue is full or the wait was too
   * long, with CancelledError when its caller gives up first, with HostClosedError after `close()`.
   */
  admit(ticket: Ticket): Permit | Promise<Permit> {
    if (this.#isClosed && ticket.parent === undefined) return Promise.reject(new HostClosedError())
    if (ticket.cancellation?.isCancelled === true) return Promise.reject(new CancelledError())
    const queue = this.#queueOf(ticket.lane)
    if (queue.waiters.size === 0 && this.#fits(ticket, queue)) {
      return this.#grant(ticket, queue)
    }
    if (ticket.parent === undefined && this.#directQueuedCount >= this.#options.maxQueued) {
      return Promise.reject(
        new OverloadedError(
          `${this.#directQueuedCount} invocations are waiting already (maxQueued ${this.#options.maxQueued}). ` +
            `Retry later, or raise maxConcurrency, or "concurrency" of "${ticket.functionName}".`,
        ),
      )
    }
    return this.#wait(ticket, queue)
  }

  /** No new work from outside; what waits is refused. Resolves when what runs, and what it calls, has ended. */
  close(): Promise<void> {
    this.#isClosed = true
    for (const { waiters } of this.#waiting) {
      for (const waiter of waiters) {
        if (waiter.ticket.parent === undefined) waiter.refuse(new HostClosedError())
      }
    }
    if (this.#runningCount === 0) return Promise.resolve()
    return new Promise(resolve => this.#whenIdle.push(resolve))
  }

  #queueOf(lane: Destination): Queue {
    let queue = this.#queues.get(lane)
    if (queue === undefined) {
      queue = { runningCount: 0, waiters: new Set(), servedCount: 0 }
      this.#queues.set(lane, queue)
    }
    return queue
  }

  #wait(ticket: Ticket, queue: Queue): Promise<Permit> {
    const { promise, resolve, reject } = Promise.withResolvers<Permit>()
    const leave = (): void => {
      clearTimeout(timer)
      ticket.cancellation?.unlisten(onCancel)
      queue.waiters.delete(waiter)
      this.#queuedCount--
      if (ticket.parent === undefined) this.#directQueuedCount--
      if (queue.waiters.size === 0) this.#waiting.delete(queue)
    }
    const waiter: Waiter = {
      ticket,
      sinceMs: performance.now(),
      admit: permit => {
        leave()
        resolve(permit)
      },
      refuse: error => {
        leave()
        reject(error)
      },
    }
    const onCancel = (): void => waiter.refuse(new CancelledError())
    const timer = setTimeout(() => {
      waiter.refuse(
        new OverloadedError(
          `Function "${ticket.functionName}" waited ${ticket.maxWaitMs} ms for a place and got none. Retry later.`,
        ),
      )
    }, ticket.maxWaitMs)
    ticket.cancellation?.listen(onCancel)
    queue.waiters.add(waiter)
    this.#waiting.add(queue)
    this.#queuedCount++
    if (ticket.parent === undefined) this.#directQueuedCount++
    return promise
  }

  #fits({ lane, parent }: Ticket, queue: Queue): boolean {
    return (this.#hasHostRoom || this.#canTakePlaceOf(parent)) && queue.runningCount < lane.places
  }

  get #hasHostRoom(): boolean {
    return this.#onHostCount < this.#options.maxConcurrency
  }

  #canTakePlaceOf(parent: object | undefined): parent is object {
    return parent !== undefined && !this.#lent.has(parent)
  }

  #grant({ parent }: Ticket, queue: Queue): Permit {
    const lender = this.#canTakePlaceOf(parent) ? parent : undefined
    this.#runningCount++
    if (lender === undefined) this.#onHostCount++
    else this.#lent.add(lender)
    queue.runningCount++
    let isReleased = false
    return {
      release: () => {
        if (isReleased) return
        isReleased = true
        this.#release(queue, lender)
      },
    }
  }

  #release(queue: Queue, lender: object | undefined): void {
    const wasFull = !this.#hasHostRoom
    this.#runningCount--
    if (lender === undefined) this.#onHostCount--
    else this.#lent.delete(lender)
    queue.runningCount--
    if (this.#queuedCount > 0) {
      if (wasFull || lender !== undefined) this.#serveAll()
      else while (this.#serveOne(queue));
    }
    if (this.#runningCount === 0) for (const resolve of this.#whenIdle.splice(0)) resolve()
  }

  /** Admits what fits now, one of each lane in turn. */
  #serveAll(): void {
    let hasAdmitted = true
    while (hasAdmitted) {
      hasAdmitted = false
      for (const queue of [...this.#waiting]) if (this.#serveOne(queue)) hasAdmitted = true
    }
  }

  #serveOne(queue: Queue): boolean {
    if (queue.waiters.size === 0) return false
    const waiter = this.#next(queue)
    if (waiter === undefined) return false
    // Last in line from now on.
    this.#waiting.delete(queue)
    this.#waiting.add(queue)
    queue.servedCount++
    waiter.admit(this.#grant(waiter.ticket, queue))
    return true
  }

  #next(queue: Queue): Waiter | undefined {
    const [oldest] = queue.waiters
    const isCongested = oldest !== undefined && performance.now() - oldest.sinceMs > CONGESTED_AFTER_MS
    const isNewestFirst = isCongested && queue.servedCount % OLDEST_EVERY !== 0
    const waiters = isNewestFirst ? [...queue.waiters].reverse() : queue.waiters
    for (const waiter of waiters) {
      if (this.#fits(waiter.ticket, queue)) return waiter
      if (queue.runningCount >= waiter.ticket.lane.places) return undefined
    }
    return undefined
  }
}
