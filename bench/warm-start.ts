/**
 * Measures: invocations of functions that are loaded: one at a time, 64 in flight on one function, and 64 in
 * flight over 16 functions.
 * Excludes: making the instances. Under load a function has as many as the host's defaults let it have, made
 * in the rounds that don't count; the floor has one isolate per function and queues on it.
 * Run with: npm run bench -- warm-start
 */
import { FunctionHost } from 'cloudlet'
import { checkHello, checkSum, EVENT, helloSource, MEMORY_MB } from './functions.ts'
import { type Comparison, compare, type Question } from './harness.ts'
import { RawFunction } from './raw.ts'

const FUNCTION_COUNT = 16
const IN_FLIGHT = 64

export const warmStart: Question = {
  name: 'warm-start',
  measure: async ({ isQuick }) => {
    await using host = new FunctionHost()
    const raws: RawFunction[] = []
    for (let number = 0; number < FUNCTION_COUNT; number++) {
      await host.deploy(`hello-${number}`, { files: { 'index.js': helloSource(number) } })
      checkHello(await host.invoke(`hello-${number}`, EVENT), 'cold')
      raws.push(await RawFunction.load(helloSource(number), MEMORY_MB))
    }
    const rounds = isQuick ? 60 : 300
    const bursts = { rounds: isQuick ? 15 : 100, warmUpRounds: 4, callsPerRound: 1024 }
    const tables = [
      await compare({
        title: 'Warm call: one at a time',
        inFlight: 1,
        rounds,
        warmUpRounds: 40,
        callsPerRound: 100,
        contenders: contenders(host, raws.slice(0, 1), 'warm'),
      }),
      await compare({
        title: `Warm throughput: ${IN_FLIGHT} in flight on one function`,
        inFlight: IN_FLIGHT,
        ...bursts,
        contenders: contenders(host, raws.slice(0, 1), 'either'),
      }),
      await compare({
        title: `Warm throughput: ${IN_FLIGHT} in flight over ${FUNCTION_COUNT} functions`,
        inFlight: IN_FLIGHT,
        ...bursts,
        contenders: contenders(host, raws, 'either'),
      }),
    ]
    for (const raw of raws) raw.dispose()
    return tables
  },
}

/** Calls go round the functions, as many as there are raw ones. */
function contenders(
  host: FunctionHost,
  raws: readonly RawFunction[],
  start: 'warm' | 'either',
): Comparison['contenders'] {
  let rawTurn = 0
  let turn = 0
  return [
    {
      name: 'raw isolated-vm',
      run: async () => checkSum(await raws[rawTurn++ % raws.length]?.call(EVENT)),
    },
    {
      name: 'cloudlet',
      run: async () => checkHello(await host.invoke(`hello-${turn++ % raws.length}`, EVENT), start),
      ...(start === 'warm' ? { bar: 2 } : undefined),
    },
  ]
}
