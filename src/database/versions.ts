import { LIMITS } from '../limits.ts'
import type { DocumentId } from './document.ts'
import type { RowChange, StoredDocument } from './rows.ts'

/** What a document was before a change. */
interface Version {
  readonly table: string
  readonly id: DocumentId
  /** The moment of the change: requests that changed anything, counted. */
  readonly changedAt: number
  /** Undefined: it wasn't there. */
  readonly before: StoredDocument | undefined
}

/**
 * What documents were before they were changed, as far back as someone may still look: kept only while
 * transactions are open, and in memory, since transactions don't outlive it either.
 */
export class Versions {
  /** In order of time. */
  #log: Version[] = []
  /** How many of the log's first are forgotten but not yet cut off. */
  #forgotten = 0
  readonly #byTable = new Map<string, Map<DocumentId, Version[]>>()
  #sizeChars = 0
  #now = 0

  /** The present moment. */
  get now(): number {
    return this.#now
  }

  get isOverLimit(): boolean {
    return this.#sizeChars > LIMITS.transactionHistoryChars
  }

  /** Notes a change of the request under way, for those who look from `newestStart` or earlier. */
  record({ table, id, before }: RowChange, newestStart: number): void {
    const last = this.#of(table, id)?.at(-1)
    // They see what it was before that one: however often a document changes, few versions are kept.
    if (last !== undefined && last.changedAt > newestStart) return
    const version = { table, id, changedAt: this.#now + 1, before }
    this.#log.push(version)
    this.#sizeChars += sizeOf(version)
    const versions = this.#of(table, id)
    if (versions === undefined) this.#tableOf(table).set(id, [version])
    else versions.push(version)
  }

  /** The request that made the changes recorded since the last call is done. */
  advance(): void {
    if (this.#log.at(-1)?.changedAt === this.#now + 1) this.#now++
  }

  /** Takes back what was recorded after a moment. */
  undoAfter(moment: number): void {
    for (
      let last = this.#log.at(-1);
      last !== undefined && last.changedAt > moment;
      last = this.#log.at(-1)
    ) {
      this.#log.pop()
      this.#sizeChars -= sizeOf(last)
      const versions = this.#of(last.table, last.id)
      versions?.pop()
      if (versions?.length === 0) this.#byTable.get(last.table)?.delete(last.id)
    }
  }

  /** Forgets what no one looks back to who looks from `moment` or later. */
  forgetUntil(moment: number): void {
    for (let first = this.#log[this.#forgotten]; first !== undefined; first = this.#log[this.#forgotten]) {
      if (first.changedAt > moment) break
      this.#forgotten++
      this.#sizeChars -= sizeOf(first)
      const versions = this.#of(first.table, first.id)
      versions?.shift()
      if (versions?.length === 0) this.#byTable.get(first.table)?.delete(first.id)
    }
    // Cutting off seldom keeps the cost of each change constant.
    if (this.#forgotten * 2 <= this.#log.length) return
    this.#log = this.#log.slice(this.#forgotten)
    this.#forgotten = 0
  }

  /** What a document was at a moment, if it was changed after it. */
  before(
    table: string,
    id: DocumentId,
    moment: number,
  ): { readonly stored: StoredDocument | undefined } | undefined {
    const version = this.#of(table, id)?.find(({ changedAt }) => changedAt > moment)
    return version === undefined ? undefined : { stored: version.before }
  }

  #of(table: string, id: DocumentId): Version[] | undefined {
    return this.#byTable.get(table)?.get(id)
  }

  #tableOf(table: string): Map<DocumentId, Version[]> {
    const known = this.#byTable.get(table)
    if (known !== undefined) return known
    const made = new Map<DocumentId, Version[]>()
    this.#byTable.set(table, made)
    return made
  }
}

/** A version without text takes memory too. */
const VERSION_CHARS = 100

function sizeOf({ before }: Version): number {
  return VERSION_CHARS + (before?.text.length ?? 0)
}
