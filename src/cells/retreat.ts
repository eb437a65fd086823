import type { RemoteIsolate } from './remote-isolate.ts'

/** When one after the other was told to find another place, so long passes before all have to go, in milliseconds. */
const GRACE_MS = 400

/** Gives up the isolates of a cell that is to go. */
export class Retreat {
  readonly #isolates: () => readonly RemoteIsolate[]
  readonly #displaced = new Set<number>()
  readonly #doomed = new Set<number>()
  #timer: NodeJS.Timeout | undefined

  constructor(isolates: () => readonly RemoteIsolate[]) {
    this.#isolates = isolates
  }

  /** It is to go as soon as it is idle. */
  has({ id }: RemoteIsolate): boolean {
    return this.#doomed.has(id)
  }

  all(): void {
    for (const isolate of this.#isolates()) this.#doom(isolate)
  }

  /**
   * Each when another serves in its place, made one after the other: made all at once they would keep their functions
   * waiting.
   */
  byAndBy(everyMs: number): void {
    for (const isolate of this.#isolates()) {
      if (this.#displaced.has(isolate.id)) continue
      this.#displaced.add(isolate.id)
      if (isolate.key === undefined) this.#doom(isolate)
      else if (isolate.listener.onDisplaced()) {
        this.#timer = setTimeout(() => this.byAndBy(everyMs), everyMs).unref()
        return
      }
    }
    this.#timer = setTimeout(() => this.all(), GRACE_MS).unref()
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
