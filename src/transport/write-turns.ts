import { BusyPoll } from '../busy-poll.ts'

/** A client that calls again as soon as it is answered does so in this time, in milliseconds (bench/transport.ts). */
const AWAKE_MS = 0.1

/** What has written in this turn of the event loop. */
export interface TurnWriter {
  /** The turn is over. */
  endTurn(): void
}

/**
 * Tells sockets when the event loop has been through what was ready, so that of answers that come together the first
 * goes out at once and the others with as few system calls as pays. A tick would be too early, and may be too late: answers come out
 * of isolates, behind which Node runs no ticks.
 */
export class WriteTurns {
  #writers: TurnWriter[] = []
  readonly #poll = new BusyPoll(AWAKE_MS)

  /** Once per turn. */
  join(writer: TurnWriter): void {
    if (this.#writers.push(writer) === 1) setImmediate(() => this.#end())
  }

  /** A message came. */
  noteReceived(): void {
    this.#poll.meet()
  }

  #end(): void {
    const writers = this.#writers
    this.#writers = []
    for (const writer of writers) writer.endTurn()
    this.#poll.expect()
  }
}
