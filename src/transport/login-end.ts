import type { Login } from './auth.ts'

/** Longest delay a timer can hold. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** Watches for the end of a login while its session is open. */
export class LoginEnd {
  readonly #onExpired: () => void
  readonly #unsubscribe: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(
    { endsMs, onRevoked }: Login,
    listeners: { readonly onExpired: () => void; readonly onRevoked: () => void },
  ) {
    this.#onExpired = listeners.onExpired
    this.#unsubscribe = onRevoked?.(() => {
      if (!this.#isStopped) listeners.onRevoked()
    })
    if (endsMs !== undefined) this.#waitUntil(endsMs)
  }

  /** Idempotent. */
  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#unsubscribe?.()
  }

  /** A login may last longer than a timer can. */
  #waitUntil(endsMs: number): void {
    const leftMs = Math.max(0, endsMs - Date.now())
    this.#timer = setTimeout(
      () => {
        if (Date.now() >= endsMs) this.#onExpired()
        else this.#waitUntil(endsMs)
      },
      Math.min(leftMs, MAX_DELAY_MS),
    )
    this.#timer.unref()
  }
}
