import type { Timer } from './environment.ts'
import type { Realm } from './realm.ts'

const CUSTOM = Symbol.for('nodejs.util.promisify.custom')
const NAMES = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
] as const

/** The module `timers`: the function's own timers, which end with their invocation. */
export function makeTimers(realm: Realm): object {
  const { globals } = realm.environment
  const timers = Object.fromEntries(NAMES.map(name => [name, globals[name]]))
  const promises = realm.load('timers/promises')
  for (const name of ['setTimeout', 'setImmediate'] as const) {
    Object.defineProperty(timers[name], CUSTOM, { value: promises[name], configurable: true })
  }
  return Object.defineProperty(timers, 'promises', { value: promises, enumerable: true, configurable: true })
}

/** What Node's own modules ask of its timers beyond that. */
export function makeInternalTimers({ environment, load }: Realm): object {
  const TIMEOUT_MAX = 2 ** 31 - 1
  const setUnrefTimeout = (callback: (...args: never[]) => unknown, delayMs: number, arg?: unknown): Timer =>
    environment.setTimeout(callback, delayMs, arg).unref()
  return {
    TIMEOUT_MAX,
    kTimeout: Symbol('timeout'),
    setUnrefTimeout,
    reuseOrCreateUnrefTimeout: (
      _timer: unknown,
      callback: (...args: never[]) => unknown,
      delayMs: number,
      arg: unknown,
    ) => setUnrefTimeout(callback, delayMs, arg),
    getTimerDuration: (delayMs: number, name: string) => {
      load('internal/validators').validateNumber(delayMs, name)
      if (delayMs < 0 || !Number.isFinite(delayMs)) {
        const { ERR_OUT_OF_RANGE } = load('internal/errors').codes
        throw new ERR_OUT_OF_RANGE(name, 'a non-negative finite number', delayMs)
      }
      return Math.min(delayMs, TIMEOUT_MAX)
    },
  }
}

interface WaitOptions {
  readonly signal?: AbortSignalLike
  readonly ref?: boolean
}

interface AbortSignalLike {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** The module `timers/promises`. */
export function makeTimersPromises(realm: Realm): object {
  const { environment, load } = realm
  const wait = (delayMs: number | undefined, value: unknown, options: WaitOptions = {}): Promise<unknown> => {
    const { signal, ref = true } = options
    load('internal/validators').validateAbortSignal(signal, 'options.signal')
    const aborted = (): Error =>
      new (load('internal/errors').AbortError)(undefined, { cause: (signal as AbortSignalLike).reason })
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(aborted())
        return
      }
      const onAbort = (): void => {
        timer.close()
        reject(aborted())
      }
      const timer = environment.setTimeout(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve(value)
      }, delayMs ?? 1)
      if (!ref) timer.unref()
      signal?.addEventListener('abort', onAbort)
    })
  }
  async function* every(delayMs?: number, value?: unknown, options?: WaitOptions): AsyncGenerator<unknown> {
    for (;;) yield await wait(delayMs, value, options)
  }
  return {
    setTimeout: wait,
    setImmediate: (value?: unknown, options?: WaitOptions) => wait(0, value, options),
    setInterval: every,
    scheduler: {
      wait: (delayMs: number, options?: WaitOptions) => wait(delayMs, undefined, options),
      yield: () => wait(0, undefined),
    },
  }
}
