import { describe, expect, test } from 'vitest'
import { ProtocolError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import { decodeFrame, decodeMessage, encodeFrame } from '../../src/protocol/codec.ts'
import { MessageList } from '../../src/protocol/message-list.ts'
import fc from '../random.ts'

const LARGE_BYTES = 1024 * 1024
const call = (id: number, args: unknown) => encodeFrame({ type: 'call', id, op: 'x', args })

function listOf(messages: readonly Uint8Array[]): Uint8Array {
  const list = new MessageList(LARGE_BYTES)
  for (const message of messages) if (!list.add(message)) throw new Error('The list is full.')
  const joined = list.take()
  if (joined === undefined) throw new Error('The list is empty.')
  return joined
}

describe('MessageList', () => {
  test('makes one message of frames that reads as each by itself', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 4 }), { minLength: 2, maxLength: 20 }), values => {
        const messages = values.map((value, id) => call(id, value)).filter(({ length }) => length <= 1000)
        fc.pre(messages.length > 1)
        const { frames, heldBytes } = decodeMessage(listOf(messages))
        expect(frames).toEqual(messages.map(message => decodeFrame(message)))
        expect(heldBytes).toEqual(messages.map(message => decodeMessage(message).heldBytes[0]))
      }),
      { numRuns: 300 },
    )
  })

  test('carries bytes, a key __proto__ and the deepest frames', () => {
    let deepest: unknown = 0
    for (let level = 1; level < LIMITS.frameDepth; level++) deepest = [deepest]
    const messages = [
      call(1, { content: new Uint8Array([1, 2, 3]) }),
      call(2, JSON.parse('{"__proto__":{"isAdmin":true}}')),
      call(3, deepest),
    ]
    const { frames } = decodeMessage(listOf(messages))
    expect(JSON.stringify(frames)).toBe(JSON.stringify(messages.map(message => decodeFrame(message))))
    expect((frames[0] as { args: { content: unknown } }).args.content).toEqual(new Uint8Array([1, 2, 3]))
  })

  test('holds no frame in memory for the bytes of another', () => {
    const large = call(2, 'x'.repeat(200_000))
    const small = call(1, { content: new Uint8Array([1]) })
    const bytes = new Uint8Array([0x92, ...small, ...large])
    const [first] = decodeMessage(bytes).frames as [{ args: { content: Uint8Array } }]
    expect(first.args.content).toEqual(new Uint8Array([1]))
    expect(first.args.content.buffer.byteLength).toBe(1)
  })

  test('leaves one frame as it is, and gives nothing when nothing is in it', () => {
    const list = new MessageList(LARGE_BYTES)
    expect(list.take()).toBeUndefined()
    const message = call(1, {})
    expect(list.bytes).toBe(0)
    expect(list.add(message)).toBe(true)
    expect(list.bytes).toBeGreaterThan(message.length)
    expect(list.take()).toBe(message)
    expect(list.bytes).toBe(0)
    expect(list.take()).toBeUndefined()
  })

  test('is full at 256 frames, at 32 KB, at what the other side takes, and for a frame above 4 KB', () => {
    const many = new MessageList(LARGE_BYTES)
    for (let id = 0; id < LIMITS.listFrames; id++) expect(many.add(call(id, {}))).toBe(true)
    expect(many.add(call(256, {}))).toBe(false)
    expect(decodeMessage(many.take() as Uint8Array).frames).toHaveLength(256)

    const long = new MessageList(LARGE_BYTES)
    const each = call(1, 'x'.repeat(4000))
    let count = 0
    while (long.add(each)) count++
    expect(count).toBe(Math.floor((32 * 1024 - 3) / each.length))
    expect(long.take()?.length).toBe(3 + count * each.length)

    const narrow = new MessageList(3 + 2 * each.length)
    expect([narrow.add(each), narrow.add(each), narrow.add(each)]).toEqual([true, true, false])
    expect(new MessageList(LARGE_BYTES).add(call(1, 'x'.repeat(4096)))).toBe(false)
  })
})

describe('decodeMessage', () => {
  const ping = [
    0x82,
    0xa4,
    ...Buffer.from('type'),
    0xa4,
    ...Buffer.from('ping'),
    0xa5,
    ...Buffer.from('nonce'),
    1,
  ]

  test.each([
    ['fixarray', [0x92]],
    ['array 16', [0xdc, 0, 2]],
    ['array 32', [0xdd, 0, 0, 0, 2]],
  ])('reads a list that begins as %s', (_, head) => {
    const { frames } = decodeMessage(new Uint8Array([...head, ...ping, ...ping]))
    expect(frames).toEqual([
      { type: 'ping', nonce: 1 },
      { type: 'ping', nonce: 1 },
    ])
  })

  test.each([
    ['no frames', [0x90]],
    ['257 frames', [0xdc, 1, 1, ...Array.from({ length: 257 }, () => ping).flat()]],
    ['a length that lies', [0xdd, 0xff, 0xff, 0xff, 0xff, ...ping]],
    ['fewer frames than it says', [0x92, ...ping]],
    ['more frames than it says', [0x91, ...ping, ...ping]],
    ['bytes as a frame', [0x91, 0xc4, 1, 0]],
    ['bytes in a list in it', [0x91, 0x91, 0xc4, 1, 0]],
    ['a frame cut short', [0x92, ...ping, ...ping.slice(0, -1)]],
  ])('refuses a list of %s', (_, bytes) => {
    expect(() => decodeMessage(new Uint8Array(bytes))).toThrow(ProtocolError)
  })
})
