import type { Report } from './wx-api.ts'

type Work = (...args: unknown[]) => unknown

/** The timers of one launch of an app: they are numbers, and end with it. */
export class AppTimers {
  readonly #report: Report
  readonly #running = new Map<number, NodeJS.Timeout>()
  #last = 0
  #isEnded = false

  constructor(report: Report) {
    this.#report = report
  }

  /** As page code finds them. */
  readonly globals = {
    setTimeout: (work: Work, delayMs?: number, ...args: unknown[]): number => {
      const id = ++this.#last
      if (this.#isEnded) return id
      const timer = setTimeout(() => {
        this.#running.delete(id)
        this.#run(work, args)
      }, delayMs)
      this.#running.set(id, timer)
      return id
    },
    setInterval: (work: Work, delayMs?: number, ...args: unknown[]): number => {
      const id = ++this.#last
      if (this.#isEnded) return id
      this.#running.set(
        id,
        setInterval(() => this.#run(work, args), delayMs),
      )
      return id
    },
    clearTimeout: (id: unknown): void => this.#clear(id),
    clearInterval: (id: unknown): void => this.#clear(id),
  }

  /** Ends all of them, and those that code of this launch which still runs sets from now on. */
  end(): void {
    this.#isEnded = true
    for (const id of this.#running.keys()) this.#clear(id)
  }

  #clear(id: unknown): void {
    if (typeof id !== 'number') return
    clearTimeout(this.#running.get(id))
    this.#running.delete(id)
  }

  #run(work: Work, args: unknown[]): void {
    try {
      work(...args)
    } catch (error) {
      this.#report(error)
    }
  }
}
