import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DoorProcess, findDescriptorLimit } from './door-process.ts'
import { RawPeer } from './raw-peer.ts'

/** Sockets of each crowd: ten thousand where the system lets one process have so many. */
const CROWD = Math.min(10_000, findDescriptorLimit() - 1000)
const SPARE_DESCRIPTORS = 500
/** What a socket that says nothing may cost the door, in bytes. */
const SOCKET_BYTES = 32 * 1024
const BASE_BYTES = 64 * 1024 * 1024

const HANDSHAKE =
  'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

/** Many sockets to one port, which send one thing and then nothing. */
class Crowd {
  readonly #sockets: Socket[] = []
  closedCount = 0
  /** Answers by HTTP status. */
  readonly statuses = new Map<string, number>()

  constructor() {
    onTestFinished(() => {
      for (const socket of this.#sockets) socket.destroy()
    })
  }

  /** A hundred at a time, so that none waits in the system's queue for longer than it tries. */
  async gather(
    port: number,
    count: number,
    localAddress: (index: number) => string,
    say: string,
  ): Promise<void> {
    for (let first = 0; first < count; first += 100) {
      const indexes = Array.from({ length: Math.min(100, count - first) }, (_, index) => first + index)
      await Promise.all(indexes.map(index => this.#join(port, localAddress(index), say)))
    }
  }

  async #join(port: number, localAddress: string, say: string): Promise<void> {
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    this.#sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.closedCount++)
    await once(socket, 'connect')
    if (say === '') {
      socket.resume()
      return
    }
    socket.write(say)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    const status = answer.toString('latin1', 9, 12)
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
    socket.resume()
  }
}

/** Calls one after the other for as long as `work` goes on. @returns how many were answered, each with its own. */
async function callDuring(peer: RawPeer, openid: string, work: Promise<void>): Promise<number> {
  let isOver = false
  const over = work.finally(() => {
    isOver = true
  })
  let id = 1
  while (!isOver) {
    expect(await peer.call(++id, 'x', id)).toEqual({ args: id, openid })
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  await over
  return id
}

describe.runIf(process.platform === 'linux')(`${CROWD} half-open sockets`, () => {
  test('that connect and say nothing: the door goes on serving, and drops them', async () => {
    const { process: door, started } = await DoorProcess.open(CROWD + SPARE_DESCRIPTORS, {})
    const { port } = started
    const url = `ws://127.0.0.1:${port}`
    const before = await RawPeer.welcomed(url, 'o-before')
    const crowd = new Crowd()
    const served = await callDuring(
      before,
      'o-before',
      crowd.gather(port, CROWD, () => '127.0.0.1', ''),
    )
    expect(served).toBeGreaterThan(10)
    const newcomer = await RawPeer.welcomed(url, 'o-new')
    expect(await newcomer.call(1, 'x', 1)).toEqual({ args: 1, openid: 'o-new' })
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
    const { sessionCount, rssBytes } = await door.report()
    expect(sessionCount).toBe(2)
    expect(rssBytes - started.rssBytes).toBeLessThan(BASE_BYTES + CROWD * SOCKET_BYTES)
    await expect.poll(() => crowd.closedCount, { timeout: 40_000, interval: 250 }).toBe(CROWD)
    expect(await before.call(1_000_000, 'x', 'on')).toEqual({ args: 'on', openid: 'o-before' })
    expect((await door.report()).faults).toEqual([])
    for (const peer of [before, newcomer]) peer.terminate()
  }, 90_000)

  test('of one address without a hello: few are let in, and other addresses are served', async () => {
    const { process: door, started } = await DoorProcess.open(CROWD + SPARE_DESCRIPTORS, {
      helloTimeoutMs: 60_000,
    })
    const { port } = started
    const url = `ws://127.0.0.1:${port}`
    const before = await RawPeer.welcomed(url, 'o-before')
    const crowd = new Crowd()
    const served = await callDuring(
      before,
      'o-before',
      crowd.gather(port, CROWD, () => '127.0.1.1', HANDSHAKE),
    )
    expect(served).toBeGreaterThan(10)
    expect(Object.fromEntries(crowd.statuses)).toEqual({ 101: 256, 429: CROWD - 256 })
    const newcomer = await RawPeer.welcomed(url, 'o-new')
    expect(await newcomer.call(1, 'x', 1)).toEqual({ args: 1, openid: 'o-new' })
    const { sessionCount, faults } = await door.report()
    expect(sessionCount).toBe(2 + 256)
    expect(faults).toEqual([])
    for (const peer of [before, newcomer]) peer.terminate()
  }, 90_000)

  test('of many addresses without a hello: they cost little, make room for who says hello, and go when their time is up', async () => {
    const perAddress = 250
    const { process: door, started } = await DoorProcess.open(CROWD + SPARE_DESCRIPTORS, {
      helloTimeoutMs: 15_000,
      maxSessions: CROWD,
    })
    const { port } = started
    const url = `ws://127.0.0.1:${port}`
    const before = await RawPeer.welcomed(url, 'o-before')
    const crowd = new Crowd()
    const addressOf = (index: number): string => `127.0.1.${1 + Math.floor(index / perAddress)}`
    const silent = CROWD - 1
    const served = await callDuring(before, 'o-before', crowd.gather(port, silent, addressOf, HANDSHAKE))
    expect(served).toBeGreaterThan(10)
    expect(Object.fromEntries(crowd.statuses)).toEqual({ 101: silent })
    const full = await door.report()
    expect(full.sessionCount).toBe(CROWD)
    expect(full.rssBytes - started.rssBytes).toBeLessThan(BASE_BYTES + CROWD * SOCKET_BYTES)
    const newcomers: RawPeer[] = []
    for (let count = 0; count < 20; count++) {
      const newcomer = await RawPeer.welcomed(url, `o-${count}`)
      expect(await newcomer.call(1, 'x', count)).toEqual({ args: count, openid: `o-${count}` })
      newcomers.push(newcomer)
    }
    expect((await door.report()).sessionCount).toBe(CROWD)
    await expect.poll(() => crowd.closedCount, { timeout: 40_000, interval: 250 }).toBe(silent)
    expect(await door.report()).toMatchObject({ sessionCount: 1 + newcomers.length, faults: [] })
    for (const peer of [before, ...newcomers]) peer.terminate()
  }, 90_000)
})
