import { setTimeout } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Connection, type RemoteCallOptions } from '../../src/client/connection.ts'
import { Credentials } from '../../src/client/credentials.ts'
import { UNANSWERED_BYTES_MAX } from '../../src/client/link-calls.ts'
import { openNodeSocket } from '../../src/client/node-socket.ts'
import type { DoorCall } from '../../src/transport/door-options.ts'
import { HeldCalls, openDoor } from '../transport/open-door.ts'
import { BreakingProxy } from './breaking-proxy.ts'

function connect(url: string, openid = 'o-1'): Connection {
  const connection = new Connection({
    url,
    openSocket: openNodeSocket,
    credentials: new Credentials({ openid }, undefined),
    timeoutMs: 20_000,
    connectTimeoutMs: 1000,
    pongTimeoutMs: 5000,
    heartbeatMs: 10_000,
    reconnect: { firstDelayMs: 10, longestDelayMs: 50 },
    onStatusChange: () => {},
  })
  onTestFinished(() => connection.close())
  return connection
}

const invoke = (connection: Connection, data: unknown, options?: RemoteCallOptions) =>
  connection.call('functions.invoke', { name: 'x', data: data as string }, options)

async function openThrough(options: Parameters<typeof openDoor>[0]) {
  const opened = await openDoor(options)
  const proxy = await BreakingProxy.open(opened.door.port)
  return { ...opened, proxy, connection: connect(proxy.url) }
}

const dataOf = ({ args }: DoorCall): unknown => (args as { data: unknown }).data

describe('a connection that breaks', () => {
  test('is made anew while calls are in flight, and an answer of meanwhile is delivered', async () => {
    const calls = new HeldCalls()
    const { proxy, connection, door } = await openThrough({ call: calls.call })
    const during = invoke(connection, 'during')
    const after = invoke(connection, 'after')
    await calls.reached(2)
    proxy.isRefusing = true
    proxy.cut()
    await expect.poll(() => door.brokenSessionCount).toBe(1)
    expect(connection.status).toBe('connecting')
    calls.at(0).resolve('answered during the break')
    const meanwhile = invoke(connection, 'made during the break')
    proxy.isRefusing = false
    expect(await during).toBe('answered during the break')
    calls.at(1).resolve('answered after it')
    expect(await after).toBe('answered after it')
    await calls.reached(3)
    calls.at(2).resolve('and so is this')
    expect(await meanwhile).toBe('and so is this')
    expect(connection.status).toBe('open')
    expect(calls.count).toBe(3)
  })

  test('loses no call on its way to the host, and runs none twice', async () => {
    const { proxy, connection } = await openThrough({ call: async call => dataOf(call) })
    await invoke(connection, 0)
    proxy.losing = 'to-door'
    const lost = [invoke(connection, 1), invoke(connection, 2)]
    await setTimeout(30)
    proxy.losing = undefined
    proxy.cut()
    expect(await Promise.all(lost)).toEqual([1, 2])
  })

  test('loses no answer on its way back, and runs no call twice for it', async () => {
    let count = 0
    const { proxy, connection } = await openThrough({ call: async () => ++count })
    await invoke(connection, 0)
    proxy.losing = 'to-client'
    const lost = [invoke(connection, 1), invoke(connection, 2)]
    await expect.poll(() => count).toBe(3)
    proxy.losing = undefined
    proxy.cut()
    expect(await Promise.all(lost)).toEqual([2, 3])
    expect(count).toBe(3)
  })

  test('again and again, at any moment, leaves every call run once and answered once', async () => {
    const runs = new Map<unknown, number>()
    const { proxy, connection, faults } = await openThrough({
      call: async call => {
        const data = dataOf(call)
        runs.set(data, (runs.get(data) ?? 0) + 1)
        await setTimeout(Number(data) % 7)
        return data
      },
    })
    let isDone = false
    const breaking = (async () => {
      while (!isDone) {
        await setTimeout(5 + Math.random() * 40)
        // A handshake is let be: who loses the welcome has no token for the session any more.
        if (connection.status !== 'open') continue
        const way = Math.random()
        proxy.losing = way < 0.3 ? 'to-door' : way < 0.6 ? 'to-client' : undefined
        await setTimeout(Math.random() * 10)
        proxy.losing = undefined
        proxy.cut()
      }
    })()
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, worker) => {
        const mine: unknown[] = []
        for (let n = 0; n < 25; n++) mine.push(await invoke(connection, worker * 1000 + n))
        return mine
      }),
    )
    isDone = true
    await breaking
    expect(answers).toEqual(answers.map((mine, worker) => mine.map((_, n) => worker * 1000 + n)))
    expect([...runs.values()].every(count => count === 1)).toBe(true)
    expect(runs.size).toBe(1000)
    expect(proxy.connectionCount).toBeGreaterThan(2)
    expect(faults).toEqual([])
  })

  test('tells the host on its return which calls were given up meanwhile', async () => {
    const calls = new HeldCalls()
    const { proxy, connection, door } = await openThrough({ call: calls.call })
    const controller = new AbortController()
    const kept = invoke(connection, 'kept')
    const cancelled = invoke(connection, 'cancelled', { signal: controller.signal })
    await calls.reached(2)
    proxy.isRefusing = true
    proxy.cut()
    await expect.poll(() => door.brokenSessionCount).toBe(1)
    controller.abort()
    await expect(cancelled).rejects.toMatchObject({ code: 'CLOUDLET_CANCELLED' })
    expect(calls.at(1).call.cancellation.signal.aborted).toBe(false)
    proxy.isRefusing = false
    await expect.poll(() => calls.at(1).call.cancellation.signal.aborted).toBe(true)
    calls.at(0).resolve('fine')
    expect(await kept).toBe('fine')
  })

  test('is let be when nothing waits for it', async () => {
    const { proxy, connection } = await openThrough({})
    await invoke(connection, 1)
    proxy.cut()
    await expect.poll(() => connection.status).toBe('idle')
    await setTimeout(100)
    expect(proxy.connectionCount).toBe(1)
    expect(await invoke(connection, 2)).toMatchObject({ args: { data: 2 } })
  })

  test('goes on as who it was: another login gets a session of its own', async () => {
    const { proxy, connection, door } = await openThrough({})
    await invoke(connection, 1)
    const other = connect(proxy.url, 'o-2')
    expect(await invoke(other, 1)).toMatchObject({ openid: 'o-2' })
    proxy.cut()
    expect(await invoke(connection, 2)).toMatchObject({ openid: 'o-1' })
    expect(door.sessionCount).toBe(1)
  })
})

describe('a session the host has not kept', () => {
  test('fails its calls once, and sends those again that may be run twice', async () => {
    const calls = new HeldCalls()
    const { proxy, connection } = await openThrough({ call: calls.call, maxKeptSessions: 0 })
    const once = invoke(connection, 'once')
    const marked = invoke(connection, 'marked', { isIdempotent: true })
    const read = connection.call('database.query', { collection: 'c', filter: {} })
    const unmarked = connection.call(
      'database.query',
      { collection: 'c', filter: {} },
      { isIdempotent: false },
    )
    await calls.reached(4)
    proxy.cut()
    await expect(once).rejects.toMatchObject({ code: 'CLOUDLET_CONNECTION', retryable: true })
    await expect(unmarked).rejects.toMatchObject({ code: 'CLOUDLET_CONNECTION' })
    await calls.reached(6)
    expect(calls.at(4).call.args).toEqual({ name: 'x', data: 'marked' })
    expect(calls.at(5).call.op).toBe('database.query')
    calls.at(4).resolve('again')
    calls.at(5).resolve({ documents: [] })
    expect(await marked).toBe('again')
    expect(await read).toEqual({ documents: [] })
    expect(await Promise.race([invoke(connection, 'next'), calls.reached(7)])).toBeUndefined()
    calls.finishAll()
  })

  test('after a new host has taken the place of the old', async () => {
    const calls = new HeldCalls()
    const { proxy, connection } = await openThrough({ call: calls.call })
    const once = invoke(connection, 'once')
    const read = connection.call('database.count', { collection: 'c', filter: {} })
    await calls.reached(2)
    const { door } = await openDoor({ call: async ({ op }) => `second host: ${op}` })
    proxy.doorPort = door.port
    proxy.cut()
    await expect(once).rejects.toMatchObject({ code: 'CLOUDLET_CONNECTION' })
    expect(await read).toBe('second host: database.count')
    expect(await invoke(connection, 'more')).toBe('second host: functions.invoke')
  })

  test('because nobody came back in time: all calls fail, once', async () => {
    const calls = new HeldCalls()
    const { proxy, connection } = await openThrough({ call: calls.call, resumeWindowMs: 200 })
    const outcomes = Promise.allSettled([
      invoke(connection, 1),
      connection.call('database.count', { collection: 'c', filter: {} }),
    ])
    await calls.reached(2)
    proxy.isRefusing = true
    proxy.cut()
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'CLOUDLET_CONNECTION' } })
    }
    expect(connection.status).toBe('idle')
    // More than one attempt, with pauses between.
    expect(proxy.connectionCount).toBeGreaterThan(2)
    expect(proxy.connectionCount).toBeLessThan(30)
  })
})

describe('a host that closes', () => {
  test('leaves calls that it did not run to the next, and answers the others', async () => {
    const calls = new HeldCalls()
    const { proxy, connection, door } = await openThrough({
      call: calls.call,
      maxCallsInFlight: 1,
      drainTimeoutMs: 10_000,
    })
    const running = invoke(connection, 'running')
    await calls.reached(1)
    const waiting = invoke(connection, 'waiting')
    const next = await openDoor({ call: async call => `second host: ${dataOf(call)}` })
    proxy.doorPort = next.door.port
    const closed = door.close()
    expect(await waiting).toBe('second host: waiting')
    expect(await invoke(connection, 'new')).toBe('second host: new')
    calls.at(0).resolve('first host')
    expect(await running).toBe('first host')
    await closed
    expect(calls.count).toBe(1)
  })

  test('and aborts what is late: what may be run twice goes to the next', async () => {
    const calls = new HeldCalls()
    const { proxy, connection, door } = await openThrough({ call: calls.call, drainTimeoutMs: 50 })
    const once = invoke(connection, 'once')
    const read = connection.call('database.count', { collection: 'c', filter: {} })
    await calls.reached(2)
    const next = await openDoor({ call: async ({ op }) => `second host: ${op}` })
    proxy.doorPort = next.door.port
    const outcome = expect(once).rejects.toMatchObject({ code: 'CLOUDLET_CONNECTION' })
    await door.close()
    await outcome
    expect(await read).toBe('second host: database.count')
  })
})

describe('calls without an answer', () => {
  test('are bounded in bytes', async () => {
    const { connection } = await openThrough({ call: () => new Promise(() => {}), maxFrameBytes: 1024 ** 3 })
    const content = new Uint8Array(64 * 1024 * 1024 - 1000)
    const upload = () => connection.call('storage.upload', { cloudPath: 'x', content }, { timeoutMs: 2000 })
    const fitting = Promise.allSettled(
      Array.from({ length: UNANSWERED_BYTES_MAX / (64 * 1024 * 1024) }, upload),
    )
    await expect(upload()).rejects.toMatchObject({ code: 'CLOUDLET_OVERLOADED' })
    for (const outcome of await fitting) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'CLOUDLET_CONNECTION' } })
    }
    // They are given up, and make room.
    await expect(connection.call('functions.invoke', { name: 'x' }, { timeoutMs: 50 })).rejects.toMatchObject(
      {
        code: 'CLOUDLET_CONNECTION',
      },
    )
  })
})
