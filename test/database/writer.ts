import { writeSync } from 'node:fs'
import { Database } from '../../src/database/database.ts'

/** A process that adds documents, several at once, and prints each id once it is acknowledged. It ends when killed. */
const database = new Database({ directory: process.argv[2] ?? '', autoCreateCollections: true })

async function write(lane: string): Promise<never> {
  for (let index = 0; ; index++) {
    const id = `${lane}-${index}`
    await database.add({ collection: 'kept', documents: [{ _id: id, padding: 'x'.repeat(200) }] })
    // Synchronous, so that nothing is acknowledged that the test does not see.
    writeSync(1, `${id}\n`)
  }
}

await Promise.all(Array.from({ length: 8 }, (_, lane) => write(`${process.argv[3]}-${lane}`)))
