/**
 * Measures: invocations of functions that are loaded: one at a time, 64 in flight on one function, and 64 in
 * flight over 16 functions.
 * Excludes: making the instances. Under load a function has as many as the host's defaults let it have, made
 * in the rounds that don't count; the floor has one isolate per function and queues on it.
 * Run with: npm run bench -- warm-start
 *
 * One at a time both contenders are held to cores, as placement.ts explains.
 *
 * With many in flight on one function, plain isolated-vm with two isolates of it is measured too: what an
 * embedder could have by writing a pool.
 */
import { FunctionHost } from 'cloudlet'
import { checkHello, checkSum, EVENT, helloSource, MEMORY_MB } from './functions.ts'
import { type Contender, compare, type Question, roundsToWarmUp } from './harness.ts'
import { compareByPlacement } from './placement.ts'
import { RawIsolates } from './raw.ts'

const FUNCTION_COUNT = 16
const IN_FLIGHT = 64

export const warmStart: Question = {
  name: 'warm-start',
  measure: async ({ isQuick }) => {
    await using host = new FunctionHost()
    for (let number = 0; number < FUNCTION_COUNT; number++) {
      await host.deploy(`hello-${number}`, { files: { 'index.js': helloSource(number) } })
      checkHello(await host.invoke(`hello-${number}`, EVENT), 'cold')
    }
    const one = await RawIsolates.load(helloSource, 1, MEMORY_MB)
    const two = await RawIsolates.load(helloSource, 2, MEMORY_MB)
    const many = await RawIsolates.load(helloSource, FUNCTION_COUNT, MEMORY_MB)
    const bursts = {
      inFlight: IN_FLIGHT,
      rounds: isQuick ? 15 : 100,
      warmUpRounds: roundsToWarmUp(1024),
      callsPerRound: 1024,
    }
    const tables = [
      ...(await compareByPlacement({
        title: 'Warm call: one at a time',
        inFlight: 1,
        rounds: isQuick ? 60 : 300,
        warmUpRounds: roundsToWarmUp(100),
        callsPerRound: 100,
        contenders: [floor('raw isolated-vm', one), { ...ours(host, 1, 'warm'), bar: 1.1 }],
      })),
      await compare({
        title: `Warm throughput: ${IN_FLIGHT} in flight on one function`,
        ...bursts,
        contenders: [
          floor('raw isolated-vm', one),
          { ...ours(host, 1, 'either'), bar: 4 },
          floor('raw isolated-vm, two isolates', two),
        ],
      }),
      await compare({
        title: `Warm throughput: ${IN_FLIGHT} in flight over ${FUNCTION_COUNT} functions`,
        ...bursts,
        contenders: [floor('raw isolated-vm', many), { ...ours(host, FUNCTION_COUNT, 'either'), bar: 1.5 }],
      }),
    ]
    for (const raw of [one, two, many]) raw.dispose()
    return tables
  },
}

function floor(name: string, raw: RawIsolates): Contender {
  return { name, run: async () => checkSum(await raw.call(EVENT)) }
}

/** Calls go round the functions. */
function ours(host: FunctionHost, functionCount: number, start: 'warm' | 'either'): Contender {
  let turn = 0
  return {
    name: 'cloudlet',
    run: async () => checkHello(await host.invoke(`hello-${turn++ % functionCount}`, EVENT), start),
  }
}
