import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { FileAnswer } from '../../src/transport/door-options.ts'
import type { ListenOptions } from '../../src/transport/server.ts'
import { openDoor, type TestDoor } from './open-door.ts'
import { connectRaw } from './raw-http.ts'

const BYTES = Buffer.from('0123456789')
const SHA256 = createHash('sha256').update(BYTES).digest('hex')
const DATE = 'Fri, 02 Jan 2026 00:00:00 GMT'

type Found = Extract<FileAnswer, { kind: 'found' }>

/** A file and the ranges it was opened in. */
function makeFile(given: Partial<Found> = {}): { file: Found; opened: unknown[] } {
  const opened: unknown[] = []
  const file: Found = {
    kind: 'found',
    contentType: 'text/plain',
    sizeBytes: BYTES.length,
    sha256: SHA256,
    modifiedMs: Date.parse(DATE),
    open: async range => {
      opened.push(range)
      return BYTES.subarray(range?.start, range?.end)
    },
    ...given,
  }
  return { file, opened }
}

function serve(file: FileAnswer, options: Partial<ListenOptions> = {}): Promise<TestDoor> {
  return openDoor({ serveFile: async () => file, ...options })
}

async function ask(
  door: TestDoor,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<{ status: number; headers: Headers; body: string }> {
  const response = await fetch(`${door.door.httpUrl}/storage/a.txt?sign=s`, { headers, method })
  return { status: response.status, headers: response.headers, body: await response.text() }
}

describe('a part of a file', () => {
  test.each([
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=8-', '89', 'bytes 8-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=0-99', '0123456789', 'bytes 0-9/10'],
  ])('%s', async (range, body, contentRange) => {
    const { file, opened } = makeFile()
    const answer = await ask(await serve(file), { range })
    expect(answer).toMatchObject({ status: 206, body })
    expect(answer.headers.get('content-range')).toBe(contentRange)
    expect(answer.headers.get('content-length')).toBe(String(body.length))
    expect(answer.headers.get('etag')).toBe(`"${SHA256}"`)
    expect(opened).toHaveLength(1)
  })

  test.each(['bytes=10-', 'bytes=-0'])('%s is not there: 416, and the file is not opened', async range => {
    const { file, opened } = makeFile()
    const answer = await ask(await serve(file), { range })
    expect(answer.status).toBe(416)
    expect(answer.headers.get('content-range')).toBe('bytes */10')
    expect(opened).toEqual([])
  })

  test.each(['bytes=0-1,4-5', 'bytes=5-1', 'chapters=1'])('%s is answered with the whole', async range => {
    const { file } = makeFile()
    const answer = await ask(await serve(file), { range })
    expect(answer).toMatchObject({ status: 200, body: '0123456789' })
    expect(answer.headers.get('content-range')).toBeNull()
  })

  test('is sent only of the version that If-Range names', async () => {
    const { file } = makeFile()
    const door = await serve(file)
    const range = 'bytes=0-1'
    expect(await ask(door, { range, 'if-range': `"${SHA256}"` })).toMatchObject({ status: 206, body: '01' })
    expect(await ask(door, { range, 'if-range': DATE })).toMatchObject({ status: 206, body: '01' })
    expect(await ask(door, { range, 'if-range': '"other"' })).toMatchObject({ status: 200 })
  })
})

describe('conditions', () => {
  test('a copy that is still good is answered with 304, without opening the file', async () => {
    const { file, opened } = makeFile({ expiresMs: Date.now() + 60_500 })
    const door = await serve(file)
    for (const headers of [{ 'if-none-match': `"${SHA256}"` }, { 'if-modified-since': DATE }]) {
      const answer = await ask(door, headers)
      expect(answer).toMatchObject({ status: 304, body: '' })
      expect(answer.headers.get('etag')).toBe(`"${SHA256}"`)
      expect(answer.headers.get('cache-control')).toBe('private, max-age=60, must-revalidate')
      expect(answer.headers.get('content-length')).toBeNull()
    }
    expect(opened).toEqual([])
  })

  test('another version is answered with 412', async () => {
    const { file, opened } = makeFile()
    const door = await serve(file)
    expect((await ask(door, { 'if-match': '"other"' })).status).toBe(412)
    expect((await ask(door, { 'if-unmodified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' })).status).toBe(412)
    expect(opened).toEqual([])
  })
})

describe('what is told of a file', () => {
  test('HEAD tells what GET does and opens nothing', async () => {
    const { file, opened } = makeFile()
    const door = await serve(file)
    const got = await ask(door)
    const told = await ask(door, { range: 'bytes=0-1' }, 'HEAD')
    for (const name of ['etag', 'content-length', 'content-type', 'last-modified', 'accept-ranges']) {
      expect(told.headers.get(name)).toBe(got.headers.get(name))
      expect(told.headers.get(name)).not.toBeNull()
    }
    expect(told).toMatchObject({ status: 200, body: '' })
    expect(opened).toHaveLength(1)
  })

  test.each([
    [86_400_000, 300, 300],
    // A second or more may pass until it is asked for.
    [200_500, 100, 200],
    [-1, 0, 0],
  ])('valid for %i ms more it may be kept that long, five minutes at most', async (leftMs, least, most) => {
    const { file } = makeFile({ expiresMs: Date.now() + leftMs })
    const control = (await ask(await serve(file))).headers.get('cache-control') ?? ''
    const [, seconds] = /^private, max-age=(\d+), must-revalidate$/.exec(control) ?? []
    expect(Number(seconds)).toBeGreaterThanOrEqual(least)
    expect(Number(seconds)).toBeLessThanOrEqual(most)
  })

  test.each([
    ['text/plain', 'a.txt', `inline; filename="a.txt"; filename*=UTF-8''a.txt`],
    ['image/png', '图 1.png', `inline; filename="_ 1.png"; filename*=UTF-8''%E5%9B%BE%201.png`],
    ['text/html', 'page.html', `attachment; filename="page.html"; filename*=UTF-8''page.html`],
    ['image/svg+xml', 'x.svg', `attachment; filename="x.svg"; filename*=UTF-8''x.svg`],
    [
      'text/html; charset=utf-8',
      `a"b'\r\nc.html`,
      `attachment; filename="a_b___c.html"; filename*=UTF-8''a%22b%27%0D%0Ac.html`,
    ],
  ])('%s named %j', async (contentType, name, disposition) => {
    const { file } = makeFile({ contentType })
    const { door } = await serve(file)
    const response = await fetch(`${door.httpUrl}/storage/folder/${encodeURIComponent(name)}`)
    expect(response.headers.get('content-disposition')).toBe(disposition)
    expect(response.headers.get('content-security-policy')).toBe('sandbox')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    await response.arrayBuffer()
  })
})

describe('a large file', () => {
  const SIZE = 64 * 1024 * 1024

  async function makeLarge(): Promise<{ file: Found; streams: Readable[]; sha256: string }> {
    const folder = await mkdtemp(join(tmpdir(), 'cloudlet-http-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const bytes = randomBytes(SIZE)
    await writeFile(join(folder, 'large'), bytes)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const streams: Readable[] = []
    const { file } = makeFile({
      sizeBytes: SIZE,
      sha256,
      open: async ({ start, end } = { start: 0, end: SIZE }) => {
        const stream = createReadStream(join(folder, 'large'), { start, end: end - 1 })
        streams.push(stream)
        return stream
      },
    })
    return { file, streams, sha256 }
  }

  async function begin(url: string): Promise<IncomingMessage> {
    const [response] = (await once(get(url), 'response')) as [IncomingMessage]
    return response
  }

  test('comes whole, and waits for a slow reader without being read ahead', async () => {
    const { file, streams, sha256 } = await makeLarge()
    const { door } = await serve(file)
    const response = await begin(`${door.httpUrl}/storage/large`)
    await expect.poll(() => streams[0]?.readableFlowing).toBe(false)
    // What of it has left the disk is in buffers of the system and of the stream.
    const [stream] = streams
    const readBytes = (): number => (stream as unknown as { bytesRead: number }).bytesRead
    expect(readBytes()).toBeLessThan(SIZE / 2)
    const digest = createHash('sha256')
    for await (const chunk of response) digest.update(chunk as Buffer)
    expect(digest.digest('hex')).toBe(sha256)
    await expect.poll(() => stream?.closed).toBe(true)
  })

  test('is closed when its client goes away', async () => {
    const { file, streams } = await makeLarge()
    const { door, faults } = await serve(file)
    const response = await begin(`${door.httpUrl}/storage/large`)
    expect(streams[0]?.closed).toBe(false)
    response.destroy()
    await expect.poll(() => streams[0]?.closed).toBe(true)
    expect(faults).toEqual([])
  })

  test('is closed when its client takes nothing of it for too long', async () => {
    const { file, streams } = await makeLarge()
    const { door, faults } = await serve(file, { stallTimeoutMs: 100 })
    const response = await begin(`${door.httpUrl}/storage/large`)
    response.on('error', () => undefined)
    await expect.poll(() => streams[0]?.closed, { timeout: 5000 }).toBe(true)
    expect(faults).toEqual([])
  })

  test('is closed as soon although its client goes on sending', async () => {
    const { file, streams } = await makeLarge()
    const { door, faults } = await serve(file, { stallTimeoutMs: 200 })
    const socket = connectRaw(door.port)
    socket.pause()
    socket.write('GET /storage/large HTTP/1.1\r\nHost: x\r\n\r\n')
    const sending = setInterval(() => socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'), 20)
    onTestFinished(() => clearInterval(sending))
    socket.on('error', () => clearInterval(sending))
    await expect.poll(() => streams[0]?.closed, { timeout: 5000 }).toBe(true)
    expect(faults).toEqual([])
  })

  test('is not cut while its client takes it slowly, or its source has nothing for a while', async () => {
    const { door } = await openDoor({
      stallTimeoutMs: 200,
      serveFile: async () =>
        makeFile({
          sizeBytes: 4 * 1024 * 1024 + 1,
          open: async () =>
            Readable.from(
              (async function* () {
                for (let i = 0; i < 64; i++) yield Buffer.alloc(64 * 1024)
                await delay(600)
                yield Buffer.alloc(1)
              })(),
            ),
        }).file,
    })
    const response = await begin(`${door.httpUrl}/storage/large`)
    let sizeBytes = 0
    for await (const chunk of response) {
      const { byteLength } = chunk as Buffer
      // The first half in a second or so.
      if (sizeBytes < 2 * 1024 * 1024) await delay(byteLength / 2048)
      sizeBytes += byteLength
    }
    expect(sizeBytes).toBe(4 * 1024 * 1024 + 1)
  })

  test('is cut off when the door closes and its time is over', async () => {
    const { file, streams } = await makeLarge()
    const { door } = await serve(file, { drainTimeoutMs: 50 })
    const response = await begin(`${door.httpUrl}/storage/large`)
    response.on('error', () => undefined)
    await door.close()
    await expect.poll(() => streams[0]?.closed).toBe(true)
  })
})

test('a file that was opened for a client who had gone meanwhile is closed', async () => {
  const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>()
  const { promise: opened, resolve: onOpened } = Promise.withResolvers<Readable>()
  const { file } = makeFile({
    open: () => {
      onAsked()
      return opened
    },
  })
  const { door, faults } = await serve(file)
  const socket = connect(door.port, '127.0.0.1')
  socket.write('GET /storage/a HTTP/1.1\r\nHost: x\r\n\r\n')
  await asked
  socket.destroy()
  const content = new Readable({ read: () => undefined })
  // The door hears of the end of the connection in one of the next turns.
  await new Promise(resolve => setTimeout(resolve, 50))
  onOpened(content)
  await expect.poll(() => content.destroyed).toBe(true)
  expect(faults).toEqual([])
})
