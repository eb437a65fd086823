import { writeSync } from 'node:fs'
import { Database } from '../../src/database/database.ts'

/**
 * A process that adds pairs of documents, changes and removes some, several at once, and prints a line for what is
 * acknowledged: `+` added, `=` changed to that number, `-` removed; `?` is a removal about to be asked for. It ends
 * when killed.
 *
 * A document holds all of its fields twice, the second time where no index is.
 */
const database = new Database({ directory: process.argv[2] ?? '', autoCreateCollections: true })
const collection = 'kept'

async function write(lane: string): Promise<never> {
  for (let index = 0; ; index++) {
    const ids = [`${lane}-${index}a`, `${lane}-${index}b`]
    const documents = ids.map(slot => twice({ slot, lane, n: 0, place: placeOf(index) }))
    await database.add({
      collection,
      documents: documents.map((fields, at) => ({ _id: ids[at] ?? '', ...fields })),
    })
    for (const id of ids) print(`+ ${id}`)
    const [first = ''] = ids
    if (index % 3 === 0) {
      const moved = { n: index + 1, place: placeOf(index + 7) }
      const $set = { ...moved, 'twin.n': moved.n, 'twin.place': moved.place }
      await database.update({ collection, filter: { _id: first }, update: { $set }, multi: false })
      print(`= ${first} ${index + 1}`)
    }
    if (index % 5 === 0) {
      print(`? ${first}`)
      await database.remove({ collection, filter: { slot: first }, multi: true })
      print(`- ${first}`)
    }
  }
}

function twice<Fields extends object>(fields: Fields): Fields & { twin: Fields } {
  return { ...fields, twin: fields }
}

function placeOf(index: number): { type: string; coordinates: number[] } {
  return { type: 'Point', coordinates: [(index * 37) % 180, (index * 17) % 90] }
}

/** Synchronous, so that nothing is acknowledged that the test does not see. */
function print(line: string): void {
  writeSync(1, `${line}\n`)
}

await Promise.all(Array.from({ length: 8 }, (_, lane) => write(`${process.argv[3]}-${lane}`)))
