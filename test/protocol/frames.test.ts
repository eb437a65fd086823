import { describe, expect, test } from 'vitest'
import { ProtocolError } from '../../src/errors.ts'
import { FIELD_CHARS, parseClientFrame, parseServerFrame } from '../../src/protocol/frames.ts'

const error = { code: 'CLOUDLET_VALUE', message: 'No.', retryable: false, details: {} }

describe('parseClientFrame', () => {
  test.each([
    { type: 'hello', versions: [1] },
    { type: 'hello', versions: [1, 2], token: 't', openid: 'o', appid: 'a', client: 'c/1' },
    { type: 'call', id: 0, op: 'x', args: null },
    { type: 'call', id: Number.MAX_SAFE_INTEGER, op: 'x', args: { a: [1] } },
    { type: 'hello', versions: [1], isResumable: false },
    {
      type: 'hello',
      versions: [1],
      isResumable: true,
      resume: { sessionId: 's'.repeat(64), resumeToken: 'r'.repeat(64), receivedCount: 0 },
    },
    { type: 'cancel', id: 7 },
    { type: 'received', count: 7 },
    { type: 'ping', nonce: 7 },
    { type: 'goodbye' },
    { type: 'goodbye', reason: 'done' },
  ])('accepts $type', frame => {
    expect(parseClientFrame(frame)).toEqual(frame)
  })

  test('lets a hello of a later version say more', () => {
    expect(parseClientFrame({ type: 'hello', versions: [1, 9], later: 'x' })).toEqual({
      type: 'hello',
      versions: [1, 9],
    })
  })

  test.each([
    [null, 'must be a map'],
    ['hello', 'must be a map'],
    [[], 'must be a map'],
    [new Uint8Array(3), 'must be a map'],
    [{}, '"type"'],
    [{ type: 1 }, '"type"'],
    [Object.create({ type: 'ping', nonce: 1 }), '"type"'],
    [{ type: 'welcome' }, 'welcome'],
    [{ type: 'constructor' }, 'constructor'],
    [{ type: 'hello' }, '"versions"'],
    [{ type: 'hello', versions: [] }, '"versions"'],
    [{ type: 'hello', versions: new Array(17).fill(1) }, '"versions"'],
    [{ type: 'hello', versions: ['1'] }, '"versions"'],
    [{ type: 'hello', versions: [1], token: 5 }, '"token"'],
    [{ type: 'hello', versions: [1], openid: { length: 1 } }, '"openid"'],
    [{ type: 'call', id: 1, op: 'x' }, '"args"'],
    [{ type: 'call', id: -1, op: 'x', args: {} }, '"id"'],
    [{ type: 'call', id: 1.5, op: 'x', args: {} }, '"id"'],
    [{ type: 'call', id: '1', op: 'x', args: {} }, '"id"'],
    [{ type: 'call', id: 2 ** 53, op: 'x', args: {} }, '"id"'],
    [{ type: 'call', id: 1, op: 5, args: {} }, '"op"'],
    [{ type: 'call', id: 1, op: 'x', args: {}, caller: { openid: 'admin' } }, '"caller"'],
    [{ type: 'cancel' }, '"id"'],
    [{ type: 'ping' }, '"nonce"'],
    [{ type: 'goodbye', reason: 5 }, '"reason"'],
  ])('refuses %j', (frame, message) => {
    expect(() => parseClientFrame(frame)).toThrow(ProtocolError)
    expect(() => parseClientFrame(frame)).toThrow(message)
  })

  test.each([
    ['token', { type: 'hello', versions: [1] }],
    ['openid', { type: 'hello', versions: [1] }],
    ['op', { type: 'call', id: 1, args: {} }],
  ] as const)('takes %s at its length limit and not one over', (name, frame) => {
    const limit = FIELD_CHARS[name]
    expect(parseClientFrame({ ...frame, [name]: 'x'.repeat(limit) })).toHaveProperty(name)
    expect(() => parseClientFrame({ ...frame, [name]: 'x'.repeat(limit + 1) })).toThrow(ProtocolError)
  })
})

describe('parseServerFrame', () => {
  test.each([
    { type: 'welcome', version: 1, sessionId: 's', limits: { frameBytes: 1, callsInFlight: 1 } },
    { type: 'result', id: 1, result: null },
    { type: 'error', id: 1, error },
    { type: 'error', error },
    { type: 'pong', nonce: 1 },
    { type: 'goodbye', reason: 'closing' },
  ])('accepts $type', frame => {
    expect(parseServerFrame(frame)).toEqual(frame)
  })

  test.each([
    [{ type: 'call', id: 1, op: 'x', args: {} }],
    [{ type: 'welcome', version: 1, sessionId: 's' }],
    [{ type: 'welcome', version: 1, sessionId: 's', limits: { frameBytes: 0, callsInFlight: 1 } }],
    [{ type: 'result', id: 1 }],
    [{ type: 'error', id: 1, error: 'no' }],
    [{ type: 'error', id: 1, error: { ...error, code: 'MADE_UP' } }],
    [{ type: 'error', id: 1, error: { ...error, details: null } }],
    [{ type: 'error', id: 'x', error }],
  ])('refuses %j', frame => {
    expect(() => parseServerFrame(frame)).toThrow(ProtocolError)
  })
})
