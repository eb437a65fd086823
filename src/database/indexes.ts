import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { encodeValue } from '../protocol/value.ts'
import { type Document, decodeText } from './document.ts'
import { columnsOf, createEntryTable, statementsOf } from './entry-table.ts'
import { boxValues, createGeoTable, indexBox, insertIntoGeoTable, removeFromGeoTable } from './geo-index.ts'
import { type IndexDefinition, isGeoIndex, isSameIndex, parseDefinition } from './index-definition.ts'
import { type IndexEntries, type IndexEntry, readEntries } from './index-keys.ts'
import { type Path, parsePath } from './path.ts'
import { documentText, type Place, type RowChange, type RowHook } from './rows.ts'
import type { Sqlite } from './sqlite.ts'

/** An index that is there. */
export interface Index extends IndexDefinition {
  /** Table of its entries: columns k1, k2, … and seq, or the R*Tree of an index of geometry. */
  readonly table: string
  readonly paths: readonly Path[]
  readonly isGeo: boolean
  /** A bit per field, the first lowest: whether any document ever had an array there. */
  readonly arrays: number
}

type KeptIndex = Index & { arrays: number }

/** Duplicates that a refusal names. */
const NAMED_DUPLICATES = 5

/**
 * The indexes of all collections: their catalogue and their entries.
 *
 * Entries are kept by ourselves, in a table per index: keys of all types in MongoDB's order, and several per
 * document where it has arrays, is more than an index of SQLite's on an expression gives.
 */
export class Indexes implements RowHook {
  readonly #sqlite: Sqlite
  readonly #pulse: () => void
  readonly #byPlace = new Map<string, KeptIndex[]>()
  /** Whether the catalogue was changed by the request or batch under way. */
  #isChanged = false

  /** @param pulse called while an index is made: that takes as long as there are documents. */
  constructor(sqlite: Sqlite, pulse: () => void) {
    this.#sqlite = sqlite
    this.#pulse = pulse
    this.#reload()
  }

  /** Those of the collection with that table, oldest first. */
  of(table: string): readonly Index[] {
    return this.#byPlace.get(table) ?? NONE
  }

  /**
   * Makes an index and its entries; the same index again is left as it is.
   *
   * @returns its name.
   * @throws {DatabaseError} INVALID_PARAM for a definition that is none; DATABASE_REQUEST_FAILED for a name or
   *   fields in use, one index too many, and documents that can't be in it, which are named.
   */
  create(place: Place, asked: unknown): string {
    const definition = parseDefinition(asked)
    const { name } = definition
    const existing = this.of(place.table)
    const same = existing.find(index => index.name === name)
    if (same !== undefined) {
      if (isSameIndex(same, definition)) return name
      throw failed(`An index named "${name}" with other fields or options exists. Drop it first.`)
    }
    const twin = existing.find(index => isSameIndex(index, definition))
    if (twin !== undefined) throw failed(`The same index exists as "${twin.name}".`)
    if (existing.length >= LIMITS.indexesPerCollection) {
      throw failed(
        `"${place.collection}" has ${existing.length} indexes; ${LIMITS.indexesPerCollection} are allowed.`,
      )
    }
    this.#isChanged = true
    this.#build(place, this.#register(place.table, definition))
    return name
  }

  /** @throws {DatabaseError} DATABASE_REQUEST_FAILED when there is none of that name. */
  drop({ collection, table }: Place, name: string): void {
    const index = this.of(table).find(one => one.name === name)
    if (index === undefined) {
      const names = this.of(table).map(one => `"${one.name}"`)
      const there = names.length === 0 ? 'It has none.' : `It has ${names.join(', ')}.`
      throw failed(`index not found: "${collection}" has no index named "${name}". ${there}`)
    }
    this.#remove(table, index)
  }

  /** Before the collection with that table goes. */
  dropAll(table: string): void {
    for (const index of this.of(table)) this.#remove(table, index)
  }

  concerns({ table }: Place): boolean {
    return this.of(table).length > 0
  }

  /** @throws {DatabaseError} DATABASE_REQUEST_FAILED: E11000, or a document an index can't have. */
  onChange(change: RowChange): void {
    for (const index of this.#byPlace.get(change.table) ?? []) {
      if (index.isGeo) this.#changeBox(index, change)
      else this.#changeEntries(index, change)
    }
  }

  onRequestEnd(isDone: boolean): void {
    if (!isDone && this.#isChanged) this.#reload()
  }

  onBatchEnd(isCommitted: boolean): void {
    if (!isCommitted && this.#isChanged) this.#reload()
    this.#isChanged = false
  }

  #register(place: string, definition: IndexDefinition): KeptIndex {
    const id = this.#sqlite.insert(
      'INSERT INTO indexes (place, name, definition, arrays) VALUES (?1, ?2, ?3, 0)',
      [place, definition.name, JSON.stringify(definition)],
    )
    const index = makeIndex(id, definition, 0)
    this.#sqlite.exec(index.isGeo ? createGeoTable(index.table) : createEntryTable(index))
    this.#byPlace.set(place, [...(this.#byPlace.get(place) ?? []), index])
    return index
  }

  #build(place: Place, index: KeptIndex): void {
    const rows = this.#sqlite.iterate(`SELECT seq, json(doc) AS doc FROM ${place.table}`, [])
    for (const row of rows) {
      this.#pulse()
      const seq = Number(row['seq'])
      const document = decodeText(documentText(row))
      try {
        if (index.isGeo) this.#addBox(index, seq, document)
        else this.#addEntries(index, seq, this.#readEntries(place.table, index, document).entries)
      } catch (error) {
        if (!(error instanceof DatabaseError)) throw error
        throw failed(
          `The index "${index.name}" can't be made: document ${JSON.stringify(document['_id'])}: ${error.message}`,
        )
      }
    }
    if (index.unique) this.#refuseDuplicates(place, index)
  }

  #refuseDuplicates({ collection, table }: Place, index: Index): void {
    const keys = columnsOf(index).join(', ')
    const sql =
      `SELECT min(seq) AS first, max(seq) AS last FROM ${index.table} GROUP BY ${keys} ` +
      `HAVING min(seq) < max(seq) LIMIT ${NAMED_DUPLICATES}`
    const pairs = Array.from(this.#sqlite.iterate(sql, []), row =>
      [row['first'], row['last']].map(seq => this.#idOf(table, Number(seq))).join(' and '),
    )
    if (pairs.length === 0) return
    throw failed(
      `E11000 duplicate key error collection: ${collection} index: ${index.name}: documents have the same ` +
        `${index.fields.map(([path]) => path).join(', ')}: ${pairs.join('; ')}` +
        `${pairs.length === NAMED_DUPLICATES ? '; and perhaps more' : ''}. Change or remove them first.`,
    )
  }

  #idOf(table: string, seq: number): string {
    return JSON.stringify(this.#sqlite.get(`SELECT id FROM ${table} WHERE seq = ?1`, [seq])?.['id'])
  }

  #remove(place: string, index: Index): void {
    this.#isChanged = true
    this.#sqlite.exec(`DROP TABLE ${index.table}`)
    this.#sqlite.run('DELETE FROM indexes WHERE place = ?1 AND name = ?2', [place, index.name])
    const others = this.#byPlace.get(place)?.filter(other => other !== index) ?? []
    this.#byPlace.set(place, others)
  }

  #changeBox(index: Index, { seq, before, after }: RowChange): void {
    if (before !== undefined) this.#sqlite.run(removeFromGeoTable(index.table), [seq])
    if (after !== undefined) this.#addBox(index, seq, after.document)
  }

  #addBox(index: Index, seq: number, document: Document): void {
    const [path] = index.paths
    const box = path === undefined ? undefined : indexBox(document, path)
    if (box !== undefined) this.#sqlite.run(insertIntoGeoTable(index.table), boxValues(seq, box))
  }

  #changeEntries(index: KeptIndex, { collection, table, seq, before, after }: RowChange): void {
    const old = before === undefined ? [] : this.#readEntries(table, index, before.document).entries
    const now = after === undefined ? [] : this.#readEntries(table, index, after.document).entries
    const stays = commonEntries(old, now)
    const { remove } = statementsOf(index)
    for (const entry of old) if (!stays.has(textOf(entry))) this.#sqlite.run(remove, [...entry.keys, seq])
    const added = stays.size === 0 ? now : now.filter(entry => !stays.has(textOf(entry)))
    if (index.unique) for (const entry of added) this.#checkUnique(collection, index, seq, entry)
    this.#addEntries(index, seq, added)
  }

  #addEntries(index: Index, seq: number, entries: readonly IndexEntry[]): void {
    const { add } = statementsOf(index)
    for (const { keys } of entries) this.#sqlite.run(add, [...keys, seq])
  }

  #checkUnique(collection: string, index: Index, seq: number, { keys, values }: IndexEntry): void {
    if (this.#sqlite.get(statementsOf(index).findOther, [...keys, seq]) === undefined) return
    const key = index.fields.map(([path], at) => `${path}: ${describe(values[at])}`).join(', ')
    throw failed(
      `E11000 duplicate key error collection: ${collection} index: ${index.name} dup key: { ${key} }`,
    )
  }

  #readEntries(place: string, index: KeptIndex, document: Document): IndexEntries {
    const entries = readEntries(document, index.paths, index.sparse)
    if ((entries.arrays & ~index.arrays) !== 0) this.#noteArrays(place, index, entries.arrays | index.arrays)
    return entries
  }

  #noteArrays(place: string, index: KeptIndex, arrays: number): void {
    this.#isChanged = true
    index.arrays = arrays
    const sql = 'UPDATE indexes SET arrays = ?1 WHERE place = ?2 AND name = ?3'
    this.#sqlite.run(sql, [arrays, place, index.name])
  }

  #reload(): void {
    this.#byPlace.clear()
    const sql = 'SELECT id, place, definition, arrays FROM indexes ORDER BY id'
    for (const { id, place, definition, arrays } of this.#sqlite.iterate(sql, [])) {
      const index = makeIndex(Number(id), parseDefinition(JSON.parse(String(definition))), Number(arrays))
      this.#byPlace.set(String(place), [...(this.#byPlace.get(String(place)) ?? []), index])
    }
  }
}

const NONE: readonly Index[] = []

function makeIndex(id: number, definition: IndexDefinition, arrays: number): KeptIndex {
  const paths = definition.fields.map(([path]) => parsePath(path))
  return { ...definition, table: `x${id}`, paths, isGeo: isGeoIndex(definition), arrays }
}

/** Texts of the entries that are in both. */
function commonEntries(a: readonly IndexEntry[], b: readonly IndexEntry[]): ReadonlySet<string> {
  if (a.length === 0 || b.length === 0) return NO_TEXTS
  const texts = new Set(a.map(textOf))
  return new Set(b.map(textOf).filter(text => texts.has(text)))
}

const NO_TEXTS: ReadonlySet<string> = new Set()

function textOf({ keys }: IndexEntry): string {
  return keys
    .map(key => Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1'))
    .join('\uffff')
}

function describe(value: unknown): string {
  const text = JSON.stringify(encodeValue(typeof value === 'symbol' ? [] : (value ?? null)))
  return text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS)}…` : text
}

const MAX_VALUE_CHARS = 100

function failed(message: string): DatabaseError {
  return new DatabaseError('DATABASE_REQUEST_FAILED', message)
}
