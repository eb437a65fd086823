import { Readable } from 'node:stream'
import { HostClosedError } from '../errors.ts'

/** What is handed out at once, and waits for a slow reader. */
const SLICE_BYTES = 64 * 1024

/** The streams a storage has given out, which end with it. */
export class ReadStreams {
  readonly #open = new Set<Readable>()

  /** @param read Asked for nothing before the stream is. */
  make(read: () => AsyncIterable<Uint8Array>): Readable {
    const stream = Readable.from(inSlices(read()), { objectMode: false, highWaterMark: SLICE_BYTES })
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

/** Of a block that is handed out but for its last slice only that slice is held, while the next block is read. */
async function* inSlices(blocks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for await (const block of blocks) {
    let at = 0
    for (; at + SLICE_BYTES < block.byteLength; at += SLICE_BYTES) yield block.subarray(at, at + SLICE_BYTES)
    yield at === 0 ? block : new Uint8Array(block.subarray(at))
  }
}
