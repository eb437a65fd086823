import type { RemoteIsolate } from './remote-isolate.ts'

/** Gives up the isolates of a cell that is to go, each as soon as it is idle. */
export class Retreat {
  readonly #isolates: () => readonly RemoteIsolate[]
  readonly #doomed = new Set<number>()
  #timer: NodeJS.Timeout | undefined

  constructor(isolates: () => readonly RemoteIsolate[]) {
    this.#isolates = isolates
  }

  has({ id }: RemoteIsolate): boolean {
    return this.#doomed.has(id)
  }

  all(): void {
    for (const isolate of this.#isolates()) this.#doom(isolate)
  }

  /** One after the other, so that their functions don't all start anew elsewhere at once. */
  byAndBy(everyMs: number): void {
    const next = this.#isolates().find(isolate => !this.has(isolate))
    if (next === undefined) return
    this.#doom(next)
    this.#timer = setTimeout(() => this.byAndBy(everyMs), everyMs).unref()
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  #doom(isolate: RemoteIsolate): void {
    this.#doomed.add(isolate.id)
    if (isolate.key === undefined) isolate.dispose()
    else isolate.listener.onCondemned()
  }
}
