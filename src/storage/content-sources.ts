import { Readable } from 'node:stream'
import { HostClosedError } from '../errors.ts'

/** The streams a storage is given content from, which it waits for no longer than it is open. */
export class ContentSources {
  readonly #closing = new AbortController()

  /** The same pieces. Breaks with a `HostClosedError` at `close`, also while the source gives nothing. */
  async *watch<Piece>(content: AsyncIterable<Piece>): AsyncGenerator<Piece, void> {
    const source = content[Symbol.asyncIterator]()
    const closed = Promise.withResolvers<never>()
    const refuse = (): void => closed.reject(new HostClosedError())
    const { signal } = this.#closing
    if (signal.aborted) refuse()
    signal.addEventListener('abort', refuse)
    // Nobody may be waiting for it.
    closed.promise.catch(() => undefined)
    let isOver = false
    try {
      for (;;) {
        const next = await Promise.race([source.next(), closed.promise])
        isOver = next.done === true
        if (next.done) return
        yield next.value
      }
    } finally {
      signal.removeEventListener('abort', refuse)
      if (!isOver) endSource(content, source)
    }
  }

  close(): void {
    this.#closing.abort()
  }
}

/** Without waiting: one that gives nothing may never answer. What it fails with then nobody is interested in. */
function endSource(content: AsyncIterable<unknown>, source: AsyncIterator<unknown>): void {
  // Its iterator would wait for the piece it was asked for.
  if (content instanceof Readable) content.destroy()
  Promise.resolve(source.return?.()).catch(() => undefined)
}
