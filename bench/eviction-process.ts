/** Deploys more functions than may be warm, calls them in a random order and prints how long reloads took. Started by eviction.ts. */
import { FunctionHost } from 'cloudlet'
import { answerParent } from './child.ts'
import { settle } from './engine.ts'
import { checkSalt, EVENT, helloSource, MEMORY_MB } from './functions.ts'
import { RawFunction } from './raw.ts'

export interface Eviction {
  readonly rawMs: readonly number[]
  readonly reloadMs: readonly number[]
  readonly checkedCount: number
  readonly evictedCount: number
}

const IN_FLIGHT = 16
const HOT_COUNT = 50

const [functionCount = 0, instanceCount = 0, callCount = 0] = process.argv.slice(2).map(Number)
const random = makeRandom(7)
let checkedCount = 0
answerParent(await measure())

async function measure(): Promise<Eviction> {
  await using host = new FunctionHost({ maxInstances: instanceCount })
  for (let number = 0; number < functionCount; number++)
    await host.deploy(nameOf(number), { files: { 'index.js': helloSource(number) } })
  for (let number = 0; number < instanceCount; number++) await call(host, number)
  const rawMs: number[] = []
  const reloadMs: number[] = []
  for (let count = 0; count < callCount; count++) {
    const number = random(functionCount)
    rawMs.push(await timeRaw(number))
    const startMs = performance.now()
    const wasCold = await call(host, number)
    if (wasCold) reloadMs.push(performance.now() - startMs)
    await settle()
  }
  await callMany(host)
  return { rawMs, reloadMs, checkedCount, evictedCount: host.stats().instances.evictedCount }
}

/** Half of the calls go to a few functions, which stay warm, and push the others out. */
async function callMany(host: FunctionHost): Promise<void> {
  let startedCount = 0
  const lane = async (): Promise<void> => {
    while (startedCount++ < 2 * callCount)
      await call(host, random(random(2) === 0 ? HOT_COUNT : functionCount))
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
}

/** Whether it was a cold start. */
async function call(host: FunctionHost, number: number): Promise<boolean> {
  const { result, coldStart } = await host.invoke(nameOf(number), EVENT)
  checkSalt(result, number)
  checkedCount++
  return coldStart
}

async function timeRaw(number: number): Promise<number> {
  const startMs = performance.now()
  const raw = await RawFunction.load(helloSource(number), MEMORY_MB)
  checkSalt(await raw.call(EVENT), number)
  const elapsedMs = performance.now() - startMs
  raw.dispose()
  await settle()
  return elapsedMs
}

function nameOf(number: number): string {
  return `hello-${number}`
}

/** Whole numbers below a bound, the same ones in each run (Park and Miller's generator). */
function makeRandom(seed: number): (bound: number) => number {
  const modulus = 2 ** 31 - 1
  let state = seed
  return bound => {
    state = (state * 48_271) % modulus
    return Math.floor((state / modulus) * bound)
  }
}
