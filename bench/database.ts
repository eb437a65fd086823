/**
 * Measures: the document database against SQLite itself, in a thread of its own too, with the same schema, pragmas
 * and batches but no query layer: a document by its id, an indexed query of 20 documents, inserts, and a filter and
 * groups over 100,000 documents without an index; and how long a busy database keeps the process's event loop waiting.
 * Excludes: the SDK, permissions and the way out of a function; filling the collections.
 * Run with: npm run bench -- database
 *
 * SQLite in the caller's own thread stands beside it, for what the way to another thread costs. Every write waits for
 * the disk: one at a time that is nearly all of it. What is asked one at a time is asked with all threads on one core,
 * as placement.ts explains.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database } from '../src/database/database.ts'
import {
  checkDocuments,
  checkGroups,
  DOCUMENT_COUNT,
  GROUP_DOCUMENTS,
  GROUPS,
  MATCH,
  MATCH_COUNT,
  makeDocument,
  spread,
} from './database-documents.ts'
import { RawDatabase, RawInThread } from './database-raw.ts'
import { type Contender, compare, type Question, type Settings } from './harness.ts'
import { LoopDelay } from './loop-delay.ts'
import { compareOnOneCore } from './placement.ts'
import type { Table } from './statistics.ts'

const IN_FLIGHT = 64
const collection = 'docs'

export const database: Question = {
  name: 'database',
  measure: async settings => {
    const directory = await mkdtemp(join(tmpdir(), 'cloudlet-bench-'))
    try {
      await using ours = new Database({ directory })
      await using raw = new RawDatabase(join(directory, 'raw.sqlite'))
      using inThread = new RawInThread(join(directory, 'in-thread.sqlite'))
      await ours.createCollection({ collection })
      await ours.createIndex({ collection, fields: [['group', 1]] })
      await fill(documents => ours.add({ collection, documents }))
      for (const one of [raw, inThread]) await fill(documents => one.ask('insertMany', documents))
      const sides = { ours, raw, inThread }
      return [
        ...(await compareReads(sides, settings)),
        ...(await compareScans(sides, settings)),
        await compareGroups(sides, settings),
        ...(await compareInserts(sides, settings)),
      ]
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  },
}

interface Sides {
  readonly ours: Database
  readonly raw: RawDatabase
  readonly inThread: RawInThread
}

type AddDocuments = Parameters<Database['add']>[0]['documents']

const FILL_DOCUMENTS = 5000

async function fill(add: (documents: AddDocuments) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < DOCUMENT_COUNT; start += FILL_DOCUMENTS) {
    await add(Array.from({ length: FILL_DOCUMENTS }, (_, index) => ({ ...makeDocument(start + index) })))
  }
}

/** The floor, ours, and SQLite in this thread; each with numbers of its own to ask for. */
function contend(
  { ours, raw, inThread }: Sides,
  askOurs: (database: Database, index: number) => Promise<void>,
  askRaw: (database: Pick<RawDatabase, 'ask'>, index: number) => Promise<void>,
  bar: number,
): Contender[] {
  const numbers = [spread(DOCUMENT_COUNT), spread(DOCUMENT_COUNT), spread(DOCUMENT_COUNT)] as const
  return [
    { name: 'raw SQLite in a thread', run: () => askRaw(raw, numbers[0].next().value) },
    { name: 'cloudlet', run: () => askOurs(ours, numbers[1].next().value), bar },
    { name: 'raw SQLite in this thread', run: () => askRaw(inThread, numbers[2].next().value) },
  ]
}

function contendById(sides: Sides, bar: number): Contender[] {
  return contend(
    sides,
    async (database, index) => {
      const filter = { _id: `d${index}` }
      checkDocuments((await database.query({ collection, filter, limit: 1 })).documents, 1)
    },
    async (database, index) => checkDocuments((await database.ask('byId', [`d${index}`])).documents, 1),
    bar,
  )
}

function contendByGroup(sides: Sides, bar: number): Contender[] {
  const groupOf = (index: number): number => Math.floor(index / GROUP_DOCUMENTS)
  return contend(
    sides,
    async (database, index) => {
      const filter = { group: groupOf(index) }
      const found = await database.query({ collection, filter, limit: GROUP_DOCUMENTS })
      checkDocuments(found.documents, GROUP_DOCUMENTS)
    },
    async (database, index) =>
      checkDocuments((await database.ask('byGroup', [groupOf(index)])).documents, GROUP_DOCUMENTS),
    bar,
  )
}

async function compareReads(sides: Sides, { isQuick }: Settings): Promise<Table[]> {
  const oneByOne = { inFlight: 1, rounds: isQuick ? 40 : 200, warmUpRounds: 20, callsPerRound: 50 }
  const many = { inFlight: IN_FLIGHT, rounds: isQuick ? 10 : 60, warmUpRounds: 4, callsPerRound: 1024 }
  return [
    await compareOnOneCore({
      title: 'Database: a document by its id, one at a time',
      ...oneByOne,
      contenders: contendById(sides, 2),
    }),
    await compare({
      title: `Database: a document by its id, ${IN_FLIGHT} in flight`,
      ...many,
      contenders: contendById(sides, 0.5),
    }),
    await compareOnOneCore({
      title: `Database: an indexed query of ${GROUP_DOCUMENTS} documents, one at a time`,
      ...oneByOne,
      contenders: contendByGroup(sides, 2),
    }),
    await compare({
      title: `Database: an indexed query of ${GROUP_DOCUMENTS} documents, ${IN_FLIGHT} in flight`,
      ...many,
      contenders: contendByGroup(sides, 0.5),
    }),
  ]
}

async function scanOurs(ours: Database): Promise<void> {
  checkDocuments((await ours.query({ collection, filter: MATCH })).documents, MATCH_COUNT)
}

async function scanRaw(raw: Pick<RawDatabase, 'ask'>): Promise<void> {
  checkDocuments((await raw.ask('matches', [MATCH.city, MATCH.score])).documents, MATCH_COUNT)
}

async function compareScans(sides: Sides, { isQuick }: Settings): Promise<Table[]> {
  const scan = await compare({
    title: `Database: a filter over ${DOCUMENT_COUNT.toLocaleString('en')} documents without an index`,
    inFlight: 1,
    rounds: isQuick ? 6 : 30,
    warmUpRounds: 2,
    callsPerRound: 2,
    contenders: contend(sides, scanOurs, scanRaw, 3),
  })
  // In this thread a scan holds the event loop by design, so it has no part in this.
  const [floor, ours] = contendById(sides, 0)
  if (floor === undefined || ours === undefined) throw new Error('There is nothing to compare.')
  const scans = new Map<string, () => Promise<void>>([
    [floor.name, () => scanRaw(sides.raw)],
    [ours.name, () => scanOurs(sides.ours)],
  ])
  const delay = new LoopDelay()
  let isTurn = false
  let scanning: Promise<void> = Promise.resolve()
  const busy = await compare({
    title: `Database: ${IN_FLIGHT} reads by id in flight while documents are scanned`,
    inFlight: IN_FLIGHT,
    rounds: isQuick ? 6 : 30,
    warmUpRounds: 1,
    callsPerRound: 256,
    contenders: [floor, { name: ours.name, run: ours.run }],
    beforeTurn: ({ name }) => {
      isTurn = true
      scanning = (async () => {
        while (isTurn) await scans.get(name)?.()
      })()
      delay.start()
    },
    afterTurn: ({ name }) => {
      isTurn = false
      delay.stop(name)
    },
  })
  await scanning
  return [scan, busy, delay.toTable(busy, new Map([[ours.name, 20]]))]
}

/** Groups in SQL, as a layer above it can have them: it has to notice what SQLite would group otherwise. */
async function compareGroups({ ours, raw }: Sides, { isQuick }: Settings): Promise<Table> {
  const ask = (stage: (typeof GROUPS)[keyof typeof GROUPS]) => async () =>
    checkGroups((await ours.aggregate({ collection, pipeline: [stage] })).documents)
  return compare({
    title: `Database: ${DOCUMENT_COUNT.toLocaleString('en')} documents grouped by a field`,
    inFlight: 1,
    rounds: isQuick ? 6 : 30,
    warmUpRounds: 2,
    callsPerRound: 2,
    contenders: [
      {
        name: 'raw SQLite in a thread',
        run: async () => checkGroups((await raw.ask('groups', [])).documents),
      },
      { name: 'cloudlet', run: ask(GROUPS.storage), bar: 3 },
      { name: 'cloudlet, in JavaScript', run: ask(GROUPS.memory) },
    ],
  })
}

const BATCH_DOCUMENTS = 100

async function compareInserts(sides: Sides, { isQuick }: Settings): Promise<Table[]> {
  const single = (bar: number): Contender[] =>
    contendInserts(
      sides,
      bar,
      (database, [document = {}]) => database.add({ collection, documents: [document] }),
      (database, [document]) => database.ask('insert', document),
      1,
    )
  const batched = contendInserts(
    sides,
    2,
    (database, documents) => database.add({ collection, documents }),
    (database, documents) => database.ask('insertMany', documents),
    BATCH_DOCUMENTS,
  )
  const oneByOne = { inFlight: 1, rounds: isQuick ? 20 : 100, warmUpRounds: 5 }
  return [
    await compareOnOneCore({
      title: 'Database: insert of one document, one at a time',
      ...oneByOne,
      callsPerRound: 10,
      contenders: single(2),
    }),
    await compare({
      title: `Database: inserts of one document, ${IN_FLIGHT} in flight`,
      inFlight: IN_FLIGHT,
      rounds: isQuick ? 10 : 60,
      warmUpRounds: 4,
      callsPerRound: 512,
      // In this thread nothing is in flight beside another.
      contenders: single(0.5).slice(0, 2),
    }),
    await compareOnOneCore({
      title: `Database: insert of ${BATCH_DOCUMENTS} documents at once, one at a time`,
      ...oneByOne,
      callsPerRound: 5,
      contenders: batched,
    }),
  ]
}

/** New documents for each call, all of one group per thousand. */
function contendInserts(
  sides: Sides,
  bar: number,
  addOurs: (database: Database, documents: AddDocuments) => Promise<unknown>,
  addRaw: (database: Pick<RawDatabase, 'ask'>, documents: AddDocuments) => Promise<unknown>,
  count: number,
): Contender[] {
  const prefix = `i${insertRuns++}`
  const next = { ours: 0, raw: 0, inThread: 0 }
  const make = (side: keyof typeof next): AddDocuments =>
    Array.from({ length: count }, () => {
      const index = next[side]++
      return { ...makeDocument(DOCUMENT_COUNT + index, `${prefix}-${index}`) }
    })
  return [
    { name: 'raw SQLite in a thread', run: () => addRaw(sides.raw, make('raw')) },
    { name: 'cloudlet', run: () => addOurs(sides.ours, make('ours')), bar },
    { name: 'raw SQLite in this thread', run: () => addRaw(sides.inThread, make('inThread')) },
  ]
}

let insertRuns = 0
