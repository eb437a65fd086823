/**
 * Measures: a warm invocation that gets a 10 KB JSON object as its event and returns it.
 * Excludes: making the instances.
 * Run with: npm run bench -- values
 *
 * The floor passes the object by structured copy, both ways.
 */
import { FunctionHost } from 'cloudlet'
import { checkEcho, ECHO_SOURCE, MEMORY_MB, makeEchoEvent } from './functions.ts'
import { type Contender, compare, type Question, roundsToWarmUp } from './harness.ts'
import { RawFunction } from './raw.ts'

const IN_FLIGHT = 64

export const values: Question = {
  name: 'values',
  measure: async ({ isQuick }) => {
    await using host = new FunctionHost()
    await host.deploy('echo', { files: { 'index.js': ECHO_SOURCE } })
    const raw = await RawFunction.load(ECHO_SOURCE, MEMORY_MB)
    const event = makeEchoEvent()
    const floor: Contender = {
      name: 'raw isolated-vm, copy',
      run: async () => checkEcho(await raw.call(event)),
    }
    const ours: Contender = {
      name: 'cloudlet',
      run: async () => checkEcho((await host.invoke('echo', event)).result),
    }
    const kilobytes = (JSON.stringify(event).length / 1000).toFixed(1)
    const tables = [
      await compare({
        title: `Echo of ${kilobytes} KB of JSON: one at a time`,
        inFlight: 1,
        rounds: isQuick ? 50 : 250,
        warmUpRounds: roundsToWarmUp(25),
        callsPerRound: 25,
        contenders: [floor, ours],
      }),
      await compare({
        title: `Echo of ${kilobytes} KB of JSON: ${IN_FLIGHT} in flight on one function`,
        inFlight: IN_FLIGHT,
        rounds: isQuick ? 15 : 100,
        warmUpRounds: roundsToWarmUp(256),
        callsPerRound: 256,
        contenders: [floor, { ...ours, bar: 1.2 }],
      }),
    ]
    raw.dispose()
    return tables
  },
}
