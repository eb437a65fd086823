import { type CloudletError, ProtocolError } from '../errors.ts'
import type { EventFrame } from '../protocol/frames.ts'
import { Heartbeat, type HeartbeatEvents } from './heartbeat.ts'

/** A call whose answer is awaited. */
export interface PendingCall {
  readonly message: Uint8Array
  readonly resolve: (result: unknown) => void
  readonly reject: (error: CloudletError) => void
  /** Of a streaming call. */
  readonly events: EventCount | undefined
  readonly isIdempotent: boolean
}

/** The events of a streaming call, numbered from 1. */
export class EventCount {
  readonly #onEvent: (event: unknown) => void
  readonly #onFirst: () => void
  #count = 0

  constructor(onEvent: (event: unknown) => void, onFirst: () => void) {
    this.#onEvent = onEvent
    this.#onFirst = onFirst
  }

  /** Number of the last one. */
  get last(): number {
    return this.#count
  }

  /** @throws {ProtocolError} for an event out of turn. */
  take(sequence: number, event: unknown): void {
    if (sequence !== ++this.#count) {
      throw new ProtocolError(`The door sent event ${sequence} where ${this.#count} was to come.`)
    }
    if (sequence === 1) this.#onFirst()
    this.#onEvent(event)
  }
}

export interface LinkStreamsOptions extends HeartbeatEvents {
  readonly intervalMs: number
  /** Tells the door that an event was taken in. */
  readonly acknowledge: (id: number, sequence: number) => void
}

/** The streaming calls on a link that were sent, and the watch over a door that may fall silent under them. */
export class LinkStreams {
  readonly #acknowledge: LinkStreamsOptions['acknowledge']
  readonly #heartbeat: Heartbeat
  readonly #calls = new Map<number, PendingCall>()

  constructor(options: LinkStreamsOptions) {
    this.#acknowledge = options.acknowledge
    this.#heartbeat = new Heartbeat(options.intervalMs, options)
  }

  get size(): number {
    return this.#calls.size
  }

  add(id: number, call: PendingCall): void {
    this.#calls.set(id, call)
    this.#heartbeat.start()
  }

  /** Something came from the door. */
  hear(): void {
    this.#heartbeat.hear()
  }

  /** @throws {ProtocolError} for an event out of turn, or of no stream. */
  takeEvent({ id, sequence, event }: EventFrame): void {
    const events = this.#calls.get(id)?.events
    if (events === undefined)
      throw new ProtocolError(`The door sent an event of call ${id}, which streams none.`)
    events.take(sequence, event)
    if (this.#calls.has(id)) this.#acknowledge(id, sequence)
  }

  remove(id: number): PendingCall | undefined {
    const call = this.#calls.get(id)
    this.#calls.delete(id)
    if (this.#calls.size === 0) this.#heartbeat.stop()
    return call
  }

  entries(): Iterable<[number, PendingCall]> {
    return this.#calls
  }

  /** The socket is gone, and its silence is none of the door's. */
  rest(): void {
    this.#heartbeat.stop()
  }

  /** There is another socket. The last ack of each may have been lost with the one before. */
  resume(lastCallId: number): void {
    for (const [id, { events }] of this.#calls) {
      if (id <= lastCallId && events !== undefined && events.last > 0) this.#acknowledge(id, events.last)
    }
    if (this.#calls.size > 0) this.#heartbeat.start()
  }

  removeAll(): PendingCall[] {
    const calls = [...this.#calls.values()]
    this.#calls.clear()
    this.#heartbeat.stop()
    return calls
  }
}
