import { ProtocolError } from '../errors.ts'

/** The events of one streaming call: each waits for the ack of the one before, so that none pile up. */
export class EventStream {
  readonly #send: (sequence: number, event: unknown) => void
  #sequence = 0
  #sent: PromiseWithResolvers<void> | undefined

  constructor(send: (sequence: number, event: unknown) => void) {
    this.#send = send
  }

  /** Resolves when the peer is ready for the next. @throws {CloudletError} what `send` does, or `end` was given. */
  readonly emit = async (event: unknown): Promise<void> => {
    if (this.#sent !== undefined) throw new Error('An event was sent before the last one was acknowledged.')
    this.#sequence++
    this.#sent = Promise.withResolvers()
    try {
      this.#send(this.#sequence, event)
      await this.#sent.promise
    } finally {
      this.#sent = undefined
    }
  }

  /** @throws {ProtocolError} for an event that wasn't sent yet. An earlier one may be acknowledged twice. */
  acknowledge(sequence: number): void {
    if (sequence > this.#sequence) {
      throw new ProtocolError(
        `Event ${sequence} was acknowledged, but ${this.#sequence} is the last one sent.`,
      )
    }
    if (sequence === this.#sequence) this.#sent?.resolve()
  }

  /** The peer is gone, or wants no more: whoever waits for an ack hears why. */
  end(reason: Error): void {
    this.#sent?.reject(reason)
  }
}
