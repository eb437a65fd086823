/**
 * Measures: callFunction of a warm function through a WebSocket on the loopback, against a plain ws + msgpackr echo of
 * the same message, with the servers in a process of their own, and with all in this one: there one call at a time has
 * no bar, since on one core the echo and the invocation, which stands beside them, take nearly twice the echo. And what an
 * idle session takes of the host's memory, beside an idle connection of a plain ws server.
 * Excludes: connecting and logging in.
 * Run with: npm run bench -- transport
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { FunctionHost } from 'cloudlet'
import { type Cloud, createCloud } from 'cloudlet/client'
import { runChild } from './child.ts'
import { checkSum, EVENT, helloSource } from './functions.ts'
import {
  type Comparison,
  type Contender,
  compare,
  type Question,
  roundsToWarmUp,
  type Settings,
} from './harness.ts'
import { compareOnOneCore } from './placement.ts'
import { PlainEcho, servePlainEcho } from './plain-echo.ts'
import type { SessionFootprint } from './sessions-process.ts'
import { type Measured, type Table, toRows } from './statistics.ts'
import type { ServerUrls } from './transport-server-process.ts'

const IN_FLIGHT = 64
const OURS = 'cloudlet/client callFunction'
const LATENCY_BAR = 2
const THROUGHPUT_BAR = 0.5
/** 30 KB is what the memory of an idle session may be. */
const SESSION_KB = 30
const SESSION_COUNT = 1000

export const transport: Question = {
  name: 'transport',
  measure: async settings => [
    ...(await measureCalls(settings)),
    ...(await measureInOneProcess(settings)),
    await measureSessions(settings),
  ],
}

async function measureCalls({ isQuick }: Settings): Promise<Table[]> {
  const servers = fork(fileURLToPath(new URL('./transport-server-process.ts', import.meta.url)), {
    execArgv: ['--no-node-snapshot'],
  })
  const [urls] = (await once(servers, 'message')) as [ServerUrls]
  const tables = await compareOverConnections(urls, isQuick)
  servers.disconnect()
  await once(servers, 'exit')
  return tables
}

async function compareOverConnections(urls: ServerUrls, isQuick: boolean): Promise<Table[]> {
  await using cloud = createCloud({ url: urls.door, openid: 'o-1' })
  using echo = await PlainEcho.connect(urls.echo)
  const contenders = [floor(echo), ours(cloud)]
  return [
    await compare({
      title: 'Transport: one call at a time',
      ...oneAtATime(withBar(contenders, LATENCY_BAR), isQuick),
    }),
    await compare({
      title: `Transport: ${IN_FLIGHT} calls in flight on one connection`,
      ...manyAtOnce(contenders, isQuick),
    }),
  ]
}

async function measureInOneProcess({ isQuick }: Settings): Promise<Table[]> {
  await using host = new FunctionHost()
  await host.deploy('hello', { files: { 'index.js': helloSource(0) } })
  const { url } = await host.listen({ port: 0 })
  await using cloud = createCloud({ url, openid: 'o-1' })
  const { server, url: echoUrl } = await servePlainEcho()
  using echo = await PlainEcho.connect(echoUrl)
  const contenders = [
    floor(echo),
    ours(cloud),
    { name: 'host.invoke', run: async () => checkSum((await host.invoke('hello', EVENT)).result) },
  ]
  const tables = [
    await compareOnOneCore({
      title: 'Transport in one process: one call at a time',
      ...oneAtATime(contenders, isQuick),
    }),
    await compare({
      title: `Transport in one process: ${IN_FLIGHT} calls in flight on one connection`,
      ...manyAtOnce(contenders, isQuick),
    }),
  ]
  server.close()
  return tables
}

function floor(echo: PlainEcho): Contender {
  return { name: 'plain ws + msgpackr echo', run: () => echo.roundTrip(EVENT) }
}

function ours(cloud: Cloud): Contender {
  return {
    name: OURS,
    run: async () => checkSum((await cloud.callFunction({ name: 'hello', data: EVENT })).result),
  }
}

type Calls = Omit<Comparison, 'title'>

function oneAtATime(contenders: readonly Contender[], isQuick: boolean): Calls {
  return {
    inFlight: 1,
    rounds: isQuick ? 50 : 250,
    warmUpRounds: roundsToWarmUp(50),
    callsPerRound: 50,
    contenders,
  }
}

function manyAtOnce(contenders: readonly Contender[], isQuick: boolean): Calls {
  return {
    inFlight: IN_FLIGHT,
    rounds: isQuick ? 5 : 25,
    warmUpRounds: roundsToWarmUp(4096),
    callsPerRound: 4096,
    contenders: withBar(contenders, THROUGHPUT_BAR),
  }
}

function withBar(contenders: readonly Contender[], bar: number): Contender[] {
  return contenders.map(contender => (contender.name === OURS ? { ...contender, bar } : contender))
}

async function measureSessions({ isQuick }: Settings): Promise<Table> {
  const bareKb: number[] = []
  const sessionKb: number[] = []
  for (let round = 0; round < (isQuick ? 1 : 3); round++) {
    for (const [kind, sizes] of [
      ['bare', bareKb],
      ['cloudlet', sessionKb],
    ] as const) {
      const { addedKb } = await runChild<SessionFootprint>('sessions-process.ts', [
        kind,
        String(SESSION_COUNT),
      ])
      sizes.push(addedKb)
    }
  }
  const row = (name: string, samples: readonly number[]): Measured => ({ name, samples, parts: samples })
  return {
    title: `Memory of one more of ${SESSION_COUNT} idle sessions`,
    unit: 'KB',
    better: 'lower',
    rows: toRows([
      row('plain ws connection', bareKb),
      { ...row('cloudlet session', sessionKb), p99Bar: SESSION_KB },
    ]),
  }
}
