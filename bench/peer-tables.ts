import { runChild } from './child.ts'
import { settle } from './engine.ts'
import {
  checkEcho,
  checkFibonacci,
  checkSum,
  ECHO_SOURCE,
  EVENT,
  FIBONACCI_SOURCE,
  helloSource,
  makeEchoEvent,
} from './functions.ts'
import { type Comparison, type Contender, compare, type Settings } from './harness.ts'
import type { LoadedFunction, Peer, Runtime } from './peers/peer.ts'
import { type Measured, type Table, toRows } from './statistics.ts'

const IN_FLIGHT = 64
const FIBONACCI_EVENT = { n: 20 }

export interface StartedPeer {
  readonly peer: Peer
  readonly runtime: Runtime
}

/** The functions that one peer has loaded. */
interface Loaded {
  readonly name: string
  readonly hello: LoadedFunction
  readonly echo: LoadedFunction
  readonly fibonacci: LoadedFunction
}

/** Gives each table as soon as it is there. The first peer is the floor. */
export async function* measurePeers(
  peers: readonly StartedPeer[],
  settings: Settings,
): AsyncGenerator<Table, void> {
  yield await compareQuietly({
    title: 'Peers: first call of a function that is not loaded',
    inFlight: 1,
    rounds: settings.isQuick ? 5 : 40,
    warmUpRounds: 1,
    callsPerRound: 1,
    contenders: peers.map(coldContender),
  })
  const loaded: Loaded[] = []
  try {
    for (const started of peers) loaded.push(await loadAll(started))
    yield* measureWarm(loaded, settings)
  } finally {
    for (const { hello, echo, fibonacci } of loaded)
      for (const each of [hello, echo, fibonacci]) await each.unload()
  }
  if (process.platform === 'linux') yield await measureDensity(peers, settings)
}

async function loadAll({ peer, runtime }: StartedPeer): Promise<Loaded> {
  const load = async (name: string, source: string): Promise<LoadedFunction> => {
    await runtime.deploy(name, source)
    return runtime.load(name)
  }
  return {
    name: peer.name,
    hello: await load('hello', helloSource(0)),
    echo: await load('echo', ECHO_SOURCE),
    fibonacci: await load('fibonacci', FIBONACCI_SOURCE),
  }
}

function coldContender({ peer, runtime }: StartedPeer): Contender {
  let number = 0
  let loaded: LoadedFunction | undefined
  return {
    name: peer.name,
    prepare: async () => {
      await runtime.deploy(`cold-${++number}`, helloSource(number))
      await settle()
    },
    run: async () => {
      loaded = await runtime.load(`cold-${number}`)
      checkSum(await loaded.call(EVENT))
    },
    cleanUp: async () => {
      await loaded?.unload()
      await settle()
    },
  }
}

async function* measureWarm(loaded: readonly Loaded[], { isQuick }: Settings): AsyncGenerator<Table, void> {
  const event = makeEchoEvent()
  const contenders = (call: (functions: Loaded) => Promise<void>): Contender[] =>
    loaded.map(functions => ({ name: functions.name, run: () => call(functions) }))
  const hello = contenders(async functions => checkSum(await functions.hello.call(EVENT)))
  const echo = contenders(async functions => checkEcho(await functions.echo.call(event)))
  const fibonacci = contenders(async functions =>
    checkFibonacci(await functions.fibonacci.call(FIBONACCI_EVENT), FIBONACCI_EVENT.n),
  )
  const one = { inFlight: 1, rounds: isQuick ? 15 : 60, warmUpRounds: 30, callsPerRound: 20 }
  const many = { inFlight: IN_FLIGHT, rounds: isQuick ? 5 : 20, warmUpRounds: 2, callsPerRound: 512 }
  yield await compareQuietly({ title: 'Peers: warm call, one at a time', ...one, contenders: hello })
  yield await compareQuietly({
    title: `Peers: warm calls, ${IN_FLIGHT} in flight`,
    ...many,
    contenders: hello,
  })
  yield await compareQuietly({
    title: 'Peers: echo of 10 KB of JSON, one at a time',
    ...one,
    contenders: echo,
  })
  yield await compareQuietly({
    title: `Peers: echo of 10 KB of JSON, ${IN_FLIGHT} in flight`,
    ...many,
    callsPerRound: 256,
    contenders: echo,
  })
  yield await compareQuietly({
    title: `Peers: fib(${FIBONACCI_EVENT.n}), one at a time`,
    ...one,
    contenders: fibonacci,
  })
}

/** What other processes use is here, in part, what peers use. */
async function compareQuietly(comparison: Comparison): Promise<Table> {
  const { foreignCpuShare: _, ...table } = await compare(comparison)
  return table
}

async function measureDensity(peers: readonly StartedPeer[], { isQuick }: Settings): Promise<Table> {
  const measured: Measured[] = []
  for (const { peer } of peers) {
    const samples: number[] = []
    for (let round = 0; round < (isQuick ? 1 : 3); round++)
      samples.push(await runChild<number>('peer-density-process.ts', [peer.name]))
    measured.push({ name: peer.name, samples, parts: samples })
  }
  const [floor, ...others] = measured
  if (floor === undefined) throw new RangeError('There are no peers.')
  return {
    title: 'Peers: memory of one more function',
    unit: 'KB',
    better: 'lower',
    rows: toRows([floor, ...others]),
  }
}
