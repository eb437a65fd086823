import { existsSync } from 'node:fs'
import { HostClosedError } from '../errors.ts'
import { Engine, type EngineOptions } from './engine.ts'

/** After as long a storage that was there before is opened though nobody asks: what has expired in it must go. */
const OPEN_MS = 60_000

/** Opens the engine at the first call, and closes it when the calls under way are over. */
export class EngineAccess {
  readonly #options: EngineOptions
  readonly #running = new Set<Promise<unknown>>()
  #engine: Promise<Engine> | undefined
  #closing: Promise<void> | undefined
  readonly #timer: NodeJS.Timeout | undefined
  /** That it can't be opened was told; it is tried on. */
  #hasWarned = false

  constructor(options: EngineOptions) {
    this.#options = options
    const { directory, s3 } = options
    if (s3 === undefined && directory === undefined) return
    this.#timer = setInterval(() => {
      // A directory that was never made has nothing in it.
      if (s3 !== undefined || (directory !== undefined && existsSync(directory))) void this.#openUnasked()
    }, OPEN_MS).unref()
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
    clearInterval(this.#timer)
    await Promise.allSettled(this.#running)
    // One that failed to open has nothing to close.
    await (await this.#engine?.catch(() => undefined))?.close()
  }

  async #openUnasked(): Promise<void> {
    if (this.#engine !== undefined) return
    try {
      await this.run(async () => undefined)
    } catch (error) {
      if (this.#hasWarned) return
      this.#hasWarned = true
      this.#options.onWarning(`The storage can't be opened, to remove what has expired: ${String(error)}`)
    }
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
