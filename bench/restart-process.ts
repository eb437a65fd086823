/**
 * Started by cold-start.ts, twice. `fill` deploys functions on a data directory and calls each; `measure` does so
 * again in a new process, beside plain isolated-vm and a host on an empty directory, and prints its tables.
 */
import { FunctionHost } from 'cloudlet'
import { answerParent } from './child.ts'
import { settle, startUp, waitForSpares } from './engine.ts'
import { checkHello, checkSum, EVENT, largeSource, MEMORY_MB } from './functions.ts'
import { type Contender, compare } from './harness.ts'
import { RawFunction } from './raw.ts'
import type { Table } from './statistics.ts'

/** About 200 KB of source. */
const STEP_COUNT = 600
const WARM_UP_ROUNDS = 5

const [mode, directory = '', count] = process.argv.slice(2)
/** Functions of one table; each is deployed once in a process. */
const functionCount = Number(count) + WARM_UP_ROUNDS
if (mode === 'fill') await fill()
else answerParent(await measure())

async function fill(): Promise<void> {
  await using host = new FunctionHost({ dataDirectory: directory })
  for (let number = 0; number < 2 * functionCount; number++) {
    await deploy(host, number)
    checkHello(await host.invoke(nameOf(number), EVENT), 'cold')
    checkHello(await host.invoke(nameOf(number), EVENT), 'warm')
  }
  answerParent(functionCount)
}

async function measure(): Promise<Table[]> {
  await using empty = new FunctionHost({ dataDirectory: `${directory}-empty` })
  await using known = new FunctionHost({ dataDirectory: directory })
  // In this order: the process takes the snapshot that the code on disk was compiled under.
  for (const host of [known, empty]) await startUp(host)
  const size = `${Math.round(sourceOf(0).length / 1000)} KB of source`
  const settings = {
    inFlight: 1,
    warmUpRounds: WARM_UP_ROUNDS,
    rounds: functionCount - WARM_UP_ROUNDS,
    callsPerRound: 1,
  }
  return [
    await compare({
      title: `After a restart, ${size}: deployed → first result`,
      ...settings,
      contenders: [
        rawContender(0),
        callContender(empty, 'cloudlet, nothing on disk', 0),
        callContender(known, 'cloudlet, code cache on disk', 0),
      ],
    }),
    await compare({
      title: `After a restart, ${size}: deploying it → first result`,
      ...settings,
      contenders: [
        rawContender(functionCount),
        deployContender(empty, 'cloudlet, nothing on disk', functionCount),
        deployContender(known, 'cloudlet, code cache on disk', functionCount),
      ],
    }),
  ]
}

function rawContender(firstNumber: number): Contender {
  let loaded: RawFunction | undefined
  let number = firstNumber
  return {
    name: 'raw isolated-vm',
    run: async () => {
      loaded = await RawFunction.load(sourceOf(number++), MEMORY_MB)
      checkSum(await loaded.call(EVENT))
    },
    cleanUp: async () => {
      loaded?.dispose()
      await settle()
    },
  }
}

/** Times the first call only. */
function callContender(host: FunctionHost, name: string, firstNumber: number): Contender {
  let number = firstNumber
  return {
    name,
    prepare: async () => {
      await deploy(host, number)
      await waitForSpares(host)
    },
    run: async () => checkHello(await host.invoke(nameOf(number), EVENT), 'cold'),
    cleanUp: () => remove(host, number++),
  }
}

/** Times deploying and the first call. */
function deployContender(host: FunctionHost, name: string, firstNumber: number): Contender {
  let number = firstNumber
  return {
    name,
    prepare: () => waitForSpares(host),
    run: async () => {
      await deploy(host, number)
      checkHello(await host.invoke(nameOf(number), EVENT), 'cold')
    },
    cleanUp: () => remove(host, number++),
  }
}

async function remove(host: FunctionHost, number: number): Promise<void> {
  await host.remove(nameOf(number))
  await waitForSpares(host)
}

async function deploy(host: FunctionHost, number: number): Promise<void> {
  await host.deploy(nameOf(number), { files: { 'index.js': sourceOf(number) } })
}

function nameOf(number: number): string {
  return `large-${number}`
}

function sourceOf(number: number): string {
  return largeSource(number, STEP_COUNT)
}
