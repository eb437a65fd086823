import { CancelledError, HostClosedError, OverloadedError } from './errors.ts'

export interface AdmissionOptions {
  /** Invocations running at once, on the whole host. */
  readonly maxConcurrency: number
  /** Invocations waiting at once, on the whole host. */
  readonly maxQueued: number
}

/** What one invocation asks to be admitted. */
export interface Ticket {
  readonly functionName: string
  /** Invocations of this function that may run at once. */
  readonly concurrency: number
  /** How long it may wait, in milliseconds: answering later than its own time limit helps nobody. */
  readonly maxWaitMs: number
  /**
   * The permit of the running function that calls this one. One call at a time may run in its place, since it
   * stands still meanwhile: a host full of callers would otherwise wait for itself.
   */
  readonly parent: object | undefined
  readonly signal: AbortSignal | undefined
}

/** The right to run. Whoever got it gives it back, once. */
export interface Permit {
  release(): void
}

interface Waiter {
  readonly ticket: Ticket
  readonly admit: (permit: Permit) => void
  readonly refuse: (error: Error) => void
}

/** Bounds how much runs at once, per function and on the host; the rest waits in order of arrival, up to a bound. */
export class Admission {
  readonly #options: AdmissionOptions
  readonly #running = new Map<string, number>()
  readonly #queue = new Set<Waiter>()
  readonly #whenIdle: (() => void)[] = []
  /** Permits in whose place a call of theirs is running. */
  readonly #lent = new WeakSet<object>()
  #runningCount = 0
  #onHostCount = 0
  /** Nested calls are bounded by what an invocation may have waiting, and leave the queue to others. */
  #directQueuedCount = 0
  #isClosed = false

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  get runningCount(): number {
    return this.#runningCount
  }

  get queuedCount(): number {
    return this.#queue.size
  }

  /**
   * @throws {OverloadedError} when the queue is full or the wait was too long; {CancelledError} when the
   * signal aborts first; {HostClosedError} after `close()`.
   */
  admit(ticket: Ticket): Promise<Permit> {
    if (this.#isClosed && ticket.parent === undefined) return Promise.reject(new HostClosedError())
    if (ticket.signal?.aborted) return Promise.reject(new CancelledError())
    if (this.#fits(ticket)) return Promise.resolve(this.#grant(ticket))
    if (ticket.parent === undefined && this.#directQueuedCount >= this.#options.maxQueued) {
      return Promise.reject(
        new OverloadedError(
          `${this.#directQueuedCount} invocations are waiting already (maxQueued ${this.#options.maxQueued}). ` +
            `Retry later, or raise maxConcurrency, or "concurrency" of "${ticket.functionName}".`,
        ),
      )
    }
    return this.#wait(ticket)
  }

  /** No new work from outside; what waits is refused. Resolves when what runs, and what it calls, has ended. */
  close(): Promise<void> {
    this.#isClosed = true
    for (const waiter of this.#queue) {
      if (waiter.ticket.parent === undefined) waiter.refuse(new HostClosedError())
    }
    if (this.#runningCount === 0) return Promise.resolve()
    return new Promise(resolve => this.#whenIdle.push(resolve))
  }

  #wait(ticket: Ticket): Promise<Permit> {
    const { promise, resolve, reject } = Promise.withResolvers<Permit>()
    const leave = (): void => {
      clearTimeout(timer)
      ticket.signal?.removeEventListener('abort', onAbort)
      this.#queue.delete(waiter)
      if (ticket.parent === undefined) this.#directQueuedCount--
    }
    const waiter: Waiter = {
      ticket,
      admit: permit => {
        leave()
        resolve(permit)
      },
      refuse: error => {
        leave()
        reject(error)
      },
    }
    const onAbort = (): void => waiter.refuse(new CancelledError())
    const timer = setTimeout(() => {
      waiter.refuse(
        new OverloadedError(
          `Function "${ticket.functionName}" waited ${ticket.maxWaitMs} ms for a place and got none. Retry later.`,
        ),
      )
    }, ticket.maxWaitMs)
    ticket.signal?.addEventListener('abort', onAbort, { once: true })
    this.#queue.add(waiter)
    if (ticket.parent === undefined) this.#directQueuedCount++
    return promise
  }

  #fits(ticket: Ticket): boolean {
    if (!this.#canTakePlaceOf(ticket.parent) && this.#onHostCount >= this.#options.maxConcurrency)
      return false
    return (this.#running.get(ticket.functionName) ?? 0) < ticket.concurrency
  }

  #canTakePlaceOf(parent: object | undefined): parent is object {
    return parent !== undefined && !this.#lent.has(parent)
  }

  #grant({ functionName, parent }: Ticket): Permit {
    const lender = this.#canTakePlaceOf(parent) ? parent : undefined
    this.#runningCount++
    if (lender === undefined) this.#onHostCount++
    else this.#lent.add(lender)
    this.#running.set(functionName, (this.#running.get(functionName) ?? 0) + 1)
    let isReleased = false
    return {
      release: () => {
        if (isReleased) return
        isReleased = true
        this.#release(functionName, lender)
      },
    }
  }

  #release(functionName: string, lender: object | undefined): void {
    this.#runningCount--
    if (lender === undefined) this.#onHostCount--
    else this.#lent.delete(lender)
    const left = (this.#running.get(functionName) ?? 1) - 1
    if (left === 0) this.#running.delete(functionName)
    else this.#running.set(functionName, left)
    for (const waiter of this.#queue) {
      if (this.#fits(waiter.ticket)) waiter.admit(this.#grant(waiter.ticket))
    }
    if (this.#runningCount === 0) for (const resolve of this.#whenIdle.splice(0)) resolve()
  }
}
