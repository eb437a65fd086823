/**
 * Measures: the first invocation of a deployed function that has no instance, until its result is there.
 * Excludes: deploying (reading, checking and compiling the source), and ending the instance afterwards.
 * Run with: npm run bench -- cold-start
 *
 * The floor makes an isolate and a context, compiles the source and calls it once, with no runtime at all.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { FunctionHost } from 'cloudlet'
import { checkHello, checkSum, EVENT, helloSource, MEMORY_MB, sdkHelloSource } from './functions.ts'
import { type Contender, compare, type Question } from './harness.ts'
import { RawFunction } from './raw.ts'

/** An isolate is torn down on a thread of its own: time for it to be gone before the next one is timed. */
const SETTLE_MS = 4

export const coldStart: Question = {
  name: 'cold-start',
  measure: async ({ isQuick }) => {
    await using host = new FunctionHost()
    const hello = coldContender(host, 'cloudlet', helloSource)
    const sdkHello = coldContender(host, 'cloudlet, with wx-server-sdk', sdkHelloSource)
    return [
      await compare({
        title: 'Cold start: deployed, no instance → first result',
        inFlight: 1,
        rounds: isQuick ? 150 : 1000,
        warmUpRounds: 30,
        callsPerRound: 1,
        contenders: [rawContender(), hello, sdkHello],
      }),
    ]
  },
}

function rawContender(): Contender {
  let loaded: RawFunction | undefined
  let number = 0
  return {
    name: 'raw isolated-vm',
    run: async () => {
      loaded = await RawFunction.load(helloSource(number++), MEMORY_MB)
      checkSum(await loaded.call(EVENT))
    },
    cleanUp: async () => {
      loaded?.dispose()
      await sleep(SETTLE_MS)
    },
  }
}

function coldContender(host: FunctionHost, name: string, sourceOf: (number: number) => string): Contender {
  let number = 0
  return {
    name,
    prepare: async () => {
      await host.deploy('cold', { files: { 'index.js': sourceOf(number++) } })
      await sleep(SETTLE_MS)
    },
    run: async () => checkHello(await host.invoke('cold', EVENT), 'cold'),
    cleanUp: async () => {
      await host.remove('cold')
      await sleep(SETTLE_MS)
    },
    bar: 2,
  }
}
