/**
 * Measures: the first invocation of a deployed function that has no instance, until its result is there: with a
 * spare isolate ready, without any, and after the process was started again.
 * Excludes: deploying (reading, checking and compiling the source), but for the table that says so; making the
 * spare; ending the instance afterwards.
 * Run with: npm run bench -- cold-start
 *
 * The floor makes an isolate and a context, compiles the source and calls it once, with no runtime at all.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionHost } from 'cloudlet'
import { runChild } from './child.ts'
import { settle, startUp, waitForSpares } from './engine.ts'
import { checkHello, checkSum, EVENT, helloSource, MEMORY_MB, sdkHelloSource } from './functions.ts'
import { type Contender, compare, type Question, type Settings } from './harness.ts'
import { RawFunction } from './raw.ts'
import type { Table } from './statistics.ts'

const SPARE_BAR = 0.4
const NO_SPARE_BAR = 1.6

export const coldStart: Question = {
  name: 'cold-start',
  measure: async settings => [await measureFirstCalls(settings), ...(await measureRestart(settings))],
}

async function measureFirstCalls({ isQuick }: Settings): Promise<Table> {
  await using sparing = new FunctionHost()
  await using unprepared = new FunctionHost({ spareIsolates: 0 })
  for (const host of [sparing, unprepared]) await startUp(host)
  const withSpare = (name: string, sourceOf: (number: number) => string): Contender =>
    coldContender(sparing, name, sourceOf, () => waitForSpares(sparing))
  const withoutSpare = (name: string, sourceOf: (number: number) => string): Contender =>
    coldContender(unprepared, name, sourceOf, settle)
  return await compare({
    title: 'Cold start: deployed, no instance → first result',
    inFlight: 1,
    rounds: isQuick ? 60 : 1000,
    warmUpRounds: 30,
    callsPerRound: 1,
    contenders: [
      rawContender(),
      { ...withSpare('cloudlet, a spare ready', helloSource), bar: SPARE_BAR },
      withSpare('a spare ready, with wx-server-sdk', sdkHelloSource),
      { ...withoutSpare('cloudlet, no spare', helloSource), bar: NO_SPARE_BAR },
      withoutSpare('no spare, with wx-server-sdk', sdkHelloSource),
    ],
  })
}

export function rawContender(): Contender {
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
      await settle()
    },
  }
}

/** What the host does ahead of need is done before this contender is timed, and before the next one is. */
export function coldContender(
  host: FunctionHost,
  name: string,
  sourceOf: (number: number) => string,
  waitUntilReady: () => Promise<void>,
): Contender {
  let number = 0
  return {
    name,
    prepare: async () => {
      await host.deploy('cold', { files: { 'index.js': sourceOf(number++) } })
      await waitUntilReady()
    },
    run: async () => checkHello(await host.invoke('cold', EVENT), 'cold'),
    cleanUp: async () => {
      await host.remove('cold')
      await waitUntilReady()
    },
  }
}

/** One process deploys the functions and calls them; another one, started after it, is measured. */
async function measureRestart({ isQuick }: Settings): Promise<Table[]> {
  const functionCount = isQuick ? 20 : 250
  const directory = await mkdtemp(join(tmpdir(), 'cloudlet-bench-'))
  try {
    const args = [join(directory, 'data'), String(functionCount)]
    await runChild('restart-process.ts', ['fill', ...args])
    return await runChild<Table[]>('restart-process.ts', ['measure', ...args])
  } finally {
    await rm(directory, { recursive: true })
  }
}
