/**
 * Measures: what `isolation: 'process'` costs: warm calls through a cell, one at a time and with 64 in flight; cold
 * starts; the memory of a cell without functions, and of one more function in cells.
 * Excludes: starting the cells. From what a function adds, what a cell pays once.
 * Run with: npm run bench -- cells
 *
 * The floor is plain isolated-vm in this process, as everywhere. One at a time this process and its cells are held to
 * cores, as placement.ts explains.
 */
import { FunctionHost } from 'cloudlet'
import type { CellFootprint } from './cells-process.ts'
import { runChild } from './child.ts'
import { coldContender, rawContender } from './cold-start.ts'
import type { Footprint } from './density-process.ts'
import { settle, startUp, waitForSpares } from './engine.ts'
import { checkHello, checkSum, EVENT, helloSource, MEMORY_MB } from './functions.ts'
import { type Contender, compare, type Question, roundsToWarmUp, type Settings } from './harness.ts'
import { compareByPlacement } from './placement.ts'
import { RawIsolates } from './raw.ts'
import { type Measured, type Table, toRows } from './statistics.ts'

const FUNCTION_COUNT = 16
const IN_FLIGHT = 64
const WARM_BAR = 1.5
const THROUGHPUT_BAR = 1.5
const COLD_BAR = 0.6

export const cells: Question = {
  name: 'cells',
  measure: async settings => [
    ...(await measureCalls(settings)),
    await measureFirstCalls(settings),
    ...(await measureMemory(settings)),
  ],
}

async function measureCalls({ isQuick }: Settings): Promise<Table[]> {
  await using host = new FunctionHost({ isolation: 'process' })
  for (let number = 0; number < FUNCTION_COUNT; number++) {
    await host.deploy(`hello-${number}`, { files: { 'index.js': helloSource(number) } })
    checkHello(await host.invoke(`hello-${number}`, EVENT), 'cold')
  }
  await waitForSpares(host)
  const one = await RawIsolates.load(helloSource, 1, MEMORY_MB)
  const many = await RawIsolates.load(helloSource, FUNCTION_COUNT, MEMORY_MB)
  const floor = (raw: RawIsolates): Contender => ({
    name: 'raw isolated-vm',
    run: async () => checkSum(await raw.call(EVENT)),
  })
  const bursts = {
    inFlight: IN_FLIGHT,
    rounds: isQuick ? 15 : 100,
    warmUpRounds: roundsToWarmUp(1024),
    callsPerRound: 1024,
  }
  const tables = [
    ...(await compareByPlacement(
      {
        title: 'Through a cell: a warm call, one at a time',
        inFlight: 1,
        rounds: isQuick ? 60 : 300,
        warmUpRounds: roundsToWarmUp(100),
        callsPerRound: 100,
        contenders: [floor(one), { ...ours(host, 1), bar: WARM_BAR }],
      },
      host.stats().cells.map(({ pid }) => pid),
    )),
    await compare({
      title: `Through a cell: ${IN_FLIGHT} in flight on one function`,
      ...bursts,
      contenders: [floor(one), { ...ours(host, 1), bar: THROUGHPUT_BAR }],
    }),
    await compare({
      title: `Through cells: ${IN_FLIGHT} in flight over ${FUNCTION_COUNT} functions`,
      ...bursts,
      contenders: [floor(many), ours(host, FUNCTION_COUNT)],
    }),
  ]
  for (const raw of [one, many]) raw.dispose()
  return tables
}

/** Calls go round the functions. */
function ours(host: FunctionHost, functionCount: number): Contender {
  let turn = 0
  return {
    name: 'cloudlet',
    run: async () => checkHello(await host.invoke(`hello-${turn++ % functionCount}`, EVENT), 'either'),
  }
}

async function measureFirstCalls({ isQuick }: Settings): Promise<Table> {
  await using sparing = new FunctionHost({ isolation: 'process' })
  await using unprepared = new FunctionHost({ isolation: 'process', spareIsolates: 0 })
  for (const host of [sparing, unprepared]) await startUp(host)
  return await compare({
    title: 'In a cell: cold start',
    inFlight: 1,
    rounds: isQuick ? 60 : 500,
    warmUpRounds: 30,
    callsPerRound: 1,
    contenders: [
      rawContender(),
      {
        ...coldContender(sparing, 'a spare ready', helloSource, () => waitForSpares(sparing)),
        bar: COLD_BAR,
      },
      coldContender(unprepared, 'no spare', helloSource, settle),
    ],
  })
}

async function measureMemory({ isQuick }: Settings): Promise<Table[]> {
  const functionCount = isQuick ? 50 : 300
  const rounds = isQuick ? 2 : 3
  const bare: Footprint[] = []
  const here: Footprint[] = []
  const there: CellFootprint[] = []
  for (let round = 0; round < rounds; round++) {
    bare.push(await runChild('density-process.ts', ['raw', String(functionCount)]))
    here.push(await runChild('density-process.ts', ['cloudlet', String(functionCount)]))
    there.push(await runChild('cells-process.ts', [String(functionCount)]))
  }
  const row = (name: string, samples: readonly number[]): Measured => ({ name, samples, parts: samples })
  const toTable = (title: string, rows: readonly Measured[]): Table => {
    const [floor, ...others] = rows
    if (floor === undefined) throw new RangeError(`"${title}" has no rows.`)
    return { title, unit: 'KB', better: 'lower', rows: toRows([floor, ...others]) }
  }
  return [
    toTable(`Memory of one more of ${functionCount} warm functions`, [
      row(
        'bare isolate',
        bare.map(({ addedKb }) => addedKb),
      ),
      row(
        'in process',
        here.map(({ addedKb }) => addedKb),
      ),
      row(
        'in cells',
        there.map(({ addedKb }) => addedKb),
      ),
    ]),
    toTable('Memory of a process', [
      row(
        'bare Node',
        there.map(({ bareKb }) => bareKb),
      ),
      row(
        'a cell without functions',
        there.map(({ emptyKb }) => emptyKb),
      ),
    ]),
  ]
}
