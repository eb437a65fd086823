import { countUtf8, writeUtf8 } from './utf8.ts'

/**
 * What the client uses of a newer JavaScript than mini-programs may have. The build puts these in the place of the
 * globals, inside the bundle only (src/build/miniprogram.ts): nothing is added to anybody's globals.
 */

type AbortListener = () => void

class Signal {
  aborted = false
  readonly #listeners = new Set<AbortListener>()

  addEventListener(_type: 'abort', listener: AbortListener): void {
    this.#listeners.add(listener)
  }

  removeEventListener(_type: 'abort', listener: AbortListener): void {
    this.#listeners.delete(listener)
  }

  /** Once: later ones change nothing. */
  fire(): void {
    if (this.aborted) return
    this.aborted = true
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    for (const listener of listeners) listener()
  }
}

class Controller {
  readonly signal = new Signal()

  abort(): void {
    this.signal.fire()
  }
}

export { Controller as AbortController, Signal as AbortSignal }

export function queueMicrotask(work: () => void): void {
  void Promise.resolve().then(work)
}

export class TextEncoder {
  encode(text: string): Uint8Array {
    const bytes = new Uint8Array(countUtf8(text))
    writeUtf8(text, bytes, 0)
    return bytes
  }
}

/** A clock that is set now and then: there is no other in every base library. */
export const performance = { now: (): number => Date.now() }

const ownProperty = Object.prototype.hasOwnProperty

export function objectHasOwn(object: object, key: PropertyKey): boolean {
  return ownProperty.call(object, key)
}

export function objectFromEntries(entries: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const [key, value] of entries) object[key] = value
  return object
}

export function promiseWithResolvers(): {
  promise: Promise<unknown>
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
} {
  let resolve: (value: unknown) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<unknown>((resolvePromise, rejectPromise) => {
    resolve = resolvePromise
    reject = rejectPromise
  })
  return { promise, resolve, reject }
}

/** Resolves when all are settled; nobody here looks at how. */
export function promiseAllSettled(promises: Iterable<Promise<unknown>>): Promise<unknown[]> {
  return Promise.all([...promises].map(promise => promise.then(nothing, nothing)))
}

function nothing(): void {}

/** A key that no `await using` of such an engine looks for. */
export const symbolAsyncDispose = 'Symbol.asyncDispose'
