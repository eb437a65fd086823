import { describe, expect, test } from 'vitest'
import { ProtocolError, ValueError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import { decodeFrame, encodeFrame } from '../../src/protocol/codec.ts'
import { HEAD_ROOM_BYTES, withHeadRoom } from '../../src/protocol/head-room.ts'
import fc from '../random.ts'

const callWith = (args: unknown) => ({ type: 'call', id: 1, op: 'x', args }) as const

function roundTrip(args: unknown): unknown {
  return (decodeFrame(encodeFrame(callWith(args))) as { args: unknown }).args
}

function nest(depth: number): unknown {
  let value: unknown = 0
  for (let level = 0; level < depth; level++) value = [value]
  return value
}

describe('encodeFrame', () => {
  test('carries every JSON value as JSON would', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), value => {
        expect(roundTrip(value)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
      { numRuns: 500 },
    )
  })

  test('follows JSON.stringify for what JSON has no word for', () => {
    const value = {
      when: new Date(0),
      never: new Date(Number.NaN),
      nothing: undefined,
      run: () => 1,
      list: [undefined, Number.NaN, Number.POSITIVE_INFINITY, () => 1],
      map: new Map([[1, 2]]),
      inner: { toJSON: (key: string) => `json of ${key}` },
      hidden: Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 'json of hidden' }),
      listed: Object.assign([1], { toJSON: () => 'json of a list' }),
    }
    expect(roundTrip(value)).toEqual(JSON.parse(JSON.stringify(value)))
  })

  test('keeps __proto__, constructor and toJSON keys as the plain data they are', () => {
    const text =
      '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"x":1}},"toJSON":1,"hasOwnProperty":2}'
    const decoded = roundTrip(JSON.parse(text)) as Record<string, unknown>
    expect(JSON.stringify(decoded)).toBe(text)
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype)
    expect(Reflect.get({}, 'isAdmin')).toBeUndefined()
  })

  test('carries content as bytes of its own', () => {
    const decoded = roundTrip({ content: Buffer.from('bytes') }) as { content: Uint8Array }
    expect(decoded.content.constructor).toBe(Uint8Array)
    expect(decoded.content).toEqual(new Uint8Array(Buffer.from('bytes')))
    expect(decoded.content.buffer.byteLength).toBe(5)
  })

  test.each([
    ['args.list[1]', { list: [1, 2n] }, /BigInt/],
    ['args.data.picture', { data: { picture: new Uint8Array(1) } }, /binary data/],
    ['args.content', { content: new ArrayBuffer(1) }, /binary data/],
    ['args.deep.content', { deep: { content: new Uint8Array(1) } }, /binary data/],
  ])('refuses %s', (path, args, message) => {
    const encode = () => encodeFrame(callWith(args))
    expect(encode).toThrow(ValueError)
    expect(encode).toThrow(message)
    expect(encode).toThrow(expect.objectContaining({ path }))
  })

  test('refuses a cycle', () => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    expect(() => encodeFrame(callWith(cycle))).toThrow(/refers back to itself/)
  })

  test('takes as many levels as a frame may have, and not one more', () => {
    const deepest = nest(LIMITS.frameDepth - 1)
    expect(roundTrip(deepest)).toEqual(deepest)
    expect(() => encodeFrame(callWith(nest(LIMITS.frameDepth)))).toThrow(ValueError)
  })

  test('takes as many values as a frame may have, and not one more', () => {
    const overhead = 1 + 4 + 4 // the frame, its keys, its fields
    const most = new Array(LIMITS.frameValues - overhead).fill(0)
    expect(roundTrip(most)).toHaveLength(most.length)
    expect(() => encodeFrame(callWith([...most, 0]))).toThrow(ValueError)
  })
})

describe('much content', () => {
  const MEGABYTE = 1024 * 1024
  const content = new Uint8Array(MEGABYTE).map((_, index) => index % 251)

  test.each([
    ['a call', (args: object) => ({ type: 'call', id: 7, op: 'storage.upload', args }) as const],
    ['a result', (result: object) => ({ type: 'result', id: 7, result }) as const],
    ['an event', (event: object) => ({ type: 'event', id: 7, sequence: 1, event }) as const],
  ])('of %s is all there, wherever it stands, in a message with no memory but its own', (_, frameOf) => {
    for (const length of [64 * 1024 - 1, 64 * 1024, 70_001, MEGABYTE]) {
      const part = content.subarray(5, 5 + length)
      const frame = frameOf({ first: 1, content: part, ratio: 2.5, last: 'ý' })
      const message = encodeFrame(frame)
      expect(decodeFrame(message)).toEqual({ ...frame })
      if (length >= 64 * 1024) expect(message.buffer.byteLength).toBe(message.length)
    }
  })

  test('with room before it is not copied, once', () => {
    const bytes = withHeadRoom(Buffer.allocUnsafeSlow(HEAD_ROOM_BYTES + MEGABYTE))
    bytes.set(content)
    const first = encodeFrame(callWith({ content: bytes }))
    expect(first.buffer).toBe(bytes.buffer)
    const sent = Buffer.from(first)
    const second = encodeFrame(callWith({ content: bytes, other: 'x' }))
    expect(second.buffer).not.toBe(bytes.buffer)
    expect(Buffer.compare(first, sent)).toBe(0)
    expect(decodeFrame(first)).toEqual(callWith({ content }))
    expect(decodeFrame(second)).toEqual(callWith({ content, other: 'x' }))
  })

  test.each([
    ['a part', (bytes: Uint8Array) => bytes.subarray(1), {}],
    ['less than all', (bytes: Uint8Array) => bytes.subarray(0, -1), {}],
    ['what has too much before it', (bytes: Uint8Array) => bytes, { other: 'x'.repeat(HEAD_ROOM_BYTES) }],
  ])('of %s is copied although there is room', (_, partOf, others) => {
    const part = partOf(withHeadRoom(new Uint8Array(HEAD_ROOM_BYTES + MEGABYTE)))
    const message = encodeFrame(callWith({ ...others, content: part }))
    expect(message.buffer).not.toBe(part.buffer)
    expect(decodeFrame(message)).toEqual(callWith({ ...others, content: part }))
  })

  test('is as it was when it was encoded', () => {
    const changing = new Uint8Array(MEGABYTE)
    const message = encodeFrame(callWith({ content: changing }))
    changing.fill(1)
    const { args } = decodeFrame(message) as { args: { content: Uint8Array } }
    expect(args.content.every(byte => byte === 0)).toBe(true)
  })

  test('shares the memory of a message that has its own, and of no other', () => {
    const alone = encodeFrame(callWith({ content }))
    const pool = new Uint8Array(alone.length * 3)
    pool.set(alone, 10)
    const among = pool.subarray(10, 10 + alone.length)
    const contentOf = (message: Uint8Array) =>
      (decodeFrame(message) as { args: { content: Uint8Array } }).args.content
    expect(contentOf(alone).buffer).toBe(alone.buffer)
    expect(contentOf(Buffer.from(alone.buffer))).toEqual(content)
    expect(contentOf(Buffer.from(alone.buffer)).constructor).toBe(Uint8Array)
    const copied = contentOf(among)
    pool.fill(0)
    expect(copied).toEqual(content)
  })
})

describe('decodeFrame', () => {
  const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

  test.each([
    ['nothing at all', ''],
    ['bytes after the frame', 'c0 c0'],
    ['a map that ends early', '82 a1 61 01'],
    ['text that ends early', 'a5 61'],
    ['a length beyond the message', 'dd ff ff ff ff'],
    ['a map length beyond the message', 'df 7f ff ff ff'],
    ['text length beyond the message', 'db ff ff ff ff 61'],
    ['the byte that MessagePack never uses', 'c1'],
    ['a timestamp extension', 'd6 ff 00 00 00 00'],
    ['an undefined extension', 'd4 00 00'],
    ['a record definition', 'd4 72 40 91 a1 61 01'],
    ['a regular expression extension', 'c7 00 78 92 a1 61 a0'],
    ['an error extension', 'c7 00 65 92 a5 45 72 72 6f 72 a1 61'],
    ['a structured-clone reference', 'd6 70 00 00 00 01'],
    ['a structured-clone identity', 'd6 69 00 00 00 01 90'],
    ['bundled strings', 'd6 62 00 00 00 08 c1 01 a1 61 a0'],
    ['a number as key', '81 01 01'],
    ['nil as key', '81 c0 01'],
    ['an array as key', '81 90 01'],
    ['bytes at the top', 'c4 01 00'],
    ['bytes outside content', '81 a4 61 72 67 73 81 a1 61 c4 01 00'],
    ['bytes deeper than args', '81 a4 61 72 67 73 81 a1 61 81 a7 63 6f 6e 74 65 6e 74 c4 01 00'],
    ['an unsigned integer beyond 2^53-1', 'cf 00 20 00 00 00 00 00 00'],
    ['a signed integer beyond -(2^53-1)', 'd3 ff e0 00 00 00 00 00 00'],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodeFrame(hex(bytes))).toThrow(ProtocolError)
  })

  test.each([
    ['cf 00 1f ff ff ff ff ff ff', Number.MAX_SAFE_INTEGER],
    ['d3 ff e0 00 00 00 00 00 01', Number.MIN_SAFE_INTEGER],
    ['ca 3f c0 00 00', 1.5],
    ['40', 64],
    ['d9 01 61', 'a'],
    ['dc 00 01 c3', [true]],
    ['de 00 01 a1 61 c2', { a: false }],
  ])('reads every plain encoding of another language (%s)', (bytes, value) => {
    expect(decodeFrame(hex(bytes))).toEqual(value)
  })

  test('takes the deepest message, and not one level more', () => {
    const nested = (depth: number) => Uint8Array.from([...new Array(depth).fill(0x91), 0xc0])
    expect(decodeFrame(nested(LIMITS.frameDepth))).toBeInstanceOf(Array)
    expect(() => decodeFrame(nested(LIMITS.frameDepth + 1))).toThrow(ProtocolError)
    expect(() => decodeFrame(new Uint8Array(1_000_000).fill(0x91))).toThrow(ProtocolError)
  })

  test('takes the most values, and not one more', () => {
    const list = (length: number) => {
      const message = new Uint8Array(5 + length).fill(0x80)
      message.set([0xdd, length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255])
      return message
    }
    expect(decodeFrame(list(LIMITS.frameValues - 1))).toHaveLength(LIMITS.frameValues - 1)
    expect(() => decodeFrame(list(LIMITS.frameValues))).toThrow(ProtocolError)
  })

  test('answers random and mutated bytes with plain data or a ProtocolError, never anything else', () => {
    const valid = encodeFrame(
      callWith({ content: new Uint8Array(9), list: [1, 'two', { three: 3.5, __proto__: null }] }),
    )
    const mutated = fc
      .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
      .map(changes => {
        const bytes = Uint8Array.from(valid)
        for (const [at, byte] of changes) bytes[at] = byte
        return bytes
      })
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), bytes => {
        try {
          expectPlain(decodeFrame(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
        }
      }),
      { numRuns: 5000 },
    )
  })
})

function expectPlain(value: unknown): void {
  if (Array.isArray(value)) {
    for (const item of value) expectPlain(item)
  } else if (value instanceof Uint8Array) {
    expect(value.constructor).toBe(Uint8Array)
  } else if (typeof value === 'object' && value !== null) {
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    for (const field of Object.values(value)) expectPlain(field)
  } else {
    expect(['string', 'number', 'boolean', 'object']).toContain(typeof value)
  }
}
