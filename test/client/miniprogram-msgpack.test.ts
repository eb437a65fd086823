import { Packr as Original } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { Packr } from '../../src/client/miniprogram-msgpack.ts'
import { countUtf8, readUtf8, writeUtf8 } from '../../src/client/utf8.ts'
import fc from '../random.ts'

const original = new Original({
  copyBuffers: true,
  int64AsType: 'number',
  mapsAsObjects: true,
  moreTypes: false,
  useRecords: false,
  variableMapSize: true,
})
const own = new Packr({ mapsAsObjects: true })

const plain = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constant(null),
    fc.boolean(),
    fc.double().map(value => value + 0), // minus zero is zero, here as there
    fc.integer(),
    fc.maxSafeInteger(),
    fc.string({ unit: 'binary' }),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value'), { maxKeys: 20, noNullPrototype: true }),
  ),
})).value

function withoutBuffers(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (Array.isArray(value)) return value.map(withoutBuffers)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, withoutBuffers(field)]))
}

describe('MessagePack of the mini-program build', () => {
  test('is read by msgpackr, and reads what msgpackr writes', () => {
    const run = fc.property(plain, value => {
      // `__proto__` is the codec's to keep apart; it never reaches a map that becomes an object.
      fc.pre(!JSON.stringify(value).includes('__proto__'))
      expect(withoutBuffers(original.unpack(Buffer.from(own.pack(value))))).toStrictEqual(value)
      expect(own.unpack(new Uint8Array(original.pack(value)))).toStrictEqual(value)
    })
    fc.assert(run, { numRuns: 3000 })
  })

  test('writes a number of any form wherever its buffer ends', () => {
    for (const number of [200, 60_000, 2 ** 31, 2 ** 40, -100, -30_000, -(2 ** 31), 0.5]) {
      for (let length = 1000; length < 1030; length++) {
        const value = ['x'.repeat(length), number]
        expect(original.unpack(Buffer.from(own.pack(value)))).toStrictEqual(value)
      }
    }
  })

  test.each([
    0,
    1,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53 - 1,
    -1,
    -32,
    -33,
    -128,
    -129,
    -32_768,
    -32_769,
    -(2 ** 31),
    -(2 ** 31) - 1,
    -(2 ** 53) + 1,
    0.5,

    1e300,
  ])('number %s', value => {
    expect(original.unpack(Buffer.from(own.pack(value)))).toBe(value)
    expect(own.unpack(own.pack(value))).toBe(value)
  })

  test.each([0, 15, 16, 31, 32, 255, 256, 65_535, 65_536, 70_000])('text, bytes and lists of %i', length => {
    for (const value of ['x'.repeat(length), new Uint8Array(length), new Array(length).fill(1)]) {
      expect(own.unpack(own.pack(value))).toStrictEqual(value)
      expect(withoutBuffers(original.unpack(Buffer.from(own.pack(value))))).toStrictEqual(value)
    }
  })

  test('64-bit integers, and maps as Map', () => {
    expect(own.unpack(new Uint8Array([0xcf, 0, 0, 0, 1, 0, 0, 0, 2]))).toBe(2 ** 32 + 2)
    expect(own.unpack(new Uint8Array([0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe]))).toBe(-2)
    const maps = new Packr({ mapsAsObjects: false })
    expect(maps.unpack(own.pack({ a: 1 }))).toStrictEqual(new Map([['a', 1]]))
  })

  test('a message that ends too early, or is of another type, throws', () => {
    expect(() => own.unpack(new Uint8Array([0xd9, 5, 0x61]))).toThrow(RangeError)
    expect(() => own.unpack(new Uint8Array([0xce, 1]))).toThrow(RangeError)
    expect(() => own.unpack(new Uint8Array([0xc1]))).toThrow('0xc1')
    expect(() => own.unpack(new Uint8Array([0xd4, 1, 1]))).toThrow('0xd4')
  })
})

describe('UTF-8', () => {
  test('is written as TextEncoder writes it', () => {
    const run = fc.property(fc.array(fc.integer({ min: 0, max: 0xffff })), units => {
      const text = String.fromCharCode(...units)
      const bytes = new Uint8Array(countUtf8(text))
      writeUtf8(text, bytes, 0)
      expect(bytes).toStrictEqual(new TextEncoder().encode(text))
    })
    fc.assert(run, { numRuns: 3000 })
  })

  test('is read as TextDecoder reads it, also where it is none', () => {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
    const byte = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(0xc0, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf),
    )
    const run = fc.property(fc.array(byte, { maxLength: 40 }), units => {
      const bytes = new Uint8Array(units)
      expect(readUtf8(bytes, 0, bytes.length)).toBe(decoder.decode(bytes))
    })
    fc.assert(run, { numRuns: 20_000 })
  })

  test('of a long text', () => {
    const text = '云 cloud 😀 '.repeat(10_000)
    const bytes = new Uint8Array(countUtf8(text))
    writeUtf8(text, bytes, 0)
    expect(readUtf8(bytes, 0, bytes.length)).toBe(text)
  })
})
