import type { Place, RowChange, RowHook, StoredDocument } from './rows.ts'

/** What last happened to a row, as far as watchers are told: an added document stays new until they have seen it. */
export type ChangeCause = 'add' | 'update' | 'replace' | 'remove'

export interface TouchedRow {
  readonly cause: ChangeCause
  /** What the row holds now, unless so much was written that it was not kept. */
  readonly document: StoredDocument | undefined
}

/** Rows that committed requests wrote, by number. */
export type TouchedRows = ReadonlyMap<number, TouchedRow>

/** Documents of one batch that are kept for those who watch; of the others it is noted that they were written. */
const MAX_DOCUMENTS = 1000

/**
 * Notes which rows of watched collections were written by what was committed, each once, however often it was
 * written.
 */
export class ChangeFeed implements RowHook {
  /** By collection, how many follow it. */
  readonly #followers = new Map<string, number>()
  #request: Touch[] = []
  #batch: Touch[] = []
  #committed = new Map<string, Map<number, TouchedRow>>()
  #documentCount = 0
  /** Whether the request that runs puts documents in the place of others, rather than changing them. */
  isReplacing = false

  follow(collection: string): void {
    this.#followers.set(collection, (this.#followers.get(collection) ?? 0) + 1)
  }

  unfollow(collection: string): void {
    const left = (this.#followers.get(collection) ?? 0) - 1
    if (left > 0) this.#followers.set(collection, left)
    else this.#followers.delete(collection)
  }

  concerns({ collection }: Place): boolean {
    return this.#followers.has(collection)
  }

  onChange({ collection, seq, before, after }: RowChange): void {
    const changed = this.isReplacing ? 'replace' : 'update'
    const cause = after === undefined ? 'remove' : before === undefined ? 'add' : changed
    const document = ++this.#documentCount > MAX_DOCUMENTS ? undefined : after
    this.#request.push({ collection, seq, cause, document })
  }

  onRequestEnd(isDone: boolean): void {
    if (isDone && this.#request.length > 0) this.#batch = this.#batch.concat(this.#request)
    this.#request = []
  }

  onBatchEnd(isCommitted: boolean): void {
    if (isCommitted) for (const touch of this.#batch) this.#note(touch)
    this.#batch = []
    this.#documentCount = 0
  }

  /** What was committed since the last call, by collection. */
  take(): ReadonlyMap<string, TouchedRows> {
    const taken = this.#committed
    this.#committed = new Map()
    return taken
  }

  #note({ collection, seq, cause, document }: Touch): void {
    let rows = this.#committed.get(collection)
    if (rows === undefined) {
      rows = new Map()
      this.#committed.set(collection, rows)
    }
    const isStillNew = rows.get(seq)?.cause === 'add' && cause !== 'remove'
    rows.set(seq, { cause: isStillNew ? 'add' : cause, document })
  }
}

interface Touch extends TouchedRow {
  readonly collection: string
  readonly seq: number
}
