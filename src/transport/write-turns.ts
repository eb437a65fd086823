import { BusyPoll } from '../busy-poll.ts'

/** What has written in this turn of the event loop. */
export interface TurnWriter {
  /** The turn is over. */
  endTurn(): void
}

/**
 * Tells sockets when the event loop has been through what was ready, so that of answers that come together the first
 * goes out at once and the others with as few system calls as pays. A tick would be too early, and may be too late:
 * answers come out of isolates, behind which Node runs no ticks.
 */
export class WriteTurns {
  #writers: TurnWriter[] = []
  /** For the client that calls again as soon as it is answered. */
  readonly #poll = new BusyPoll()

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
