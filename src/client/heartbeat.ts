export interface HeartbeatEvents {
  /** Nothing was heard for one interval: the peer is to be asked for a sign of life. */
  onBeat(): void
  /** Nor was an answer heard for another. */
  onSilence(): void
}

/** Notices a peer that is gone without having said so, for whoever only listens. */
export class Heartbeat {
  readonly #intervalMs: number
  readonly #events: HeartbeatEvents
  #timer: ReturnType<typeof setInterval> | undefined
  #silentCount = 0

  constructor(intervalMs: number, events: HeartbeatEvents) {
    this.#intervalMs = intervalMs
    this.#events = events
  }

  start(): void {
    this.#silentCount = 0
    this.#timer ??= setInterval(() => {
      this.#silentCount++
      if (this.#silentCount === 1) return
      if (this.#silentCount === 2) this.#events.onBeat()
      else this.#events.onSilence()
    }, this.#intervalMs)
  }

  /** Something came from the peer. */
  hear(): void {
    this.#silentCount = 0
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
