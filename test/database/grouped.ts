import type { Database } from '../../src/database/database.ts'
import type { EncodedObject } from '../../src/protocol/value.ts'
import { numbered } from './in-memory.ts'

export interface Outcome {
  readonly documents: unknown
  /** Who did each stage. */
  readonly by: readonly string[]
}

/** Stores documents, numbered, in a collection of their own, and gives its name. */
export async function store(database: Database, documents: readonly EncodedObject[]): Promise<string> {
  const collection = `c${collectionCount++}`
  await database.createCollection({ collection })
  if (documents.length > 0) await database.add({ collection, documents: numbered(documents) })
  return collection
}

let collectionCount = 0

export async function outcomeOf(
  database: Database,
  collection: string,
  stages: readonly EncodedObject[],
): Promise<Outcome> {
  const pipeline = [...stages]
  const { documents } = await database.aggregate({ collection, pipeline })
  const { stages: explained = [] } = await database.explain({ collection, filter: {}, pipeline })
  return { documents, by: explained.map(({ by }) => by) }
}
