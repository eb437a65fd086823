type Listener = (...args: unknown[]) => void

/** The channel between a page and the one that opened it with `wx.navigateTo`. */
export interface EventChannel {
  emit(event: string, ...args: unknown[]): void
  on(event: string, listener: Listener): void
  once(event: string, listener: Listener): void
  off(event: string, listener?: Listener): void
}

/** Two ends: what one emits, the other's listeners hear, at once. */
export function createEventChannels(): readonly [EventChannel, EventChannel] {
  const first = new Listeners()
  const second = new Listeners()
  return [createEnd(first, second), createEnd(second, first)]
}

function createEnd(own: Listeners, others: Listeners): EventChannel {
  return {
    emit: (event, ...args) => others.emit(event, args),
    on: (event, listener) => own.add({ event, listener, isOnce: false }),
    once: (event, listener) => own.add({ event, listener, isOnce: true }),
    off: (event, listener) =>
      own.remove(entry => entry.event === event && (listener ?? entry.listener) === entry.listener),
  }
}

interface Entry {
  readonly event: string
  readonly listener: Listener
  readonly isOnce: boolean
}

class Listeners {
  #entries: readonly Entry[] = []

  add(entry: Entry): void {
    this.#entries = [...this.#entries, entry]
  }

  remove(isRemoved: (entry: Entry) => boolean): void {
    this.#entries = this.#entries.filter(entry => !isRemoved(entry))
  }

  emit(event: string, args: readonly unknown[]): void {
    const heard = this.#entries.filter(entry => entry.event === event)
    this.remove(entry => entry.isOnce && heard.includes(entry))
    for (const { listener } of heard) listener(...args)
  }
}
