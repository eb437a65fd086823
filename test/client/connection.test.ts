import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { Cloud, CloudOptions } from '../../src/client/cloud.ts'
import { Connection } from '../../src/client/connection.ts'
import { Credentials } from '../../src/client/credentials.ts'
import { WAITING_CALLS_MAX } from '../../src/client/link-calls.ts'
import { createCloud } from '../../src/client/node.ts'
import type { OpenSocket } from '../../src/client/socket.ts'
import { CancelledError, ConnectionError, DatabaseError, RemoteError, ValueError } from '../../src/errors.ts'
import { decodeFrame, encodeFrame } from '../../src/protocol/codec.ts'
import { type ClientFrame, parseClientFrame, type ServerFrame } from '../../src/protocol/frames.ts'
import { tokenAuthenticator } from '../../src/transport/auth.ts'
import { HeldCalls, openDoor } from '../transport/open-door.ts'

function openCloud(options: CloudOptions): Cloud {
  const cloud = createCloud({ openid: 'o-1', ...options })
  onTestFinished(() => cloud.close())
  return cloud
}

const invoke = (cloud: Cloud, data: unknown, options?: { signal?: AbortSignal; timeoutMs?: number }) =>
  cloud.call('functions.invoke', { name: 'x', data: data as string }, options)

/** A door that says what the test wants, right or wrong. */
async function openFalseDoor(
  answer: (frame: ClientFrame, send: (frame: ServerFrame) => void, socket: WebSocket) => void,
): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  onTestFinished(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  server.on('connection', socket => {
    const send = (frame: ServerFrame) => socket.send(encodeFrame(frame))
    socket.on('message', (data: Buffer) => answer(parseClientFrame(decodeFrame(data)), send, socket))
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return `ws://127.0.0.1:${address.port}`
}

const openSocket: OpenSocket = (url, events) => {
  const socket = new WebSocket(url)
  socket.on('open', () => events.onOpen())
  socket.on('message', (data: Buffer) => events.onMessage(data))
  socket.on('close', (code, reason) => events.onClose(code, reason.toString()))
  return { send: message => socket.send(message), close: (code, reason) => socket.close(code, reason) }
}

const WELCOME: ServerFrame = {
  type: 'welcome',
  version: 1,
  sessionId: 's',
  limits: { frameBytes: 1000, callsInFlight: 2 },
}

describe('a connection', () => {
  test('is opened by the first call and shared by all', async () => {
    const { url, door } = await openDoor()
    const statuses: string[] = []
    const cloud = openCloud({ url, onStatusChange: status => statuses.push(status) })
    expect(cloud.status).toBe('idle')
    expect(door.sessionCount).toBe(0)
    const answers = await Promise.all(Array.from({ length: 50 }, (_, data) => invoke(cloud, data)))
    expect(answers).toEqual(
      answers.map((_, data) => ({ op: 'functions.invoke', args: { name: 'x', data }, openid: 'o-1' })),
    )
    expect(door.sessionCount).toBe(1)
    expect(cloud.status).toBe('open')
    await cloud.close()
    await expect.poll(() => door.sessionCount).toBe(0)
    expect(statuses).toEqual(['connecting', 'open', 'closed'])
  })

  test('sends its token', async () => {
    const { url } = await openDoor({ authenticate: tokenAuthenticator(new Map([['t', { openid: 'o-t' }]])) })
    expect(await invoke(openCloud({ url, token: 't' }), 1)).toMatchObject({ openid: 'o-t' })
    await expect(invoke(openCloud({ url, token: 'no' }), 1)).rejects.toMatchObject({
      name: 'RemoteError',
      code: 'CLOUDLET_UNAUTHENTICATED',
      message: 'The token was not accepted.',
    })
  })

  test('fails calls in flight once when it drops, and is made again by the next', async () => {
    const calls = new HeldCalls()
    const { url, door } = await openDoor({ call: calls.call })
    const cloud = openCloud({ url })
    const outcomes = Promise.allSettled([invoke(cloud, 1), invoke(cloud, 2)])
    await calls.reached(2)
    await door.close()
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'CLOUDLET_CONNECTION', retryable: true },
      })
    }
    expect(cloud.status).toBe('idle')
    await expect(invoke(cloud, 3)).rejects.toThrow(ConnectionError)
    const again = await openDoor({ port: Number(new URL(url).port) })
    expect(again.url).toBe(url)
    expect(await invoke(cloud, 4)).toMatchObject({ args: { data: 4 } })
    expect(calls.count).toBe(2)
  })

  test('is replaced for new calls when the door says goodbye, and still answers the old', async () => {
    const calls = new HeldCalls()
    const { url, door } = await openDoor({ call: calls.call, drainTimeoutMs: 10_000 })
    const cloud = openCloud({ url })
    const old = invoke(cloud, 'old')
    await calls.reached(1)
    const closed = door.close()
    await expect.poll(() => cloud.status).toBe('idle')
    await expect(invoke(cloud, 'new')).rejects.toThrow(ConnectionError)
    calls.at(0).resolve('answered')
    expect(await old).toBe('answered')
    await closed
  })

  test('that cannot be made says where to', async () => {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new Error('no port')
    server.close()
    const url = `ws://127.0.0.1:${address.port}`
    await expect(invoke(openCloud({ url }), 1)).rejects.toMatchObject({
      code: 'CLOUDLET_CONNECTION',
      message: expect.stringMatching(`Can't connect to ${url} .*ECONNREFUSED`),
    })
  })

  test('that is never welcomed is given up', async () => {
    const url = await openFalseDoor(() => undefined)
    await expect(invoke(openCloud({ url, connectTimeoutMs: 50 }), 1)).rejects.toThrow(
      `${url} did not welcome this client within 50 ms.`,
    )
  })

  test('ends in order: close waits for calls in flight and refuses new ones', async () => {
    const calls = new HeldCalls()
    const { url } = await openDoor({ call: calls.call })
    const cloud = openCloud({ url })
    const answer = invoke(cloud, 1)
    await calls.reached(1)
    const closed = cloud.close()
    await expect(invoke(cloud, 2)).rejects.toThrow('This client is closed.')
    calls.at(0).resolve('in time')
    expect(await answer).toBe('in time')
    await closed
    expect(cloud.status).toBe('closed')
  })
})

describe('a call', () => {
  test('fails with the host’s own error', async () => {
    const { url } = await openDoor({
      call: () => Promise.reject(new DatabaseError('DATABASE_PERMISSION_DENIED', 'Not yours.')),
    })
    const error = await invoke(openCloud({ url }), 1).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(RemoteError)
    expect(error).toMatchObject({ code: 'CLOUDLET_DATABASE', message: 'Not yours.', retryable: false })
    expect((error as RemoteError).details()).toEqual({ reason: 'DATABASE_PERMISSION_DENIED' })
  })

  test('is cancelled on the host by its signal, and only that one', async () => {
    const calls = new HeldCalls()
    const { url } = await openDoor({ call: calls.call })
    const cloud = openCloud({ url })
    const controller = new AbortController()
    const cancelled = invoke(cloud, 1, { signal: controller.signal })
    const kept = invoke(cloud, 2)
    await calls.reached(2)
    controller.abort()
    await expect(cancelled).rejects.toThrow(CancelledError)
    await once(calls.at(0).call.cancellation.signal, 'abort')
    expect(calls.at(1).call.cancellation.signal.aborted).toBe(false)
    calls.finishAll()
    expect(await kept).toBe('done')
    await expect(invoke(cloud, 3, { signal: controller.signal })).rejects.toThrow(CancelledError)
    expect(calls.count).toBe(2)
  })

  test('is given up after its timeout and cancelled on the host', async () => {
    const calls = new HeldCalls()
    const { url } = await openDoor({ call: calls.call })
    const cloud = openCloud({ url })
    await expect(invoke(cloud, 1, { timeoutMs: 1000 })).rejects.toThrow(
      'No answer to functions.invoke came within 1000 ms.',
    )
    await calls.reached(1)
    await expect.poll(() => calls.at(0).call.cancellation.signal.aborted).toBe(true)
    const next = invoke(cloud, 2)
    await calls.reached(2)
    calls.finishAll()
    expect(await next).toBe('done')
  })

  test('keeps the arguments it was made with', async () => {
    const { url } = await openDoor()
    const data = { list: [1] }
    const answer = invoke(openCloud({ url }), data)
    data.list.push(2)
    expect(await answer).toMatchObject({ args: { data: { list: [1] } } })
  })

  test('that cannot be sent fails alone', async () => {
    const { url } = await openDoor({ maxFrameBytes: 4096 })
    const cloud = openCloud({ url })
    await expect(invoke(cloud, 1n)).rejects.toThrow(ValueError)
    await expect(invoke(cloud, 'x'.repeat(5000))).rejects.toThrow(/over this door's limit of 4096/)
    expect(await invoke(cloud, 'fine')).toMatchObject({ args: { data: 'fine' } })
  })

  test('waits for its turn when the session has as many in flight as it may', async () => {
    const calls = new HeldCalls()
    const { url } = await openDoor({ call: calls.call, maxCallsInFlight: 2 })
    const cloud = openCloud({ url })
    const answers = Promise.all([1, 2, 3, 4].map(data => invoke(cloud, data)))
    await calls.reached(2)
    expect(calls.count).toBe(2)
    calls.finishAll()
    await calls.reached(4)
    calls.finishAll()
    expect(await answers).toEqual(['done', 'done', 'done', 'done'])
  })
})

describe('silence', () => {
  test('after a call timed out moves new calls to a new connection, and a pong does not', async () => {
    let sessions = 0
    let isAnswering = false
    const url = await openFalseDoor((frame, send) => {
      if (frame.type === 'hello') {
        sessions++
        send(WELCOME)
      }
      if (frame.type === 'cancel') {
        const error = { code: 'CLOUDLET_CANCELLED', message: 'x', retryable: false, details: {} } as const
        if (isAnswering) send({ type: 'error', id: frame.id, error })
      }
      if (frame.type === 'ping' && isAnswering) send({ type: 'pong', nonce: frame.nonce })
    })
    const statuses: string[] = []
    const connection = new Connection({
      url,
      openSocket,
      credentials: new Credentials({ openid: 'o-1' }, undefined),
      timeoutMs: 300,
      connectTimeoutMs: 5000,
      pongTimeoutMs: 200,
      heartbeatMs: 10_000,
      onStatusChange: status => statuses.push(status),
    })
    onTestFinished(() => connection.close())
    const invokeOnce = () => connection.call('functions.invoke', { name: 'x' })
    await expect(invokeOnce()).rejects.toThrow(ConnectionError)
    await expect.poll(() => connection.status).toBe('idle')
    isAnswering = true
    await expect(invokeOnce()).rejects.toThrow(ConnectionError)
    // Longer than an unanswered ping would have kept it.
    await setTimeout(500)
    expect(connection.status).toBe('open')
    expect(sessions).toBe(2)
  })
})

describe('calls that wait to be sent', () => {
  test('may be 10,000, and not one more', async () => {
    const url = await openFalseDoor(() => undefined)
    const cloud = openCloud({ url, connectTimeoutMs: 1000 })
    const waiting = Promise.allSettled(
      Array.from({ length: WAITING_CALLS_MAX }, (_, data) => invoke(cloud, data)),
    )
    await expect(invoke(cloud, 'one more')).rejects.toMatchObject({ code: 'CLOUDLET_OVERLOADED' })
    for (const outcome of await waiting) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'CLOUDLET_CONNECTION' } })
    }
  })
})

describe('a door that breaks the protocol', () => {
  test.each([
    ['an answer to no call', { type: 'result', id: 77, result: 1 }],
    ['a second welcome', WELCOME],
  ] as const)('by %s fails the calls in flight with CLOUDLET_PROTOCOL', async (_, frame) => {
    const url = await openFalseDoor((received, send) => {
      if (received.type === 'hello') send(WELCOME)
      if (received.type === 'call') send(frame)
    })
    await expect(invoke(openCloud({ url }), 1)).rejects.toMatchObject({ code: 'CLOUDLET_PROTOCOL' })
  })

  test.each([
    ['text', 'hello'],
    ['nonsense', Buffer.from([0xc1])],
  ])('by %s likewise', async (_, message) => {
    const url = await openFalseDoor((_frame, _send, socket) => socket.send(message))
    await expect(invoke(openCloud({ url }), 1)).rejects.toMatchObject({ code: 'CLOUDLET_PROTOCOL' })
  })
})

test.each([
  ['url', { url: 'http://127.0.0.1' }],
  ['url', { url: 'nonsense' }],
  ['timeoutMs', { url: 'ws://127.0.0.1', timeoutMs: 0 }],
  ['timeoutMs', { url: 'ws://127.0.0.1', timeoutMs: 2 ** 31 }],
  ['connectTimeoutMs', { url: 'ws://127.0.0.1', connectTimeoutMs: 1.5 }],
  ['openid', { url: 'ws://127.0.0.1', openid: 'x'.repeat(129) }],
  ['token', { url: 'ws://127.0.0.1', token: 'x'.repeat(8193) }],
])('createCloud refuses a bad %s', (option, options) => {
  expect(() => createCloud(options)).toThrow(
    expect.objectContaining({ code: 'CLOUDLET_INVALID_OPTION', option }),
  )
})
