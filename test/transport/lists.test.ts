import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { createCloud } from '../../src/client/node.ts'
import { decodeMessage, encodeFrame } from '../../src/protocol/codec.ts'
import {
  type ClientFrame,
  parseClientFrame,
  parseServerFrame,
  type ServerFrame,
} from '../../src/protocol/frames.ts'
import { MessageList } from '../../src/protocol/message-list.ts'
import { HeldCalls, openDoor } from './open-door.ts'
import { RawPeer } from './raw-peer.ts'

/** Fewer than go out before the turn is over (turn-outbox.test.ts). */
const COUNT = 12

function listOf(...frames: readonly ClientFrame[]): Uint8Array {
  const list = new MessageList(1_000_000)
  for (const frame of frames) list.add(encodeFrame(frame))
  return list.take() as Uint8Array
}

const call = (id: number) => ({ type: 'call', id, op: 'x', args: { id } }) as const
const calls = (count: number) => Array.from({ length: count }, (_, id) => call(id))

/** A peer that hears the messages as they come. */
async function openListening(url: string, takesLists: boolean) {
  const peer = await RawPeer.connect(url)
  peer.socket.removeAllListeners('message')
  const messages: ServerFrame[][] = []
  peer.socket.on('message', (data: Buffer) =>
    messages.push(decodeMessage(data).frames.map(frame => parseServerFrame(frame))),
  )
  onTestFinished(() => peer.terminate())
  peer.send({ type: 'hello', versions: [1], openid: 'o-1', ...(takesLists ? { takesLists } : {}) })
  await expect.poll(() => messages.length).toBe(1)
  const [[welcome] = []] = messages.splice(0)
  return { peer, messages, welcome }
}

test('answers that are ready together come as one message to who takes lists, each by itself to who does not', async () => {
  for (const takesLists of [true, false]) {
    const { url } = await openDoor({ call: async ({ args }) => args })
    const { peer, messages, welcome } = await openListening(url, takesLists)
    expect(Reflect.get(welcome ?? {}, 'takesLists')).toBe(takesLists ? true : undefined)
    peer.sendBytes(listOf(...calls(COUNT)))
    await expect.poll(() => messages.flat().length).toBe(COUNT)
    const answers = calls(COUNT).map(({ id }) => ({ type: 'result', id, result: { id } }))
    expect(messages.flat()).toEqual(answers)
    expect(messages.length).toBe(takesLists ? 2 : COUNT)
  }
})

test('answers keep their order where a large one stands between small ones', async () => {
  const { url } = await openDoor({
    call: async ({ args }) => ({
      id: Reflect.get(Object(args), 'id'),
      text: 'x'.repeat(Reflect.get(Object(args), 'id') % 3 === 1 ? 50_000 : 1),
    }),
  })
  const { peer, messages } = await openListening(url, true)
  peer.sendBytes(listOf(...calls(COUNT)))
  await expect.poll(() => messages.flat().length).toBe(COUNT)
  expect(messages.flat().map(frame => Reflect.get(frame, 'id'))).toEqual([...Array(COUNT).keys()])
})

test('what stands behind a goodbye in a list is not looked at', async () => {
  const held = new HeldCalls()
  const { url } = await openDoor({ call: held.call })
  const peer = await RawPeer.welcomed(url)
  peer.sendBytes(listOf(call(1), { type: 'goodbye' }, call(2)))
  expect((await peer.closed).code).toBe(1000)
  expect(held.count).toBe(1)
})

test('frames before one that breaks the protocol count', async () => {
  const held = new HeldCalls()
  const { url } = await openDoor({ call: held.call })
  const peer = await RawPeer.welcomed(url)
  peer.sendBytes(listOf(call(1), call(1), call(2)))
  expect(await peer.closed).toMatchObject({ code: 4400, reason: 'Call id 1 is still in flight.' })
  expect(held.count).toBe(1)
})

test('a hello in a list is none', async () => {
  const { url } = await openDoor()
  const peer = await RawPeer.connect(url)
  peer.sendBytes(listOf({ type: 'hello', versions: [1], openid: 'o-1' }, call(1)))
  expect((await peer.closed).code).toBe(4400)
})

test('the client puts calls made together into one message, if the door takes lists', async () => {
  for (const takesLists of [true, false]) {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const messages: (readonly unknown[])[] = []
    server.on('connection', socket =>
      socket.on('message', (data: Buffer) => {
        const { frames } = decodeMessage(data)
        messages.push(frames)
        const send = (frame: ServerFrame): void => socket.send(encodeFrame(frame))
        for (const frame of frames.map(value => parseClientFrame(value))) {
          if (frame.type === 'hello') send({ ...WELCOME, ...(takesLists ? { takesLists } : {}) })
          else if (frame.type === 'call') send({ type: 'result', id: frame.id, result: frame.args })
        }
      }),
    )
    const { port } = server.address() as AddressInfo
    const cloud = createCloud({ url: `ws://127.0.0.1:${port}` })
    onTestFinished(() => cloud.close())
    const invoke = (id: number) => cloud.call('functions.invoke', { name: 'x', data: id })
    await invoke(0)
    messages.length = 0
    await Promise.all(Array.from({ length: COUNT }, (_, id) => invoke(id)))
    expect(messages.map(({ length }) => length)).toEqual(takesLists ? [1, COUNT - 1] : Array(COUNT).fill(1))
  }
})

test('calls made together with a close are sent before it', async () => {
  const { url } = await openDoor({ call: async ({ args }) => args })
  const cloud = createCloud({ url, openid: 'o-1' })
  const invoke = (id: number) => cloud.call('functions.invoke', { name: 'x', data: id })
  await invoke(0)
  const late = Array.from({ length: COUNT }, (_, id) => invoke(id))
  await cloud.close()
  expect(await Promise.all(late)).toHaveLength(COUNT)
})

const WELCOME = {
  type: 'welcome',
  version: 1,
  sessionId: 's',
  limits: { frameBytes: 1_000_000, callsInFlight: 100 },
} as const
