import { MessageList } from './message-list.ts'

/** A socket that messages go out by. */
export interface MessageSink {
  send(message: Uint8Array): void
  /** What is sent until `uncork` goes out in one write. */
  cork(): void
  uncork(): void
}

/** Small messages that are sent together before the turn is over: the other side works on them meanwhile. */
const EARLY_COUNT = 16
/** After a turn with so many messages the first of the next waits for the others: alone it would cost what all do. */
const BUSY_COUNT = 8

/**
 * Of what is sent within one turn of an event loop the first goes out at once, unless there was much in the turn before,
 * the rest at its end or as soon as there is enough of it: in one write, and what is small in one message, if the other
 * side takes lists.
 */
export class TurnOutbox {
  readonly #sink: MessageSink
  /** Messages of this turn. */
  #count = 0
  #wasBusy = false
  #isCorked = false
  #list: MessageList | undefined

  constructor(sink: MessageSink) {
    this.#sink = sink
  }

  /** Bytes that wait for the end of the turn and that the socket doesn't know of. */
  get bytes(): number {
    return this.#list?.bytes ?? 0
  }

  /** The other side takes lists of messages, of so many bytes at most. */
  join(maxBytes: number): void {
    this.#list = new MessageList(maxBytes)
  }

  /** True for the first in a turn: `endTurn` is to be called when that is over. */
  send(message: Uint8Array): boolean {
    this.#count++
    if (this.#count === 1 && !this.#wasBusy) this.#sink.send(message)
    else this.#hold(message)
    return this.#count === 1
  }

  #hold(message: Uint8Array): void {
    if (this.#list?.add(message) === true) {
      if (this.#list.count === EARLY_COUNT) this.#sendNow()
      return
    }
    if (!this.#isCorked) {
      this.#isCorked = true
      this.#sink.cork()
    }
    this.flush()
    if (this.#list?.add(message) !== true) this.#sink.send(message)
  }

  /** Sends what waits, for who can't wait for the end of the turn. */
  flush(): void {
    const list = this.#list?.take()
    if (list !== undefined) this.#sink.send(list)
  }

  endTurn(): void {
    this.#wasBusy = this.#count >= BUSY_COUNT
    this.#count = 0
    this.#sendNow()
  }

  #sendNow(): void {
    this.flush()
    if (!this.#isCorked) return
    this.#isCorked = false
    this.#sink.uncork()
  }
}
