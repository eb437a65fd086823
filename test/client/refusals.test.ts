/** Connections that a door refuses for a moment, or that are not there for a moment, and clients that close meanwhile. */
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Connection } from '../../src/client/connection.ts'
import { Credentials } from '../../src/client/credentials.ts'
import { AbortController, AbortSignal } from '../../src/client/miniprogram-globals.ts'
import { createCloud } from '../../src/client/node.ts'
import { openNodeSocket } from '../../src/client/node-socket.ts'
import { resumingWatches } from '../../src/client/resuming-watch.ts'
import { OverloadedError, UnauthenticatedError } from '../../src/errors.ts'
import type { WatchRequest } from '../../src/sdk/watch.ts'
import { HeldCalls, openDoor } from '../transport/open-door.ts'
import { BreakingProxy } from './breaking-proxy.ts'

function connect(url: string, getLoginCode?: () => Promise<string>): Connection {
  const connection = new Connection({
    url,
    openSocket: openNodeSocket,
    credentials: new Credentials({ openid: 'o-1' }, getLoginCode),
    timeoutMs: 20_000,
    connectTimeoutMs: 1000,
    pongTimeoutMs: 5000,
    heartbeatMs: 10_000,
    reconnect: { firstDelayMs: 5, longestDelayMs: 20 },
    onStatusChange: () => {},
  })
  onTestFinished(() => connection.close())
  return connection
}

const PLAN = { attempts: 50, firstDelayMs: 1, longestDelayMs: 5 }
const QUERY = { collection: 'c', filter: {} }
const watched = (): WatchRequest => ({ args: () => QUERY, onUpdate: () => {} })
const invoke = (connection: Connection) => connection.call('functions.invoke', { name: 'pay' })

/** A door that refuses whom `refusal` holds for, behind a proxy that breaks. */
async function openRefusing(options: Parameters<typeof openDoor>[0] = {}) {
  const calls = new HeldCalls()
  const state: { refusal?: Error | undefined; lastRefused?: number; helloCount: number } = { helloCount: 0 }
  const { door } = await openDoor({
    call: calls.call,
    authenticate: async () => {
      state.helloCount++
      const { refusal, lastRefused = Number.POSITIVE_INFINITY } = state
      if (refusal !== undefined && state.helloCount <= lastRefused) throw refusal
      return { openid: 'o-1' }
    },
    ...options,
  })
  const proxy = await BreakingProxy.open(door.port)
  return { calls, state, door, proxy }
}

const REFUSALS = [
  new OverloadedError('There are too many logins on this host for now. Try again in a minute.'),
  new OverloadedError('Too many sessions.', 30),
  new UnauthenticatedError('WeChat could not be asked about this login.', { retryable: true }),
]

describe('a login that is refused for a moment', () => {
  test.each(REFUSALS)('leaves the session and its calls: $message', async refusal => {
    const { calls, state, proxy } = await openRefusing()
    const connection = connect(proxy.url)
    const answer = invoke(connection)
    await calls.reached(1)
    state.refusal = refusal
    proxy.cut()
    await expect.poll(() => state.helloCount).toBeGreaterThan(2)
    state.refusal = undefined
    calls.at(0).resolve('paid')
    expect(await answer).toBe('paid')
    expect(calls.count).toBe(1)
  })

  test('for longer than the session is kept: its calls are not said to be overload', async () => {
    const { calls, state, proxy } = await openRefusing({ resumeWindowMs: 100 })
    const answer = invoke(connect(proxy.url))
    await calls.reached(1)
    state.refusal = new OverloadedError('There are too many logins.')
    const failed = expect(answer).rejects.toMatchObject({
      code: 'CLOUDLET_CONNECTION',
      cause: { code: 'CLOUDLET_OVERLOADED' },
    })
    proxy.cut()
    await failed
  })

  test.each(REFUSALS)('leaves a watch: $message', async refusal => {
    const { calls, state, proxy } = await openRefusing({ resumeWindowMs: 0 })
    const handle = resumingWatches(connect(proxy.url), PLAN)(watched())
    await calls.reached(1)
    state.refusal = refusal
    proxy.cut()
    await expect.poll(() => state.helloCount).toBeGreaterThan(2)
    state.refusal = undefined
    await calls.reached(2)
    handle.close()
    await handle.ended
  })

  test('is not waited for by a watch that the session has no place for', async () => {
    const { calls, proxy } = await openRefusing({
      call: async ({ op }) => {
        if (op === 'database.watch')
          throw new OverloadedError('This session has 100 watches open, its limit.')
        return {}
      },
    })
    const { ended } = resumingWatches(connect(proxy.url), PLAN)(watched())
    await expect(ended).rejects.toMatchObject({ code: 'CLOUDLET_OVERLOADED' })
    expect(calls.count).toBe(0)
  })

  test('because its code could not be had', async () => {
    const { state, proxy } = await openRefusing({ call: async () => 'done' })
    let askedCount = 0
    const connection = connect(proxy.url, async () => {
      if (++askedCount <= 2) throw new Error('login:fail network')
      return 'code'
    })
    await expect(invoke(connection)).rejects.toMatchObject({
      code: 'CLOUDLET_UNAUTHENTICATED',
      retryable: true,
    })
    const handle = resumingWatches(connection, PLAN)(watched())
    await handle.ended
    expect(askedCount).toBe(3)
    expect(state.helloCount).toBe(1)
  })

  test('for good ends the calls at once', async () => {
    const { calls, state, proxy } = await openRefusing()
    const answer = invoke(connect(proxy.url))
    await calls.reached(1)
    state.refusal = new UnauthenticatedError('No.')
    const failed = expect(answer).rejects.toMatchObject({ code: 'CLOUDLET_UNAUTHENTICATED' })
    proxy.cut()
    await failed
    expect(state.helloCount).toBe(2)
  })
})

describe('a session that is not kept, or no longer', () => {
  test('fails calls once and asks again what may be asked twice', async () => {
    const { calls, proxy } = await openRefusing({ resumeWindowMs: 0 })
    const connection = connect(proxy.url)
    const once = invoke(connection)
    const read = connection.call('database.query', QUERY)
    await calls.reached(2)
    const failed = expect(once).rejects.toMatchObject({ code: 'CLOUDLET_CONNECTION' })
    proxy.cut()
    await failed
    await calls.reached(3)
    calls.at(2).resolve({ documents: [] })
    expect(await read).toEqual({ documents: [] })
  })

  test('after its window leaves reads, and calls that were never sent, to another', async () => {
    const { calls, proxy, state } = await openRefusing({ resumeWindowMs: 500, maxCallsInFlight: 1 })
    const connection = connect(proxy.url)
    const read = connection.call('database.query', QUERY)
    await calls.reached(1)
    const unsent = invoke(connection)
    // That is later than the window, so there is no sense in waiting; a session of its own is had at once.
    state.refusal = new OverloadedError('Not now.', 10_000)
    state.lastRefused = 2
    proxy.cut()
    await calls.reached(2)
    calls.at(1).resolve({ documents: [] })
    await calls.reached(3)
    calls.at(2).resolve('ran once')
    expect(await read).toEqual({ documents: [] })
    expect(await unsent).toBe('ran once')
  })

  test('whose host breaks it at each attempt is given up', async () => {
    let count = 0
    const { proxy } = await openRefusing({
      resumeWindowMs: 0,
      call: async () => {
        count++
        proxy.cut()
        await new Promise(() => {})
      },
    })
    await expect(connect(proxy.url).call('database.query', QUERY)).rejects.toMatchObject({
      code: 'CLOUDLET_CONNECTION',
    })
    expect(count).toBe(4)
  })
})

describe('a client that closes', () => {
  test('ends a watch that waits to try again', async () => {
    const { proxy } = await openRefusing()
    proxy.isRefusing = true
    const connection = connect(proxy.url)
    const slow = { ...PLAN, firstDelayMs: 1e6, longestDelayMs: 1e6 }
    const handle = resumingWatches(connection, slow)(watched())
    await expect.poll(() => proxy.connectionCount).toBe(1)
    await expect.poll(() => connection.status).toBe('idle')
    await connection.close()
    await handle.ended
    expect(proxy.connectionCount).toBe(1)
    await expect(resumingWatches(connection, slow)(watched()).ended).rejects.toMatchObject({
      message: expect.stringContaining('closed'),
      retryable: false,
    })
  })

  test('lets no transfer try again', async () => {
    const cloud = createCloud({ url: 'ws://127.0.0.1:9', openid: 'o-1' })
    await cloud.close()
    await expect(cloud.downloadFile({ fileID: 'cloud://a/b' })).rejects.toMatchObject({
      errMsg: expect.stringContaining('This client is closed.'),
    })
  })
})

test('a watch that ended leaves nothing on the client’s own signal, in a mini-program too', async () => {
  vi.stubGlobal('AbortController', AbortController)
  onTestFinished(() => void vi.unstubAllGlobals())
  const added = vi.spyOn(AbortSignal.prototype, 'addEventListener')
  const removed = vi.spyOn(AbortSignal.prototype, 'removeEventListener')
  onTestFinished(() => void vi.restoreAllMocks())
  const { proxy } = await openRefusing({ call: async () => ({}) })
  const connection = connect(proxy.url)
  for (let count = 0; count < 3; count++) await resumingWatches(connection, PLAN)(watched()).ended
  const listenersOf = ({ mock }: typeof added) =>
    mock.contexts.filter(signal => signal === (connection.closing as unknown)).length
  expect(listenersOf(added)).toBe(3)
  expect(listenersOf(removed)).toBe(3)
})

test('a token that a retired session was refused with is forgotten, and not the next', async () => {
  const credentials = new Credentials({}, async () => 'code')
  credentials.keep({ token: 'first', expiresMs: Date.now() + 1e6 })
  expect(await credentials.makeHello()).toMatchObject({ token: 'first' })
  credentials.keep({ token: 'second', expiresMs: Date.now() + 1e6 })
  expect(credentials.refuse('first')).toBe(true)
  expect(await credentials.makeHello()).toMatchObject({ token: 'second' })
  expect(credentials.refuse('second')).toBe(true)
  expect(await credentials.makeHello()).toMatchObject({ code: 'code' })
  expect(credentials.refuse(undefined)).toBe(false)
})
