import type { OpArgs, OpName, OpResult } from '../protocol/calls.ts'
import type { CryptoHost } from './crypto-host.ts'
import type { Realm } from './realm.ts'

export const JOB_ASYNC = 0
export const JOB_SYNC = 1
export const JOB_WEB_CRYPTO = 2

/** What a job does: an op, and what becomes of its result; or, without a crossing, a value. */
export interface Work {
  readonly ask: () => unknown
  readonly call: () => Promise<unknown>
}

/** Makes a job's work of its arguments; throws for those Node refuses at once. */
// biome-ignore lint/suspicious/noExplicitAny: each job has arguments of its own.
export type Prepare = (mode: number, ...args: any[]) => Work
export type JobClass = new (mode: number, ...args: unknown[]) => { run(): unknown }

/** Work that is one op. */
export function opWork<Op extends OpName>(
  host: CryptoHost,
  op: Op,
  args: OpArgs<Op>,
  convert: (result: Exclude<OpResult<Op>, { failure: unknown }>) => unknown,
): Work {
  return {
    ask: () => convert(host.ask(op, args)),
    call: async () => convert(await host.call(op, args)),
  }
}

/** Work that needs no host. */
export function localWork(run: () => unknown): Work {
  return { ask: run, call: async () => run() }
}

/**
 * A job as Node's modules make them: run at once with `[error, result]`, later with `ondone`, or as Web Crypto's
 * promise, whose errors are all the same one.
 */
export function makeJob(realm: Realm, prepare: Prepare): JobClass {
  return class Job {
    declare ondone: (error: unknown, result?: unknown) => void
    readonly #mode: number
    readonly #work: Work

    constructor(mode: number, ...args: unknown[]) {
      this.#mode = mode
      this.#work = prepare(mode, ...args)
    }

    run(): unknown {
      if (this.#mode === JOB_SYNC) return this.#runNow()
      if (this.#mode === JOB_WEB_CRYPTO) return promised(realm, this.#work)
      const done = (error: unknown, result?: unknown): void => {
        try {
          this.ondone(error, result)
        } catch (thrown) {
          realm.environment.report(thrown)
        }
      }
      this.#work.call().then(
        result => done(undefined, result),
        (error: unknown) => done(error),
      )
      return undefined
    }

    #runNow(): [error: unknown, result?: unknown] {
      try {
        return [undefined, this.#work.ask()]
      } catch (error) {
        return [error]
      }
    }
  }
}

function promised(realm: Realm, work: Work): Promise<unknown> {
  const { resolveWebCryptoResult } = realm.load('internal/crypto/util')
  const { lazyDOMException } = realm.load('internal/util')
  return new Promise((resolve, reject) => {
    work.call().then(
      result => resolveWebCryptoResult(resolve, result),
      (cause: unknown) =>
        reject(
          lazyDOMException('The operation failed for an operation-specific reason', {
            name: 'OperationError',
            cause,
          }),
        ),
    )
  })
}
