/**
 * Measures: 64 CPU-bound calls in flight, of 64 functions and of one: how many are done in a second, and how long
 * the host's event loop keeps others waiting meanwhile.
 * Excludes: making the instances.
 * Run with: npm run bench -- admission
 *
 * The floor is plain isolated-vm at its best. Calls of one function may go round any number of isolates, of which the
 * fastest counts; 64 functions take 64.
 */
import { FunctionHost } from 'cloudlet'
import { checkFibonacci, FIBONACCI_SOURCE, MEMORY_MB } from './functions.ts'
import { type Contender, compare, type Question, type Settings } from './harness.ts'
import { LoopDelay } from './loop-delay.ts'
import { RawIsolates } from './raw.ts'
import type { Table } from './statistics.ts'

const IN_FLIGHT = 64
const FUNCTION_COUNT = 64
const RAW_ISOLATE_COUNTS = [2, 3, 4, 16, FUNCTION_COUNT]
/** Takes five to ten milliseconds. */
const EVENT = { n: 29 }
const LOOP_DELAY_BAR_MS = 25
const THROUGHPUT_BAR = 0.95

export const admission: Question = {
  name: 'admission',
  measure: async settings => [
    ...(await measureCalls(1, RAW_ISOLATE_COUNTS, settings)),
    ...(await measureCalls(FUNCTION_COUNT, [FUNCTION_COUNT], settings)),
  ],
}

async function measureCalls(
  functionCount: number,
  rawIsolateCounts: readonly number[],
  { isQuick }: Settings,
): Promise<Table[]> {
  await using host = new FunctionHost()
  const raws: RawIsolates[] = []
  for (const count of rawIsolateCounts)
    raws.push(await RawIsolates.load(() => FIBONACCI_SOURCE, count, MEMORY_MB))
  const floors = raws.map((raw, index) => rawContender(raw, rawIsolateCounts[index]))
  const ours = await hostContender(host, functionCount)
  const delay = new LoopDelay()
  const throughput = await compare({
    title: `Admission: ${IN_FLIGHT} CPU-bound calls in flight, of ${functionCount === 1 ? 'one function' : `${functionCount} functions`}`,
    inFlight: IN_FLIGHT,
    rounds: isQuick ? 5 : 15,
    // Every function has run more than once by then, and V8 has optimised it.
    warmUpRounds: 3,
    callsPerRound: isQuick ? 96 : 256,
    contenders: [...floors, ours],
    floorCount: floors.length,
    beforeTurn: () => delay.start(),
    afterTurn: ({ name }) => delay.stop(name),
  })
  for (const raw of raws) raw.dispose()
  return [throughput, delay.toTable(throughput, new Map([[ours.name, LOOP_DELAY_BAR_MS]]))]
}

function rawContender(raw: RawIsolates, count = 0): Contender {
  return {
    name: `raw isolated-vm, ${count} isolates`,
    run: async () => checkFibonacci(await raw.call(EVENT), EVENT.n),
  }
}

async function hostContender(host: FunctionHost, functionCount: number): Promise<Contender> {
  for (let number = 0; number < functionCount; number++)
    await host.deploy(`compute-${number}`, { files: { 'index.js': FIBONACCI_SOURCE } })
  let turn = 0
  return {
    name: 'cloudlet',
    run: async () => {
      const { result } = await host.invoke(`compute-${turn++ % functionCount}`, EVENT)
      checkFibonacci(result, EVENT.n)
    },
    bar: THROUGHPUT_BAR,
  }
}
