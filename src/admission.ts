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
   * Called by a running function. It needs no place of its own on the host, since its caller's stands still
   * meanwhile: a host full of callers would otherwise wait for itself.
   */
  readonly isNested: boolean
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
  #runningCount = 0
  #onHostCount = 0
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
    if (this.#isClosed && !ticket.isNested) return Promise.reject(new HostClosedError())
    if (ticket.signal?.aborted) return Promise.reject(new CancelledError())
    if (this.#fits(ticket)) return Promise.resolve(this.#grant(ticket))
    if (this.#queue.size >= this.#options.maxQueued) {
      return Promise.reject(
        new OverloadedError(
          `${this.#queue.size} invocations are waiting already (maxQueued ${this.#options.maxQueued}). ` +
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
      if (!waiter.ticket.isNested) waiter.refuse(new HostClosedError())
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
    return promise
  }

  #fits({ functionName, concurrency, isNested }: Ticket): boolean {
    if (!isNested && this.#onHostCount >= this.#options.maxConcurrency) return false
    return (this.#running.get(functionName) ?? 0) < concurrency
  }

  #grant({ functionName, isNested }: Ticket): Permit {
    this.#runningCount++
    if (!isNested) this.#onHostCount++
    this.#running.set(functionName, (this.#running.get(functionName) ?? 0) + 1)
    let isReleased = false
    return {
      release: () => {
        if (isReleased) return
        isReleased = true
        this.#release(functionName, isNested)
      },
    }
  }

  #release(functionName: string, isNested: boolean): void {
    this.#runningCount--
    if (!isNested) this.#onHostCount--
    const left = (this.#running.get(functionName) ?? 1) - 1
    if (left === 0) this.#running.delete(functionName)
    else this.#running.set(functionName, left)
    for (const waiter of this.#queue) {
      if (this.#fits(waiter.ticket)) waiter.admit(this.#grant(waiter.ticket))
    }
    if (this.#runningCount === 0) for (const resolve of this.#whenIdle.splice(0)) resolve()
  }
}
