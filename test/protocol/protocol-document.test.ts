import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { OPS } from '../../src/protocol/calls.ts'
import { decodeFrame, decodeMessage, encodeFrame } from '../../src/protocol/codec.ts'
import { CLOSE_CODES, FIELD_CHARS, parseClientFrame, parseServerFrame } from '../../src/protocol/frames.ts'
import { IDEMPOTENT_OPS } from '../../src/protocol/idempotent-ops.ts'
import { MessageList } from '../../src/protocol/message-list.ts'

const text = await readFile(new URL('../../docs/protocol.md', import.meta.url), 'utf8')

/** Bytes have no JSON; the document writes them as `{"$bytes": "<hex>"}`. */
function reviveBytes(_key: string, value: unknown): unknown {
  const hex = typeof value === 'object' && value !== null ? Reflect.get(value, '$bytes') : undefined
  return typeof hex === 'string' ? new Uint8Array(Buffer.from(hex, 'hex')) : value
}

const encoded = [...text.matchAll(/```json\n(.+)\n```\n+```hex\n([\da-f\s]+)```/g)].map(
  ([, json = '', hex = '']) => ({
    json,
    frame: JSON.parse(json, reviveBytes),
    hex: hex.trim().replaceAll(/\s+/g, ' '),
  }),
)

const examples = encoded.filter(({ frame }) => !Array.isArray(frame))
const lists = encoded.filter(({ frame }) => Array.isArray(frame))

const CLIENT_TYPES = ['hello', 'call', 'cancel', 'ack', 'received', 'ping', 'goodbye']
const SERVER_TYPES = ['welcome', 'event', 'result', 'error', 'pong', 'goodbye']

describe('docs/protocol.md', () => {
  test('has an example of every frame', () => {
    expect(new Set(examples.map(({ frame }) => frame.type))).toEqual(
      new Set([...CLIENT_TYPES, ...SERVER_TYPES]),
    )
    expect(text.match(/```hex/g)).toHaveLength(encoded.length)
  })

  test.each(examples)('writes $json as the codec does', ({ frame, hex }) => {
    const bytes = encodeFrame(frame)
    expect(Buffer.from(bytes).toString('hex').match(/../g)?.join(' ')).toBe(hex)
    expect(decodeFrame(Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toEqual(frame)
    const parse = CLIENT_TYPES.includes(frame.type) ? parseClientFrame : parseServerFrame
    expect(parse(decodeFrame(bytes))).toEqual(frame)
  })

  test.each(lists)('writes the list $json as it is sent', ({ frame: frames, hex }) => {
    const list = new MessageList(1000)
    for (const frame of frames) list.add(encodeFrame(frame))
    const bytes = list.take() ?? new Uint8Array()
    expect(Buffer.from(bytes).toString('hex').match(/../g)?.join(' ')).toBe(hex)
    expect(decodeMessage(bytes).frames).toEqual(frames)
  })

  test('lists every op that a client could ask for', () => {
    const listed = [...text.matchAll(/^\| `([a-z]+\.\w+)` \|/gm)].map(([, op]) => op)
    const ofFunctionsOnly: readonly string[] = ['runtime', 'network', 'wechat', 'webAssembly']
    const ops = Object.entries(OPS).filter(([, { capability }]) => !ofFunctionsOnly.includes(capability))
    expect(listed.toSorted()).toEqual(ops.map(([op]) => op).toSorted())
  })

  test('lists every op that may be asked twice', () => {
    const [, list = ''] = /\*\*What may be asked twice\*\*: (.+?)\. A client/.exec(text) ?? []
    const listed = list.split('; ').flatMap(group => {
      const names = [...group.matchAll(/`([\w.]+)`/g)].map(([, name = '']) => name)
      const [capability] = names[0]?.split('.') ?? []
      return names.map(name => (name.includes('.') ? name : `${capability}.${name}`))
    })
    expect(listed.toSorted()).toEqual([...IDEMPOTENT_OPS].toSorted())
  })

  test('lists every close code', () => {
    const listed = [...text.matchAll(/^\| (\d{4}) \|/gm)].map(([, code]) => Number(code))
    expect(listed.filter(code => code !== 1006).toSorted()).toEqual(Object.values(CLOSE_CODES).toSorted())
  })

  test('names the limits as they are', () => {
    for (const limit of [
      LIMITS.frameDepth,
      LIMITS.frameValues,
      LIMITS.listFrames,
      LIMITS.helloBytes,
      ...Object.values(FIELD_CHARS),
    ]) {
      if (limit !== FIELD_CHARS.sessionId) expect(text).toContain(String(limit))
    }
  })
})
