/**
 * Measures: 64 CPU-bound calls in flight, of 64 functions and of one: how many are done in a second, and how long
 * the host's event loop keeps others waiting meanwhile.
 * Excludes: making the instances.
 * Run with: npm run bench -- admission
 *
 * The floor is plain isolated-vm at its best: calls go round 2, 3, 4, 16 or 64 isolates, and the fastest counts.
 */
import { FunctionHost } from 'cloudlet'
import { checkFibonacci, FIBONACCI_SOURCE, MEMORY_MB } from './functions.ts'
import { type Contender, compare, type Question } from './harness.ts'
import { LoopDelay } from './loop-delay.ts'
import { RawIsolates } from './raw.ts'

const IN_FLIGHT = 64
const RAW_ISOLATE_COUNTS = [2, 3, 4, 16, 64]
/** Takes five to ten milliseconds. */
const EVENT = { n: 29 }
const LOOP_DELAY_BAR_MS = 25
const THROUGHPUT_BAR = 0.95

export const admission: Question = {
  name: 'admission',
  measure: async ({ isQuick }) => {
    await using host = new FunctionHost()
    const raws: RawIsolates[] = []
    for (const count of RAW_ISOLATE_COUNTS)
      raws.push(await RawIsolates.load(() => FIBONACCI_SOURCE, count, MEMORY_MB))
    const floors = raws.map((raw, index) => rawContender(raw, RAW_ISOLATE_COUNTS[index]))
    const ours = [await hostContender(host, IN_FLIGHT), await hostContender(host, 1)]
    const delay = new LoopDelay()
    const throughput = await compare({
      title: `Admission: ${IN_FLIGHT} CPU-bound calls in flight`,
      inFlight: IN_FLIGHT,
      rounds: isQuick ? 5 : 15,
      // Every function has run more than once by then, and V8 has optimised it.
      warmUpRounds: 3,
      callsPerRound: isQuick ? 96 : 256,
      contenders: [...floors, ...ours],
      floorCount: floors.length,
      beforeTurn: () => delay.start(),
      afterTurn: ({ name }) => delay.stop(name),
    })
    for (const raw of raws) raw.dispose()
    return [throughput, delay.toTable(throughput, new Map(ours.map(({ name }) => [name, LOOP_DELAY_BAR_MS])))]
  },
}

function rawContender(raw: RawIsolates, count = 0): Contender {
  return {
    name: `raw isolated-vm, ${count} isolates`,
    run: async () => checkFibonacci(await raw.call(EVENT), EVENT.n),
  }
}

async function hostContender(host: FunctionHost, functionCount: number): Promise<Contender> {
  const prefix = `compute-${functionCount}`
  for (let number = 0; number < functionCount; number++)
    await host.deploy(`${prefix}-${number}`, { files: { 'index.js': FIBONACCI_SOURCE } })
  let turn = 0
  return {
    name: functionCount === 1 ? 'cloudlet, one function' : `cloudlet, ${functionCount} functions`,
    run: async () => {
      const { result } = await host.invoke(`${prefix}-${turn++ % functionCount}`, EVENT)
      checkFibonacci(result, EVENT.n)
    },
    bar: THROUGHPUT_BAR,
  }
}
