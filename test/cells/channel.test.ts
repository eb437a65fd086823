/** What a process that is taken over may write into its end of the channel: any bytes at all. */

import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Channel } from '../../src/cells/channel.ts'
import { ProtocolError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import { type FromCell, PROBLEM_CHARS, parseFromCell, type ToCell } from '../../src/protocol/cell.ts'
import { decodeCellFrame, encodeCellFrame } from '../../src/protocol/codec.ts'
import fc from '../random.ts'

const amount = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true })
const bytes = fc.uint8Array({ maxLength: 20 })
const text = fc.string({ maxLength: 20 })
const problem = fc.tuple(text, text)
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null })
const id = fc.nat()
const message = fc.oneof(
  fc.tuple(fc.constant('ready')),
  fc.tuple(fc.constant('failed'), text),
  fc.tuple(fc.constant('sent'), id, text, fc.array(orNull(bytes), { maxLength: 3 }), amount),
  fc.tuple(fc.constant('left'), id, orNull(problem), fc.boolean(), amount),
  fc.tuple(fc.constant('rejected'), id, problem),
  fc.tuple(fc.constant('died'), id, text),
  fc.tuple(fc.constant('filled'), id),
  fc.tuple(fc.constant('measured'), id, orNull(amount)),
  fc.tuple(fc.constant('compiled'), id, orNull(text), orNull(bytes), orNull(text)),
  fc.tuple(fc.constant('beat'), amount, fc.array(amount, { maxLength: 5 })),
) as fc.Arbitrary<unknown> as fc.Arbitrary<FromCell>
const messages = fc.array(message, { maxLength: 4 })
/** Frames' bodies that begin as such, and are changed, cut short or added to; or never were any. */
const body = fc.oneof(
  { weight: 6, arbitrary: messages.map(encodeCellFrame) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        messages,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(3),
        bytes,
      )
      .map(([values, changes, cut, more]) => {
        const frame = Uint8Array.from(encodeCellFrame(values))
        for (const [at, byte] of changes) frame[at % frame.length] = byte
        return Buffer.concat([
          frame.subarray(0, Math.max(0, frame.length - cut)),
          cut === 3 ? more : new Uint8Array(0),
        ])
      }),
  },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 60 }) },
  { weight: 1, arbitrary: fc.jsonValue().map(value => encodeCellFrame(value as never)) },
)

/** As the host reads one frame: its messages, or undefined for one that breaks the protocol in the way foreseen. */
function read(frame: Uint8Array): readonly FromCell[] | undefined {
  try {
    return parseFromCell(decodeCellFrame(frame))
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}

describe('parseFromCell', () => {
  test('gives back what was said', () => {
    fc.assert(
      fc.property(messages, values => {
        expect(read(encodeCellFrame(values))).toEqual(values)
      }),
      { numRuns: 2000 },
    )
  })

  test('takes any bytes for messages, each field of its kind, or for a breach of the protocol', () => {
    let [soundCount, brokenCount] = [0, 0]
    fc.assert(
      fc.property(body, frame => {
        const found = read(frame)
        if (found === undefined) brokenCount++
        else soundCount++
        // What is let through says the same again.
        if (found !== undefined) expect(read(encodeCellFrame(found))).toEqual(found)
      }),
      { numRuns: 30_000 },
    )
    expect(Math.min(soundCount, brokenCount)).toBeGreaterThan(3000)
  })

  test.each<[what: string, message: unknown]>([
    ['no message', []],
    ['a name from the prototype', ['constructor']],
    ['a field more', ['ready', 1]],
    ['a negative number', ['filled', -1]],
    ['a fraction', ['filled', 1.5]],
    ['a list for a number', ['filled', [1]]],
    ['an infinite time', ['beat', Number.POSITIVE_INFINITY, []]],
    ['no number among the times', ['beat', 1, [1, '2']]],
    ['a text beyond its length', ['died', 1, 'x'.repeat(PROBLEM_CHARS + 1)]],
    ['a crossing beyond its length', ['sent', 1, 'x'.repeat(LIMITS.crossingChars + 2), [], 1]],
    ['a problem of three', ['rejected', 1, ['a', 'b', 'c']]],
    ['bytes for a text', ['died', 1, new Uint8Array(1)]],
    ['text for bytes', ['compiled', 1, null, 'bytes', null]],
  ])('refuses %s', (_, value) => {
    expect(() => parseFromCell([['ready'], value])).toThrow(ProtocolError)
  })
})

describe('Channel', () => {
  let server: Server
  const path =
    process.platform === 'win32'
      ? `\\\\.\\pipe\\cloudlet-${process.pid}`
      : join(tmpdir(), `cloudlet-channel-${process.pid}`)
  beforeAll(async () => {
    server = createServer().listen(path)
    await once(server, 'listening')
  })
  afterAll(() => server.close())

  interface Pair {
    readonly cell: Socket
    readonly host: Channel<ToCell>
    readonly heard: unknown[]
    /** What the host's end was closed for. */
    readonly closed: Promise<Error | undefined>
  }

  async function open(): Promise<Pair> {
    const accepted = once(server, 'connection')
    const cell = connect(path)
    // The host may close it with bytes on the way.
    cell.on('error', () => {})
    const [socket] = (await accepted) as [Socket]
    const { promise: closed, resolve } = Promise.withResolvers<Error | undefined>()
    const heard: unknown[] = []
    const host = new Channel<ToCell>(socket, { onFrame: value => heard.push(value), onClose: resolve })
    return { cell, host, heard, closed }
  }

  const framed = (content: Uint8Array, length = content.length): Uint8Array => {
    const header = Buffer.alloc(4)
    header.writeUInt32LE(length)
    return Buffer.concat([header, content])
  }

  test('hears whole frames however they are cut, up to the first that is none, and then nothing', async () => {
    let frameCount = 0
    const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(fc.array(body, { minLength: 35, maxLength: 60 }), pieces, async (bodies, sizes) => {
        frameCount += bodies.length
        const { cell, heard, closed } = await open()
        const stream = Buffer.concat(bodies.map(content => framed(content)))
        for (let at = 0, piece = 0; at < stream.length; piece++) {
          const size = sizes[piece % sizes.length] ?? 1
          // Most at once, since each takes a turn.
          cell.write(stream.subarray(at, piece < 40 ? at + size : stream.length))
          at = piece < 40 ? at + size : stream.length
        }
        cell.end()
        const error = await closed
        const expected: unknown[] = []
        let isBroken = false
        for (const content of bodies) {
          try {
            expected.push(decodeCellFrame(content))
          } catch {
            isBroken = true
            break
          }
        }
        expect(heard).toEqual(expected)
        expect(error === undefined).toBe(!isBroken)
        if (error !== undefined) expect(error).toBeInstanceOf(ProtocolError)
      }),
      { numRuns: 600 },
    )
    expect(frameCount).toBeGreaterThan(20_000)
  })

  test.each([
    ['longer than frames may be', LIMITS.cellFrameBytes + 1],
    ['as long as a number can say', 2 ** 32 - 1],
  ])('a frame %s is refused by its first bytes', async (_, length) => {
    const { cell, heard, closed } = await open()
    cell.write(framed(new Uint8Array(10), length))
    expect(await closed).toBeInstanceOf(ProtocolError)
    expect(heard).toEqual([])
  })

  test('a frame that never comes to its end holds what came of it, and no more', async () => {
    const { cell, heard, closed } = await open()
    const before = process.memoryUsage().arrayBuffers
    cell.write(framed(new Uint8Array(1_000_000), LIMITS.cellFrameBytes))
    await new Promise(resolve => setTimeout(resolve, 300))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16_000_000)
    cell.destroy()
    expect(await closed).toBeUndefined()
    expect(heard).toEqual([])
  })

  test('frames of nothing but lengths and depth take no memory', async () => {
    for (const [first, rest] of [
      [0xdd, 0xff],
      [0x91, 0x91],
      [0xdf, 0xff],
      [0xc6, 0xff],
      [0xdb, 0xff],
    ] as const) {
      const { cell, heard, closed } = await open()
      const before = process.memoryUsage().rss
      cell.write(framed(new Uint8Array(1_000_000).fill(rest).fill(first, 0, 1)))
      expect(await closed).toBeInstanceOf(ProtocolError)
      expect(heard).toEqual([])
      expect(process.memoryUsage().rss - before).toBeLessThan(64_000_000)
    }
  })

  test('carries large messages beside small ones, in their order', async () => {
    const { cell, host, closed } = await open()
    const received: ToCell[] = []
    new Channel<FromCell>(cell, {
      onFrame: value => received.push(...(value as ToCell[])),
      onClose: () => {},
    })
    const sent: ToCell[] = []
    for (let index = 0; index < 20; index++) {
      sent.push(['dispose', index])
      sent.push([
        'open',
        index,
        true,
        'x'.repeat(index % 3 === 0 ? 300_000 : 10),
        new Uint8Array(index % 4 === 0 ? 300_000 : 3),
      ])
    }
    for (const each of sent) host.post(each)
    await expect.poll(() => received.length).toBe(sent.length)
    expect(received).toEqual(sent)
    cell.destroy()
    await closed
  })
})
