import { InvalidOptionError } from '../errors.ts'
import type { Login } from './auth.ts'
import { MAX_DELAY_MS } from './wait.ts'

/** What is done about a login that ends. */
export interface LoginListeners {
  readonly onExpired: () => void
  /** May be called while the login begins to be watched: it was revoked before. */
  readonly onRevoked: () => void
  /** The authenticator's `onRevoked` doesn't do what it should. */
  readonly onFault: (error: unknown) => void
}

/** Watches for the end of a login while its session is open. */
export class LoginEnd {
  readonly #listeners: LoginListeners
  readonly #unsubscribe: unknown
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  /** @throws what `onRevoked` throws. */
  constructor({ endsMs, onRevoked }: Login, listeners: LoginListeners) {
    this.#listeners = listeners
    this.#unsubscribe = onRevoked?.(() => {
      if (!this.#isStopped) listeners.onRevoked()
    })
    if (onRevoked !== undefined) this.#checkUnsubscribe()
    if (endsMs !== undefined) this.#waitUntil(endsMs)
  }

  /** Idempotent. */
  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    clearTimeout(this.#timer)
    if (typeof this.#unsubscribe !== 'function') return
    try {
      this.#unsubscribe()
    } catch (error) {
      this.#listeners.onFault(error)
    }
  }

  /** Without it the session can be ended all the same, but its listener stays where it is. */
  #checkUnsubscribe(): void {
    if (typeof this.#unsubscribe === 'function') return
    const message = 'onRevoked must return a function that takes its listener off again.'
    this.#listeners.onFault(new InvalidOptionError('authenticate.onRevoked', message))
  }

  /** A login may last longer than a timer can. */
  #waitUntil(endsMs: number): void {
    const leftMs = Math.max(0, endsMs - Date.now())
    this.#timer = setTimeout(
      () => {
        if (Date.now() >= endsMs) this.#listeners.onExpired()
        else this.#waitUntil(endsMs)
      },
      Math.min(leftMs, MAX_DELAY_MS),
    )
    this.#timer.unref()
  }
}
