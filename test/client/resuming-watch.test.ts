import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { Connection } from '../../src/client/connection.ts'
import { Credentials } from '../../src/client/credentials.ts'
import { resumingWatches } from '../../src/client/resuming-watch.ts'
import type { OpenSocket } from '../../src/client/socket.ts'
import { DatabaseError, UnauthenticatedError } from '../../src/errors.ts'
import type { OpArgs } from '../../src/protocol/calls.ts'
import type { WatchUpdate } from '../../src/protocol/watching.ts'
import type { WatchRequest } from '../../src/sdk/watch.ts'
import type { DoorCall } from '../../src/transport/door-options.ts'
import { openDoor } from '../transport/open-door.ts'
import { BreakingProxy } from './breaking-proxy.ts'

const openSocket: OpenSocket = (url, events) => {
  const socket = new WebSocket(url)
  socket.on('open', () => events.onOpen())
  socket.on('message', (data: Buffer) => events.onMessage(data))
  socket.on('error', () => undefined)
  socket.on('close', (code, reason) => events.onClose(code, reason.toString()))
  return { send: message => socket.send(message), close: (code, reason) => socket.close(code, reason) }
}

function connect(url: string, heartbeatMs = 10_000): Connection {
  const connection = new Connection({
    url,
    openSocket,
    credentials: new Credentials({ openid: 'o-1' }, undefined),
    timeoutMs: 5000,
    connectTimeoutMs: 5000,
    pongTimeoutMs: 5000,
    heartbeatMs,
    onStatusChange: () => {},
  })
  onTestFinished(() => connection.close())
  return connection
}

const PLAN = { attempts: 3, firstDelayMs: 1, longestDelayMs: 5 }
const UPDATE: WatchUpdate = { isInit: true, left: [], placed: [] }

/** A door whose watches send what they are told to. */
class WatchDoor {
  readonly asked: unknown[] = []
  #ready = Promise.resolve()
  readonly #emits: ((event: unknown) => Promise<void>)[] = []

  readonly call = async ({ op, args, emit, cancellation: { signal } }: DoorCall): Promise<unknown> => {
    if (op !== 'database.watch' || emit === undefined) return { op }
    this.asked.push(args)
    this.#emits.push(emit)
    this.#ready = emit(UPDATE)
    await this.#ready
    await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    return {}
  }

  /** Once the first update was taken in. */
  async emit(event: unknown): Promise<void> {
    await this.#ready
    const emit = this.#emits.at(-1)
    if (emit === undefined) throw new Error('nobody watches')
    await emit(event)
  }
}

class Listener implements WatchRequest {
  readonly updates: WatchUpdate[] = []
  #waiter: (() => void) | undefined

  args(): OpArgs<'database.watch'> {
    return { collection: 'c', filter: {}, have: [['seen', String(this.updates.length)]] }
  }

  onUpdate(update: WatchUpdate): void {
    this.updates.push(update)
    this.#waiter?.()
  }

  async reached(count: number): Promise<void> {
    while (this.updates.length < count) {
      await new Promise<void>(resolve => {
        this.#waiter = resolve
      })
    }
  }
}

describe('a watch over a connection whose sessions are not kept', () => {
  test('begins anew with what it has by then, each time it is lost', async () => {
    const watches = new WatchDoor()
    const { door } = await openDoor({ call: watches.call, resumeWindowMs: 0 })
    const proxy = await BreakingProxy.open(door.port)
    const listener = new Listener()
    const handle = resumingWatches(connect(proxy.url), PLAN)(listener)
    for (let count = 1; count <= 5; count++) {
      await listener.reached(count)
      proxy.cut()
    }
    await listener.reached(6)
    expect(watches.asked).toEqual(
      Array.from({ length: 6 }, (_, n) => ({ collection: 'c', filter: {}, have: [['seen', String(n)]] })),
    )
    handle.close()
    await handle.ended
  })

  test('is given up after so many failures in a row', async () => {
    const watches = new WatchDoor()
    const { door } = await openDoor({ call: watches.call, resumeWindowMs: 0 })
    const proxy = await BreakingProxy.open(door.port)
    const listener = new Listener()
    const handle = resumingWatches(connect(proxy.url), PLAN)(listener)
    await listener.reached(1)
    const before = proxy.connectionCount
    proxy.isRefusing = true
    proxy.cut()
    await expect(handle.ended).rejects.toMatchObject({ code: 'CLOUDLET_CONNECTION' })
    expect(proxy.connectionCount).toBe(before + PLAN.attempts)
  })

  test('goes on when a login could not be decided for a while, and ends when it is refused', async () => {
    const watches = new WatchDoor()
    let refusal: UnauthenticatedError | undefined
    let helloCount = 0
    const { door } = await openDoor({
      call: watches.call,
      resumeWindowMs: 0,
      authenticate: async () => {
        helloCount++
        if (refusal !== undefined) throw refusal
        return { openid: 'o-1' }
      },
    })
    const proxy = await BreakingProxy.open(door.port)
    const listener = new Listener()
    const handle = resumingWatches(connect(proxy.url), { ...PLAN, attempts: 1000 })(listener)
    await listener.reached(1)
    refusal = new UnauthenticatedError('The issuer of tokens does not answer.', { retryable: true })
    proxy.cut()
    await expect.poll(() => helloCount).toBeGreaterThan(2)
    refusal = undefined
    await listener.reached(2)
    refusal = new UnauthenticatedError('No.')
    proxy.cut()
    await expect(handle.ended).rejects.toMatchObject({ code: 'CLOUDLET_UNAUTHENTICATED', message: 'No.' })
  })

  test('notices a door that went silent', async () => {
    const watches = new WatchDoor()
    const { door } = await openDoor({ call: watches.call, resumeWindowMs: 0 })
    const proxy = await BreakingProxy.open(door.port)
    const listener = new Listener()
    const handle = resumingWatches(connect(proxy.url, 20), PLAN)(listener)
    await listener.reached(1)
    proxy.silence()
    await listener.reached(2)
    handle.close()
    await handle.ended
  })

  test('is resumed with its session after the pause, if that is kept: it is not opened again', async () => {
    const watches = new WatchDoor()
    const { door } = await openDoor({ call: watches.call })
    const proxy = await BreakingProxy.open(door.port)
    const listener = new Listener()
    const handle = resumingWatches(connect(proxy.url), PLAN)(listener)
    await listener.reached(1)
    for (let count = 2; count <= 5; count++) {
      proxy.cut()
      await watches.emit({ ...UPDATE, isInit: false })
      await listener.reached(count)
    }
    expect(watches.asked).toHaveLength(1)
    expect(listener.updates).toHaveLength(5)
    handle.close()
    await handle.ended
  })

  test('whose connection falls silent goes on over another', async () => {
    const watches = new WatchDoor()
    const { door } = await openDoor({ call: watches.call })
    const proxy = await BreakingProxy.open(door.port)
    const listener = new Listener()
    const handle = resumingWatches(connect(proxy.url, 20), PLAN)(listener)
    await listener.reached(1)
    proxy.silence()
    await watches.emit({ ...UPDATE, isInit: false })
    await listener.reached(2)
    expect(watches.asked).toHaveLength(1)
    expect(proxy.connectionCount).toBeGreaterThan(1)
    handle.close()
    await handle.ended
  })

  test('stays on a door that is only quiet, which answers its pings', async () => {
    const watches = new WatchDoor()
    const { door } = await openDoor({ call: watches.call })
    const proxy = await BreakingProxy.open(door.port)
    const listener = new Listener()
    const handle = resumingWatches(connect(proxy.url, 20), PLAN)(listener)
    await listener.reached(1)
    // Several heartbeats' worth of quiet, counted by the pings that came through.
    await expect.poll(() => proxy.sentCount).toBeGreaterThan(6)
    expect(proxy.connectionCount).toBe(1)
    handle.close()
    await handle.ended
  })

  test('ends with the host’s own error, and with a false update', async () => {
    const refused = await openDoor({
      call: async () => {
        throw new DatabaseError('DATABASE_PERMISSION_DENIED', 'no')
      },
    })
    await expect(resumingWatches(connect(refused.url), PLAN)(new Listener()).ended).rejects.toMatchObject({
      code: 'CLOUDLET_DATABASE',
      message: 'no',
    })

    const watches = new WatchDoor()
    const { url } = await openDoor({ call: watches.call })
    const listener = new Listener()
    const handle = resumingWatches(connect(url), PLAN)(listener)
    await listener.reached(1)
    await expect(Promise.all([watches.emit({ isInit: 1 }), handle.ended])).rejects.toMatchObject({
      code: expect.stringMatching(/PROTOCOL|CANCELLED/),
    })
    await expect(handle.ended).rejects.toMatchObject({ code: 'CLOUDLET_PROTOCOL' })
  })

  test('that is closed while it waits to try again tries no more', async () => {
    const watches = new WatchDoor()
    const { door } = await openDoor({ call: watches.call, resumeWindowMs: 0 })
    const proxy = await BreakingProxy.open(door.port)
    const listener = new Listener()
    const handle = resumingWatches(connect(proxy.url), { ...PLAN, firstDelayMs: 1e6, longestDelayMs: 1e6 })(
      listener,
    )
    await listener.reached(1)
    proxy.cut()
    await expect.poll(() => door.sessionCount).toBe(0)
    handle.close()
    await handle.ended
    expect(watches.asked).toHaveLength(1)
  })

  test('does not hold up the client’s close, nor its calls', async () => {
    const watches = new WatchDoor()
    const { url } = await openDoor({ call: watches.call, maxCallsInFlight: 1 })
    const connection = connect(url)
    const listener = new Listener()
    const handle = resumingWatches(connection, PLAN)(listener)
    await listener.reached(1)
    const answers = await Promise.all(
      [1, 2, 3].map(() => connection.call('database.count', { collection: 'c', filter: {} })),
    )
    expect(answers).toHaveLength(3)
    await connection.close()
    await handle.ended
  })

  test('gets an event only when the one before was taken in', async () => {
    const watches = new WatchDoor()
    const { url } = await openDoor({ call: watches.call })
    const listener = new Listener()
    const handle = resumingWatches(connect(url), PLAN)(listener)
    await listener.reached(1)
    await expect.poll(() => watches.asked.length).toBe(1)
    for (let count = 2; count < 20; count++) {
      await watches.emit(UPDATE)
      expect(listener.updates).toHaveLength(count)
    }
    handle.close()
    await handle.ended
  })
})
