/** What has written in this turn of the event loop. */
export interface TurnWriter {
  /** The turn is over. */
  endTurn(): void
}

/**
 * Tells sockets when the event loop has been through what was ready, so that of answers that come together the first
 * goes out at once and the others in one system call. A tick would be too early, and may be too late: answers come out
 * of isolates, behind which Node runs no ticks.
 */
export class WriteTurns {
  #writers: TurnWriter[] = []

  /** Once per turn. */
  join(writer: TurnWriter): void {
    if (this.#writers.push(writer) === 1) setImmediate(() => this.#end())
  }

  #end(): void {
    const writers = this.#writers
    this.#writers = []
    for (const writer of writers) writer.endTurn()
  }
}
