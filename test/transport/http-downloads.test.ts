import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import type { FileAnswer } from '../../src/transport/door-options.ts'
import { HeldCalls, openDoor } from './open-door.ts'
import { connectRaw } from './raw-http.ts'

const SIZE = 16 * 1024 * 1024
const MIB = 1024 * 1024

/** A file too large for buffers of the system, and its streams. */
function makeLarge(sizeBytes = SIZE): { file: FileAnswer; streams: Readable[] } {
  const streams: Readable[] = []
  const file: FileAnswer = {
    kind: 'found',
    contentType: 'application/octet-stream',
    sizeBytes,
    sha256: 'a'.repeat(64),
    open: async () => {
      const stream = Readable.from(blocksOf(sizeBytes), { objectMode: false })
      streams.push(stream)
      return stream
    },
  }
  return { file, streams }
}

function* blocksOf(sizeBytes: number): Generator<Buffer> {
  for (let at = 0; at < sizeBytes; at += 65_536) yield Buffer.alloc(Math.min(65_536, sizeBytes - at), 'x')
}

describe('files that are asked for on one connection without waiting', () => {
  const GET = 'GET /storage/a HTTP/1.1\r\nHost: x\r\n\r\n'

  test('are open one at a time', async () => {
    const { file, streams } = makeLarge()
    const { door } = await openDoor({ serveFile: async () => file })
    const socket = connectRaw(door.port)
    socket.pause()
    socket.write(GET.repeat(20))
    await expect.poll(() => streams.length).toBe(1)
    // It has been read as far as it is taken, so the others would have been opened by now.
    await expect.poll(() => streams[0]?.readableFlowing).toBe(false)
    expect(streams).toHaveLength(1)
  })

  test('come one after the other', async () => {
    const { file, streams } = makeLarge(200_000)
    const { door } = await openDoor({ serveFile: async () => file })
    const socket = connectRaw(door.port)
    socket.write(`${GET.repeat(4)}GET /storage/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    const text = (await buffer(socket)).toString('latin1')
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(5)
    expect(text.match(/x{200000}/g)).toHaveLength(5)
    expect(streams.map(stream => stream.closed)).toEqual(Array(5).fill(true))
  })

  test.each(['the client goes away', 'the door closes'])('are not opened when %s before', async end => {
    const { file, streams } = makeLarge()
    const held = new HeldCalls()
    const { door, faults } = await openDoor({ serveFile: async () => file, call: held.call })
    const socket = connectRaw(door.port)
    socket.write(
      `POST /functions/f HTTP/1.1\r\nHost: x\r\nX-Cloudlet-Openid: o\r\nContent-Length: 0\r\n\r\n${GET.repeat(3)}`,
    )
    await held.reached(1)
    if (end === 'the door closes') await door.close()
    else socket.destroy()
    await expect.poll(() => held.at(0).call.cancellation.signal.aborted).toBe(true)
    held.finishAll()
    await door.close()
    expect(streams).toEqual([])
    expect(faults).toEqual([])
  })
})

test('files that are sent hold so many bytes and no more, by 1.25 MiB at most for each', async () => {
  const { file, streams } = makeLarge()
  const { door } = await openDoor({ serveFile: async () => file, maxHttpFileBytes: 5 * MIB })
  const url = `${door.httpUrl}/storage/a`
  const gone = new AbortController()
  // Held to the end: fetch gives up the body of an answer that nobody has any more.
  const answers: Response[] = []
  for (let i = 0; i < 4; i++) answers.push(await fetch(url, i === 0 ? { signal: gone.signal } : {}))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  const refused = await fetch(url)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
  expect(await refused.json()).toMatchObject({ code: 'CLOUDLET_OVERLOADED', retryable: true })
  expect(streams).toHaveLength(4)
  expect((await fetch(url, { method: 'HEAD' })).status).toBe(200)
  gone.abort()
  await expect.poll(async () => (await fetch(url)).status).toBe(200)
  expect(answers).toHaveLength(4)
})

test('small files hold what they have', async () => {
  const { file } = makeLarge(MIB / 2)
  const { door } = await openDoor({ serveFile: async () => file, maxHttpFileBytes: 4 * MIB })
  const answers = Array.from({ length: 8 }, () => fetch(`${door.httpUrl}/storage/a`))
  for (const answer of await Promise.all(answers)) {
    expect(answer.status).toBe(200)
    expect((await answer.bytes()).byteLength).toBe(MIB / 2)
  }
})
