import { type CloudletError, ConnectionError, OverloadedError, ProtocolError, ValueError } from '../errors.ts'
import type { EventFrame, SessionLimits } from '../protocol/frames.ts'
import { LinkStreams, type LinkStreamsOptions, type PendingCall } from './link-streams.ts'

/** Calls that may wait for the welcome or for a free place among the session's calls in flight. */
export const WAITING_CALLS_MAX = 10_000
/** Bytes of all calls without an answer: each is held until then, to be sent again if it gets lost. */
export const UNANSWERED_BYTES_MAX = 256 * 1024 * 1024

/** Tells the maker of a call that it was not run, or may be run again: on another link. */
export class MovedError extends ConnectionError {}

type Send = (message: Uint8Array) => void

/** All calls of a link, from being made to their answer. */
export class LinkCalls {
  /** Not sent yet, in order. */
  readonly #waiting = new Map<number, PendingCall>()
  readonly #inFlight = new Map<number, PendingCall>()
  readonly streams: LinkStreams
  /** Cancelled here, answer still to come. */
  readonly #abandoned = new Set<number>()
  #bytes = 0

  constructor(streams: LinkStreamsOptions) {
    this.streams = new LinkStreams(streams)
  }

  /** Those without an answer that somebody waits for. */
  get size(): number {
    return this.#waiting.size + this.#inFlight.size + this.streams.size
  }

  /** @throws {OverloadedError} when too much waits. */
  add(id: number, call: PendingCall): void {
    if (this.#waiting.size >= WAITING_CALLS_MAX) {
      throw new OverloadedError(
        `${WAITING_CALLS_MAX} calls of this client wait to be sent. Await some before making more.`,
      )
    }
    if (this.#bytes + call.message.length > UNANSWERED_BYTES_MAX) {
      throw new OverloadedError(
        `The calls of this client that have no answer yet take ${UNANSWERED_BYTES_MAX} bytes. Await some before making more.`,
      )
    }
    this.#bytes += call.message.length
    this.#waiting.set(id, call)
  }

  /** Sends what waits, as far as there is room for it. */
  sendWaiting({ callsInFlight, frameBytes }: SessionLimits, send: Send): void {
    for (const [id, call] of this.#waiting) {
      const isStream = call.events !== undefined
      if (!isStream && this.#inFlight.size + this.#abandoned.size >= callsInFlight) return
      this.#waiting.delete(id)
      if (call.message.length > frameBytes) {
        const size = `The call takes ${call.message.length} bytes on the wire, over this door's limit of ${frameBytes}.`
        this.#settle(call).reject(new ValueError('args', `${size} Send less, or upload it as a file.`))
        continue
      }
      if (isStream) this.streams.add(id, call)
      else this.#inFlight.set(id, call)
      send(call.message)
    }
  }

  /** Undefined for the answer of a call that was given up. @throws {ProtocolError} for one that wasn't made. */
  takeAnswered(id: number): PendingCall | undefined {
    if (this.#abandoned.delete(id)) return undefined
    const call = this.#inFlight.get(id) ?? this.streams.remove(id)
    if (call === undefined) throw new ProtocolError(`The door answered call ${id}, which is not in flight.`)
    this.#inFlight.delete(id)
    return this.#settle(call)
  }

  /** @throws {ProtocolError} for an event out of turn. */
  takeEvent(frame: EventFrame): void {
    // One of a stream that was given up crossed with its cancel.
    if (!this.#abandoned.has(frame.id)) this.streams.takeEvent(frame)
  }

  /** True if the call was sent: it is to be cancelled. */
  giveUp(id: number, error: CloudletError): boolean {
    const waiting = this.#waiting.get(id)
    const call = waiting ?? this.#inFlight.get(id) ?? this.streams.remove(id)
    if (call === undefined) return false
    this.#waiting.delete(id)
    this.#inFlight.delete(id)
    if (waiting === undefined) this.#abandoned.add(id)
    this.#settle(call).reject(error)
    return waiting === undefined
  }

  /** The session goes on over another socket. What of it the door hasn't received is sent again; it has the calls up to `lastCallId`. */
  resume(lastCallId: number, send: Send, cancel: (id: number) => void): void {
    const sent = [...this.#inFlight, ...this.streams.entries()].sort(([a], [b]) => a - b)
    for (const [id, { message }] of sent) if (id > lastCallId) send(message)
    for (const id of this.#abandoned) {
      if (id > lastCallId) this.#abandoned.delete(id)
      else cancel(id)
    }
    this.streams.resume(lastCallId)
  }

  /** The session is lost: what may be run twice is to be sent again, in the one that comes; the rest fails. */
  lose(error: CloudletError): void {
    const waiting = [...this.#waiting]
    const sent = [...this.#inFlight]
    this.#waiting.clear()
    this.#inFlight.clear()
    this.#abandoned.clear()
    for (const call of this.streams.removeAll()) this.#settle(call).reject(error)
    for (const [id, call] of sent) {
      if (call.isIdempotent) this.#waiting.set(id, call)
      else this.#settle(call).reject(error)
    }
    for (const [id, call] of waiting) this.#waiting.set(id, call)
  }

  /** Sends those that wait elsewhere. */
  moveWaiting(error: MovedError): void {
    for (const call of this.#waiting.values()) this.#settle(call).reject(error)
    this.#waiting.clear()
  }

  /** Settles all with the one error; those that weren't sent, or may be run twice, with `moved`, if that is given. */
  end(error: CloudletError, moved: MovedError | undefined): void {
    const waiting = [...this.#waiting.values()]
    const sent = [...this.#inFlight.values(), ...this.streams.removeAll()]
    this.#waiting.clear()
    this.#inFlight.clear()
    this.#abandoned.clear()
    for (const call of sent) this.#settle(call).reject(call.isIdempotent ? (moved ?? error) : error)
    for (const call of waiting) this.#settle(call).reject(moved ?? error)
  }

  #settle(call: PendingCall): PendingCall {
    this.#bytes -= call.message.length
    return call
  }
}
