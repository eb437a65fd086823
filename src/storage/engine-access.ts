import { HostClosedError } from '../errors.ts'
import { Engine, type EngineOptions } from './engine.ts'

/** Opens the engine at the first call, and closes it when the calls under way are over. */
export class EngineAccess {
  readonly #options: EngineOptions
  readonly #running = new Set<Promise<unknown>>()
  #engine: Promise<Engine> | undefined
  #closing: Promise<void> | undefined

  constructor(options: EngineOptions) {
    this.#options = options
  }

  /** @throws {HostClosedError} after `close` */
  async run<Result>(work: (engine: Engine) => Promise<Result>): Promise<Result> {
    if (this.#closing !== undefined) throw new HostClosedError()
    const running = this.#open().then(work)
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#running)
    // One that failed to open has nothing to close.
    await (await this.#engine?.catch(() => undefined))?.close()
  }

  /** What failed to open is opened anew at the next call: a missing right may have been given since. */
  #open(): Promise<Engine> {
    if (this.#engine !== undefined) return this.#engine
    const opening = Engine.open(this.#options)
    this.#engine = opening
    opening.catch(() => {
      this.#engine = undefined
    })
    return opening
  }
}
