import { onTestFinished } from 'vitest'
import { Database } from '../../src/database/database.ts'
import type { EncodedObject } from '../../src/protocol/value.ts'

/** The one collection of a database that `open` made. */
export const collection = 'a'

/** A database with one collection that holds those documents; closed when the test is over. */
export async function open(
  documents: EncodedObject[] = [],
  options: ConstructorParameters<typeof Database>[0] = {},
): Promise<Database> {
  const database = new Database(options)
  onTestFinished(() => database.close())
  await database.createCollection({ collection })
  if (documents.length > 0) await database.add({ collection, documents })
  return database
}
