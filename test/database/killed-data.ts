import { expect } from 'vitest'
import type { Database } from '../../src/database/database.ts'

const collection = 'kept'

/** What a killed writer said it had done, from its lines. The last one may have been cut off by the kill. */
export class Ledger {
  readonly #added = new Set<string>()
  readonly #numbers = new Map<string, number>()
  readonly #removing = new Set<string>()
  readonly #removed = new Set<string>()

  get addedCount(): number {
    return this.#added.size
  }

  read(output: string): void {
    for (const line of output.split('\n').slice(0, -1)) {
      const [sign, id = '', n] = line.split(' ')
      if (sign === '+') this.#added.add(id)
      else if (sign === '=') this.#numbers.set(id, Number(n))
      else if (sign === '?') this.#removing.add(id)
      else if (sign === '-') this.#removed.add(id)
    }
  }

  /** Nothing acknowledged is lost, no document and no write of two is there in part, indexes say what scans say. */
  async compare(database: Database): Promise<void> {
    const { documents } = await database.query({ collection, filter: {} })
    const stored = new Map(documents.map(document => [String(document['_id']), document]))
    const missing = [...this.#added].filter(id => !stored.has(id) && !this.#removing.has(id))
    expect(missing).toEqual([])
    expect([...this.#removed].filter(id => stored.has(id))).toEqual([])
    for (const [id, n] of this.#numbers) {
      const document = stored.get(id)
      if (document !== undefined) expect(document['n']).toBe(n)
    }
    for (const [id, { _id, twin, ...fields }] of stored) {
      expect(twin).toEqual(fields)
      expect(fields).toMatchObject({ slot: id })
      const pair = id.endsWith('a') ? `${id.slice(0, -1)}b` : `${id.slice(0, -1)}a`
      if (!this.#removing.has(pair)) expect(stored.has(pair)).toBe(true)
    }
    await compareIndexes(database, stored.size)
  }
}

/** The same questions to the fields that have indexes, and to their twins that have none. */
async function compareIndexes(database: Database, count: number): Promise<void> {
  const idsOf = async (prefix: string, condition: object, index?: string): Promise<unknown[]> => {
    const conditions = Object.entries(condition).map(([name, test]) => [`${prefix}${name}`, test])
    const filter = Object.fromEntries(conditions)
    const plan = await database.explain({ collection, filter })
    expect(plan.indexes).toEqual(index === undefined ? [] : [index])
    return (await database.query({ collection, filter, sort: [['_id', 1]], projection: { _id: 1 } }))
      .documents
  }
  const half = {
    type: 'Polygon',
    coordinates: [
      [
        [-1, -1],
        [100, -1],
        [100, 45],
        [-1, 45],
        [-1, -1],
      ],
    ],
  }
  const questions = [
    ['slot_1', { slot: { $gte: '' } }],
    ['lane_1_n_-1', { lane: { $gte: '0' }, n: { $gt: 0 } }],
    ['place_2dsphere', { place: { $geoWithin: { $geometry: half } } }],
  ] as const
  for (const [index, condition] of questions) {
    expect(await idsOf('', condition, index)).toEqual(await idsOf('twin.', condition))
  }
  expect(await idsOf('', { slot: { $gte: '' } }, 'slot_1')).toHaveLength(count)
}
