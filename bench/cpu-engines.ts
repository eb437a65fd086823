import type { FunctionHost } from 'cloudlet'
import {
  checkFibonacci,
  checkHello,
  checkSum,
  EVENT,
  FIBONACCI_SOURCE,
  helloSource,
  MEMORY_MB,
  SPIN_SOURCE,
} from './functions.ts'
import { RawFunction, RawIsolates } from './raw.ts'

/** Takes ten to twenty milliseconds: next to it, what it costs to hand a thread its work is nothing. */
const WORK = { n: 31 }
const COMPUTER_COUNT = 2

/** Functions to keep cores busy with, each in an isolate of its own. */
export interface Engine {
  readonly name: string
  /** One CPU-bound call; calls go round two functions. */
  compute(): Promise<unknown>
  hello(): Promise<unknown>
  /** Keeps a core busy until then, in milliseconds since the epoch. */
  spin(untilMs: number): Promise<unknown>
}

export async function makeRawEngine(): Promise<Engine & Disposable> {
  const computers = await RawIsolates.load(() => FIBONACCI_SOURCE, COMPUTER_COUNT, MEMORY_MB)
  const hello = await RawFunction.load(helloSource(0), MEMORY_MB)
  const spinner = await RawFunction.load(SPIN_SOURCE, MEMORY_MB)
  return {
    name: 'raw isolated-vm',
    compute: async () => checkFibonacci(await computers.call(WORK), WORK.n),
    hello: async () => checkSum(await hello.call(EVENT)),
    spin: untilMs => spinner.call({ untilMs }),
    [Symbol.dispose]: () => {
      for (const raw of [computers, hello, spinner]) raw.dispose()
    },
  }
}

export async function makeHostEngine(host: FunctionHost): Promise<Engine> {
  for (let number = 0; number < COMPUTER_COUNT; number++)
    await host.deploy(`compute-${number}`, { files: { 'index.js': FIBONACCI_SOURCE } })
  await host.deploy('hello', { files: { 'index.js': helloSource(0) } })
  await host.deploy('spin', { files: { 'index.js': SPIN_SOURCE } })
  let turn = 0
  return {
    name: 'cloudlet',
    compute: async () => {
      const { result } = await host.invoke(`compute-${turn++ % COMPUTER_COUNT}`, WORK)
      checkFibonacci(result, WORK.n)
    },
    hello: async () => checkHello(await host.invoke('hello', EVENT), 'either'),
    spin: untilMs => host.invoke('spin', { untilMs }),
  }
}
