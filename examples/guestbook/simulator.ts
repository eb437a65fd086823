import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FunctionHost } from 'cloudlet'
import { createCloud } from 'cloudlet/client'
import { PIXEL_PNG, playScenario } from './scenario.ts'
import { formatLatencies, formatVisits } from './tables.ts'
import { type InvocationLog, type Visit, Visitor } from './visitor.ts'

const CLOUD_FUNCTIONS = fileURLToPath(new URL('./cloudfunctions', import.meta.url))
const COLD_ROUNDS = 10
const WARM_ROUNDS = 25

/**
 * Plays two users of the guestbook against a host of its own, over WebSocket, and prints what happened.
 *
 * @throws {Error} when a function answers anything but what the scenario expects.
 */
export async function simulateGuestbook(print: (text: string) => void): Promise<void> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'cloudlet-guestbook-'))
  const invocations: InvocationLog = new Map()
  const host = new FunctionHost({
    dataDirectory,
    onInvocation: ({ requestId, coldStart }) => {
      invocations.set(requestId, { isCold: coldStart })
    },
  })
  try {
    await host.deployDirectory(CLOUD_FUNCTIONS)
    const { url } = await host.listen({ port: 0 })
    const ming = new Visitor('Ming', createCloud({ url, openid: 'o-ming' }), invocations)
    const hong = new Visitor('Hong', createCloud({ url, openid: 'o-hong' }), invocations)
    try {
      print(`The guestbook answers at ${url}. Two users sign it:\n`)
      const { messageId } = await playScenario(ming, hong)
      print(formatVisits(takeVisits([ming, hong])))

      print(`\nEach function again, ${COLD_ROUNDS} times from cold and ${WARM_ROUNDS} times by each user:\n`)
      const calls = repeatableCalls(messageId)
      await startCold(host, ming, calls)
      await repeatWarm([ming, hong], calls)
      print(formatLatencies(takeVisits([ming, hong])))
    } finally {
      await Promise.all([ming.leave(), hong.leave()])
    }
  } finally {
    await host.close()
    await rm(dataDirectory, { recursive: true })
  }
}

type Calls = readonly (readonly [functionName: string, data: object])[]

/** One call of each function that can be made any number of times. */
function repeatableCalls(messageId: string): Calls {
  return [
    ['initialize', {}],
    ['sum', { a: 1, b: 2 }],
    ['login', {}],
    ['postMessage', { content: 'once more' }],
    ['listMessages', { size: 20 }],
    ['likeMessage', { id: messageId }],
    ['uploadAvatar', { image: PIXEL_PNG }],
    ['profile', {}],
    ['report', { $url: 'summary' }],
  ]
}

/** Deploys each function anew before its call, so that the call has to start an instance. */
async function startCold(host: FunctionHost, visitor: Visitor, calls: Calls): Promise<void> {
  for (let round = 0; round < COLD_ROUNDS; round++) {
    for (const [name, data] of calls) {
      await host.remove(name)
      await host.deploy(name, join(CLOUD_FUNCTIONS, name))
      await visitor.call(name, data)
    }
  }
}

async function repeatWarm(visitors: readonly Visitor[], calls: Calls): Promise<void> {
  for (let round = 0; round < WARM_ROUNDS; round++) {
    for (const [name, data] of calls) {
      for (const visitor of visitors) await visitor.call(name, data)
    }
  }
}

function takeVisits(visitors: readonly Visitor[]): Visit[] {
  return visitors
    .flatMap(visitor => visitor.takeVisits())
    .sort((one, other) => one.startedAtMs - other.startedAtMs)
}
