import { afterAll, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import fc from '../random.ts'

const database = new Database()
afterAll(() => database.close())
let collectionCount = 0

/** What snapshot isolation with locks says, on a map of numbers. */
class Model {
  #now = 0
  readonly values = new Map<string, number>()
  readonly #changedAt = new Map<string, number>()
  readonly #holders = new Map<string, ModelTransaction>()
  #waiting: { id: string; value: number }[] = []

  start(): ModelTransaction {
    return { startedAt: this.#now, seen: new Map(this.values), written: new Set(), hasConflict: false }
  }

  /** False for a conflict, which ends the transaction. */
  write(transaction: ModelTransaction, id: string, value: number | undefined): boolean {
    const holder = this.#holders.get(id)
    const isChanged = (this.#changedAt.get(id) ?? 0) > transaction.startedAt
    if (holder !== transaction && (holder !== undefined || isChanged)) {
      transaction.hasConflict = true
      this.#release(transaction)
      return false
    }
    this.#holders.set(id, transaction)
    transaction.written.add(id)
    if (value === undefined) transaction.seen.delete(id)
    else transaction.seen.set(id, value)
    return true
  }

  commit(transaction: ModelTransaction): void {
    this.#now++
    for (const id of transaction.written) this.#set(id, transaction.seen.get(id))
    this.#release(transaction)
  }

  abort(transaction: ModelTransaction): void {
    this.#release(transaction)
  }

  /** False while a transaction holds the document: it is written then when that has ended. */
  writePlainly(id: string, value: number): boolean {
    if (this.#holders.has(id)) {
      this.#waiting.push({ id, value })
      return false
    }
    this.#now++
    this.#set(id, value)
    return true
  }

  #release(transaction: ModelTransaction): void {
    for (const id of transaction.written) this.#holders.delete(id)
    const waiting = this.#waiting
    this.#waiting = []
    for (const { id, value } of waiting) this.writePlainly(id, value)
  }

  #set(id: string, value: number | undefined): void {
    if (value === undefined && !this.values.has(id)) return
    if (this.values.get(id) === value) return
    if (value === undefined) this.values.delete(id)
    else this.values.set(id, value)
    this.#changedAt.set(id, this.#now)
  }
}

interface ModelTransaction {
  readonly startedAt: number
  /** The snapshot with its own writes. */
  readonly seen: Map<string, number>
  readonly written: Set<string>
  hasConflict: boolean
}

interface Step {
  readonly kind: 'read' | 'set' | 'inc' | 'add' | 'remove' | 'commit' | 'abort' | 'plain'
  readonly slot: number
  readonly id: string
  readonly value: number
}

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom(
      ...([
        'read',
        'read',
        'read',
        'set',
        'inc',
        'add',
        'remove',
        'commit',
        'abort',
        'plain',
        'plain',
      ] as const),
    ),
    slot: fc.nat(3),
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    value: fc.nat(1000),
  }),
  { minLength: 10, maxLength: 60 },
)

/** One run of steps against the database and the model beside it. */
class Run {
  readonly #collection: string
  readonly #model = new Model()
  readonly #slots = new Map<number, { readonly transactionId: string; readonly model: ModelTransaction }>()
  readonly #waiting: Promise<unknown>[] = []
  readonly seen = { conflicts: 0, waits: 0, commits: 0 }

  constructor(collection: string) {
    this.#collection = collection
  }

  async do(step: Step): Promise<void> {
    const { kind, slot, id, value } = step
    const collection = this.#collection
    if (kind === 'plain') {
      const written = database.replace({ collection, id, document: { value } })
      if (this.#model.writePlainly(id, value)) await written
      else {
        this.seen.waits++
        this.#waiting.push(written)
      }
      return
    }
    const { transactionId, model } = await this.#at(slot)
    const at = { transactionId, collection, id }
    if (kind === 'commit' || kind === 'abort') {
      this.#slots.delete(slot)
      await this.#end(kind, transactionId, model)
    } else if (model.hasConflict) {
      await expect(database.transactions.get(at)).rejects.toMatchObject(CONFLICT)
    } else if (kind === 'read') {
      const { document } = await database.transactions.get(at)
      expect(document?.['value']).toBe(model.seen.get(id))
    } else await this.#write(step, transactionId, model)
  }

  /** Ends what is open, and compares what is left. */
  async finish(): Promise<void> {
    for (const slot of [...this.#slots.keys()]) await this.do({ kind: 'abort', slot, id: 'a', value: 0 })
    await Promise.all(this.#waiting)
    const { documents } = await database.query({ collection: this.#collection, filter: {} })
    const stored = new Map(documents.map(document => [document['_id'], document['value']]))
    expect(stored).toEqual(this.#model.values)
  }

  async #at(slot: number): Promise<{ transactionId: string; model: ModelTransaction }> {
    const open = this.#slots.get(slot)
    if (open !== undefined) return open
    const { transactionId } = await database.transactions.start()
    const started = { transactionId, model: this.#model.start() }
    this.#slots.set(slot, started)
    return started
  }

  async #end(kind: 'commit' | 'abort', transactionId: string, model: ModelTransaction): Promise<void> {
    if (kind === 'abort') {
      await database.transactions.abort({ transactionId })
      if (!model.hasConflict) this.#model.abort(model)
    } else if (model.hasConflict) {
      await expect(database.transactions.commit({ transactionId })).rejects.toMatchObject(CONFLICT)
    } else {
      await database.transactions.commit({ transactionId })
      this.#model.commit(model)
      this.seen.commits++
    }
  }

  async #write({ kind, id, value }: Step, transactionId: string, model: ModelTransaction): Promise<void> {
    const at = { transactionId, collection: this.#collection, id }
    const current = model.seen.get(id)
    if (kind === 'add' && current !== undefined) {
      const { transactionId, collection } = at
      const again = database.transactions.add({ transactionId, collection, documents: [{ _id: id }] })
      await expect(again).rejects.toMatchObject({ message: expect.stringContaining('E11000') })
      return
    }
    const isMissed = (kind === 'inc' || kind === 'remove') && current === undefined
    const next = kind === 'remove' ? undefined : kind === 'inc' ? (current ?? 0) + 1 : value
    const done = this.#ask(kind, at, value)
    if (isMissed || this.#model.write(model, id, next)) expect(await done).toBe(isMissed ? 0 : 1)
    else {
      this.seen.conflicts++
      await expect(done).rejects.toMatchObject(CONFLICT)
    }
  }

  /** The number of documents changed. */
  async #ask(
    kind: Step['kind'],
    { transactionId, collection, id }: { transactionId: string; collection: string; id: string },
    value: number,
  ): Promise<number> {
    const { transactions } = database
    const at = { transactionId, collection, id }
    if (kind === 'inc') return (await transactions.update({ ...at, update: { $inc: { value: 1 } } })).updated
    if (kind === 'remove') return (await transactions.remove(at)).removed
    if (kind === 'add') {
      return (await transactions.add({ transactionId, collection, documents: [{ _id: id, value }] })).ids
        .length
    }
    const { updated, created } = await transactions.replace({ ...at, document: { value } })
    return updated + created
  }
}

const CONFLICT = { code: 'CLOUDLET_DATABASE', reason: 'DATABASE_TRANSACTION_CONFLICT', retryable: true }

test('transactions, interleaved at random, do what snapshot isolation says', async () => {
  const seen = { conflicts: 0, waits: 0, commits: 0 }
  await fc.assert(
    fc.asyncProperty(steps, async all => {
      const collection = `c${collectionCount++}`
      await database.createCollection({ collection })
      const run = new Run(collection)
      for (const step of all) await run.do(step)
      await run.finish()
      for (const name of ['conflicts', 'waits', 'commits'] as const) seen[name] += run.seen[name]
    }),
    { numRuns: 200 },
  )
  expect(seen.conflicts).toBeGreaterThan(50)
  expect(seen.waits).toBeGreaterThan(20)
  expect(seen.commits).toBeGreaterThan(50)
}, 120_000)
