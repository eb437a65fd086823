import { hash } from 'node:crypto'
import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { EncodedObject } from '../protocol/value.ts'
import type { ChangeCause, TouchedRow, TouchedRows } from './change-feed.ts'
import { type DocumentId, decodeText } from './document.ts'
import { DocumentOrder, type OrderKeys } from './document-order.ts'
import { type Filter, type Matcher, nearOf } from './filter.ts'
import { parseFilter } from './filter-parser.ts'
import { runBounded } from './guard.ts'
import { compileFilter } from './match.ts'
import { makePlan } from './plan.ts'
import { documentText, fetchText, StoredDocument } from './rows.ts'
import type { SortKey } from './sort.ts'
import { limitTo, SqlParameters } from './sql.ts'
import type { Store } from './store.ts'
import type { HeldDocument } from './watch-diff.ts'

export interface LiveQuerySpec {
  readonly collection: string
  readonly filter: EncodedObject
  readonly sort: readonly SortKey[]
  /** Undefined: all that match. */
  readonly limit: number | undefined
}

/** Why a document is in a result: what was done to it, or that a place among the first `limit` became free. */
export type EntryCause = Exclude<ChangeCause, 'remove'> | 'limit'

export interface LiveEntry extends HeldDocument {
  readonly seq: number
  readonly keys: OrderKeys
  readonly sizeChars: number
  readonly cause: EntryCause
}

/** Rows that are looked at one by one; with more of them the query is asked again, which costs less. */
const MAX_TOUCHED = 500

/** A query whose result is kept up to date: rows that were written are tested and put in their place. */
export class LiveQuery {
  readonly spec: LiveQuerySpec
  readonly #store: Store
  readonly #filter: Filter
  readonly #matches: Matcher
  readonly #order: DocumentOrder
  readonly #isByDistance: boolean
  /** Whether it runs patterns a client wrote. */
  #isGuarded = false
  #table: string | undefined
  #entries: readonly LiveEntry[] = []
  /** Of documents that are new in the result, by row number. */
  readonly #texts = new Map<number, string>()
  /** Documents that were last in the result before another was put in their place. */
  readonly #replacedAway = new Set<DocumentId>()

  /** Reads nothing yet. @throws {DatabaseError} for a filter or sort that can't be read. */
  constructor(store: Store, spec: LiveQuerySpec) {
    this.spec = spec
    this.#store = store
    this.#filter = parseFilter(spec.filter, Date.now())
    this.#matches = compileFilter(this.#filter)
    this.#order = new DocumentOrder(spec.sort)
    this.#isByDistance = nearOf(this.#filter) !== undefined
  }

  /** The result, a new array whenever it changed. */
  get entries(): readonly LiveEntry[] {
    return this.#entries
  }

  /** @throws {DatabaseError} when the result outgrows the limits of a watch, or takes too long. */
  load(touched?: TouchedRows): void {
    const { collection, sort, limit } = this.spec
    const { sqlite, collections } = this.#store
    this.#table = collections.find(collection)
    if (this.#table === undefined) {
      this.#entries = []
      return
    }
    const parameters = new SqlParameters()
    const plan = makePlan(this.#store, { table: this.#table, filter: this.#filter, sort }, parameters)
    const most = limitTo(limit ?? LIMITS.watchDocuments + 1, 0, parameters)
    const sql = `SELECT c.seq AS seq, json(doc) AS doc FROM ${plan.from} WHERE ${plan.where} ORDER BY ${plan.order} ${most}`
    this.#isGuarded = parameters.isGuarded
    this.#store.use(parameters)
    const known = new Map(this.#entries.map(entry => [entry.seq, entry]))
    const entries: LiveEntry[] = []
    let sizeChars = 0
    this.#bounded(() => {
      for (const row of sqlite.iterate(sql, parameters.values)) {
        const seq = Number(row['seq'])
        const cause = touched?.get(seq)?.cause ?? (limit === undefined ? 'update' : 'limit')
        const entry = this.#entryOf(seq, new StoredDocument(documentText(row)), cause, known.get(seq))
        entries.push(entry)
        sizeChars += entry.sizeChars
        if (entries.length > LIMITS.watchDocuments || sizeChars > LIMITS.watchChars) break
      }
    })
    this.#entries = checkSize(entries)
  }

  /** @throws {DatabaseError} as `load` does. */
  apply(touched: TouchedRows): void {
    if (this.#store.collections.find(this.spec.collection) !== this.#table) {
      this.load(touched)
      return
    }
    if (this.#table === undefined || touched.size === 0) return
    if (touched.size > MAX_TOUCHED) this.load(touched)
    else this.#bounded(() => this.#applyEach(touched))
  }

  /** The text of a document in the result. */
  textOf({ seq }: LiveEntry): string {
    return this.#texts.get(seq) ?? this.#fetch(seq)
  }

  /** Texts are kept until everyone who is ready was told of them. */
  forgetTexts(): void {
    this.#texts.clear()
  }

  /** Why a document that was in the result is not in it now. */
  causeOfLeaving(id: DocumentId): Exclude<ChangeCause, 'add'> | 'limit' {
    const row =
      this.#table === undefined
        ? undefined
        : this.#store.sqlite.get(`SELECT json(doc) AS doc FROM ${this.#table} WHERE id = ?1`, [id])
    if (row === undefined) return 'remove'
    let isMatch = false
    this.#bounded(() => {
      isMatch = this.#matches(decodeText(documentText(row)))
    })
    if (isMatch) return 'limit'
    return this.#replacedAway.has(id) ? 'replace' : 'update'
  }

  #applyEach(touched: TouchedRows): void {
    const before = this.#entries
    const known = new Map<number, LiveEntry>()
    for (const entry of before) if (touched.has(entry.seq)) known.set(entry.seq, entry)
    const fresh: LiveEntry[] = []
    for (const [seq, row] of touched) {
      const entry = this.#read(seq, row, known.get(seq))
      if (entry !== undefined) fresh.push(entry)
    }
    if (known.size === 0 && fresh.length === 0) return
    this.#noteReplaced(touched, known, fresh)
    if (this.#isByDistance || this.#mustRefill(known, fresh)) {
      this.load(touched)
      return
    }
    const compare = (a: LiveEntry, b: LiveEntry): number =>
      this.#order.compare(a.keys, b.keys) || a.seq - b.seq
    const kept = before.filter(entry => !touched.has(entry.seq))
    const entries = merge(kept, fresh.sort(compare), compare)
    this.#entries = checkSize(entries.slice(0, this.spec.limit ?? entries.length))
  }

  #noteReplaced(
    touched: TouchedRows,
    known: ReadonlyMap<number, LiveEntry>,
    fresh: readonly LiveEntry[],
  ): void {
    if (this.#replacedAway.size > LIMITS.watchDocuments) this.#replacedAway.clear()
    for (const { seq, id } of known.values()) {
      if (touched.get(seq)?.cause === 'replace') this.#replacedAway.add(id)
    }
    for (const { id } of fresh) this.#replacedAway.delete(id)
  }

  /** Whether documents beyond the limit may have to move up: where one of the first left, or moved. */
  #mustRefill(known: ReadonlyMap<number, LiveEntry>, fresh: readonly LiveEntry[]): boolean {
    const { limit } = this.spec
    if (limit === undefined || this.#entries.length < limit) return false
    const stays = fresh.filter(entry => {
      const old = known.get(entry.seq)
      return old !== undefined && this.#order.compare(old.keys, entry.keys) === 0
    })
    return stays.length < known.size
  }

  /** The row as an entry, if it is there and matches. */
  #read(seq: number, { cause, document }: TouchedRow, known: LiveEntry | undefined): LiveEntry | undefined {
    if (cause === 'remove') return undefined
    const stored = document ?? new StoredDocument(this.#fetch(seq))
    return this.#matches(stored.document) ? this.#entryOf(seq, stored, cause, known) : undefined
  }

  #fetch(seq: number): string {
    if (this.#table === undefined) throw new Error('A document of a dropped collection was asked for.')
    return fetchText(this.#store.sqlite, this.#table, seq)
  }

  #entryOf(seq: number, stored: StoredDocument, cause: ChangeCause | 'limit', known?: LiveEntry): LiveEntry {
    const { text, document } = stored
    // 72 bits: enough to tell versions of one document apart.
    const version = hash('sha256', text, 'base64url').slice(0, 12)
    const id = document['_id'] as DocumentId
    if (known?.version === version && known.id === id) return known
    const keys = this.#order.keysOf(document)
    this.#texts.set(seq, text)
    return { seq, id, version, keys, sizeChars: text.length, cause: cause === 'remove' ? 'add' : cause }
  }

  #bounded(run: () => void): void {
    if (this.#isGuarded) runBounded(LIMITS.watchPatternMs, run)
    else run()
  }
}

function merge<Item>(
  left: readonly Item[],
  right: readonly Item[],
  compare: (a: Item, b: Item) => number,
): Item[] {
  const merged: Item[] = []
  let next = 0
  for (const item of left) {
    for (let other = right[next]; other !== undefined && compare(other, item) < 0; other = right[++next]) {
      merged.push(other)
    }
    merged.push(item)
  }
  return merged.concat(right.slice(next))
}

function checkSize(entries: readonly LiveEntry[]): readonly LiveEntry[] {
  if (entries.length > LIMITS.watchDocuments) {
    throw new DatabaseError(
      'DATABASE_REQUEST_FAILED',
      `A watch holds ${LIMITS.watchDocuments} documents; more match this one. Narrow its condition, or set a limit.`,
    )
  }
  let sizeChars = 0
  for (const entry of entries) sizeChars += entry.sizeChars
  if (sizeChars <= LIMITS.watchChars) return entries
  throw new DatabaseError(
    'DATABASE_REQUEST_FAILED',
    `The documents of a watch may have ${LIMITS.watchChars} characters; those of this one have more. Narrow its condition, or set a limit.`,
  )
}
