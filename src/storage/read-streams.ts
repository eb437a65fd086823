import { Readable } from 'node:stream'
import { HostClosedError } from '../errors.ts'
import { BLOCK_BYTES } from './checked-blocks.ts'

/** The streams a storage has given out, which end with it. */
export class ReadStreams {
  readonly #open = new Set<Readable>()

  /** @param read Asked for nothing before the stream is. */
  make(read: () => AsyncIterable<Uint8Array>): Readable {
    const stream = Readable.from(read(), { objectMode: false, highWaterMark: BLOCK_BYTES })
    this.#open.add(stream)
    stream.once('close', () => this.#open.delete(stream))
    return stream
  }

  /** Breaks those that are still read. */
  close(): void {
    for (const stream of this.#open) {
      // To nobody an error would be the end of the process.
      stream.destroy(stream.listenerCount('error') > 0 ? new HostClosedError() : undefined)
    }
  }
}
