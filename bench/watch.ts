/**
 * Measures: from adding a document until each of 100 listeners of one query has been told of it and what it pushed out.
 * The floor adds it to SQLite in a thread of its own, and then reads a text of that size for each listener: no query,
 * no list, no difference.
 * Excludes: the way to clients over WebSocket, and the SDK, which makes snapshots of updates.
 * Run with: npm run bench -- watch
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database } from '../src/database/database.ts'
import type { WatchUpdate } from '../src/protocol/watching.ts'
import { type BenchDocument, makeDocument } from './database-documents.ts'
import { RawDatabase } from './database-raw.ts'
import type { Question } from './harness.ts'
import { compareOnOneCore } from './placement.ts'

const LISTENERS = 100
/** Documents of the result: the newest, as in a chat. */
const SHOWN_DOCUMENTS = 20
const collection = 'docs'

export const watch: Question = {
  name: 'watch',
  measure: async ({ isQuick }) => {
    const directory = await mkdtemp(join(tmpdir(), 'cloudlet-bench-'))
    try {
      await using ours = new Database({ directory })
      await using raw = new RawDatabase(join(directory, 'raw.sqlite'))
      await using audience = await Audience.open(ours)
      const next = { raw: 0, ours: 0 }
      const table = await compareOnOneCore({
        title: `Watch: a document added until ${LISTENERS} listeners are told`,
        inFlight: 1,
        rounds: isQuick ? 20 : 100,
        warmUpRounds: 5,
        callsPerRound: 10,
        contenders: [
          { name: 'raw SQLite, a text read per listener', run: () => tellRaw(raw, makeDocument(next.raw++)) },
          { name: 'cloudlet', run: () => audience.tell(makeDocument(next.ours++)) },
        ],
      })
      return [table]
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  },
}

async function tellRaw(raw: RawDatabase, document: BenchDocument): Promise<void> {
  await raw.ask('insert', document)
  const text = JSON.stringify(document)
  for (let listener = 0; listener < LISTENERS; listener++) {
    if (JSON.parse(text)._id !== document._id) throw new Error('The text was misread.')
  }
}

/** All who watch the newest documents. */
class Audience implements AsyncDisposable {
  readonly #database: Database
  readonly #ending = new AbortController()
  readonly #watches: Promise<void>[] = []
  #toldCount = 0
  #onTold: () => void = () => {}
  #awaited: string | undefined

  static async open(database: Database): Promise<Audience> {
    const audience = new Audience(database)
    await database.createCollection({ collection })
    const filled = Array.from({ length: SHOWN_DOCUMENTS }, (_, index) => ({
      ...makeDocument(index, `before-${index}`),
      group: -1,
    }))
    await database.add({ collection, documents: filled })
    const all = audience.#nextTold(undefined)
    for (let listener = 0; listener < LISTENERS; listener++) audience.#watch()
    await all
    return audience
  }

  private constructor(database: Database) {
    this.#database = database
  }

  async tell(document: BenchDocument): Promise<void> {
    const all = this.#nextTold(document._id)
    await this.#database.add({ collection, documents: [{ ...document }] })
    await all
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort()
    await Promise.all(this.#watches)
  }

  #watch(): void {
    const sort: [string, -1][] = [['group', -1]]
    const args = { collection, filter: {}, sort, limit: SHOWN_DOCUMENTS }
    const take = async (update: WatchUpdate): Promise<void> => this.#take(update)
    this.#watches.push(this.#database.watch(args, take, this.#ending.signal))
  }

  #nextTold(id: string | undefined): Promise<void> {
    this.#awaited = id
    this.#toldCount = 0
    return new Promise(resolve => {
      this.#onTold = resolve
    })
  }

  #take({ isInit, placed, left }: WatchUpdate): void {
    const [first] = placed
    const isRight = isInit
      ? placed.length === SHOWN_DOCUMENTS
      : placed.length === 1 && left.length === 1 && first?.id === this.#awaited
    if (!isRight) throw new Error('A listener was told something else.')
    if (++this.#toldCount === LISTENERS) this.#onTold()
  }
}
