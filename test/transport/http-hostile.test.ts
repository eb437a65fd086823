import { validateHeaderName, validateHeaderValue } from 'node:http'
import { describe, expect, test } from 'vitest'
import { ValueError } from '../../src/errors.ts'
import { tokenAuthenticator } from '../../src/transport/auth.ts'
import { toAccessAnswer } from '../../src/transport/http-access-answer.ts'
import { select } from '../../src/transport/http-conditions.ts'
import { findHttpPath, resolveHttpPaths } from '../../src/transport/http-paths.ts'
import { readRange } from '../../src/transport/http-range.ts'
import { measureJson } from '../../src/transport/json-depth.ts'
import fc from '../random.ts'
import { openDoor } from './open-door.ts'
import { connectRaw, sendRaw } from './raw-http.ts'

describe('whatever is sent', () => {
  test('a range is within the file, or none', () => {
    const header = fc.oneof(
      fc.string(),
      fc.stringMatching(/^bytes=\d{0,20}-\d{0,20}$/),
      fc.stringMatching(/^bytes=[\d, -]{0,20}$/),
    )
    fc.assert(
      fc.property(header, fc.nat(100), (range, sizeBytes) => {
        const answer = readRange(range, sizeBytes)
        if (answer.kind !== 'part') return
        expect(answer.start).toBeGreaterThanOrEqual(0)
        expect(answer.end).toBeGreaterThan(answer.start)
        expect(answer.end).toBeLessThanOrEqual(sizeBytes)
      }),
      { numRuns: 5000 },
    )
  })

  test('conditions select something, and a file that has not changed is never cut wrongly', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('*', '"v"', 'W/"v"', '"v", "w"', 'Fri, 02 Jan 2026 00:00:00 GMT'),
    )
    const names = [
      'if-match',
      'if-none-match',
      'if-modified-since',
      'if-unmodified-since',
      'if-range',
      'range',
    ]
    const headers = fc.dictionary(fc.constantFrom(...names), text)
    const file = { etag: '"v"', modifiedMs: Date.UTC(2026, 0, 2), sizeBytes: 10 }
    const kinds = ['whole', 'part', 'not-modified', 'failed', 'unsatisfiable']
    fc.assert(
      fc.property(headers, given => {
        const { kind } = select('GET', given, file)
        expect(kinds).toContain(kind)
        if (given['range'] === undefined) expect(['part', 'unsatisfiable']).not.toContain(kind)
      }),
      { numRuns: 5000 },
    )
  })

  test('a path leads to a mapped function, which is told a part of it, or nowhere', () => {
    const paths = resolveHttpPaths({
      '/a': 'a',
      '/a/b': 'b',
      '/a/b/c': { functionName: 'c', wholePath: true },
    })
    const path = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom('a', 'b', 'c', '', '..', '%2e', 'ä')).map(parts => `/${parts.join('/')}`),
    )
    fc.assert(
      fc.property(path, given => {
        const found = findHttpPath(paths, given)
        if (found === undefined) return
        expect(given.startsWith('/a')).toBe(true)
        expect(`${given}/`.endsWith(`${found.path}/`) || found.path === '/').toBe(true)
        expect(found.path.startsWith('/')).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })

  test('the depth of JSON is what parsing it gives', () => {
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), value => {
        expect(measureJson(Buffer.from(JSON.stringify(value))).depth).toBe(depthOf(value))
      }),
      { numRuns: 2000 },
    )
  })
})

test('whatever a function returns, Node can send it, or it is refused', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a\r\nb: c', 'ä', '图', ''))
  const value = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null), fc.array(text), fc.object())
  const headers = fc.oneof(fc.dictionary(text, value), fc.jsonValue())
  const response = fc.record(
    {
      statusCode: fc.oneof(fc.integer({ min: 150, max: 650 }), fc.jsonValue()),
      headers,
      multiValueHeaders: headers,
      body: fc.oneof(text, fc.jsonValue()),
      isBase64Encoded: fc.oneof(fc.boolean(), fc.jsonValue()),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.oneof(response, fc.jsonValue()), result => {
      let answer: ReturnType<typeof toAccessAnswer>
      try {
        answer = toAccessAnswer(result)
      } catch (error) {
        expect(error).toBeInstanceOf(ValueError)
        return
      }
      expect(answer.status).toBeGreaterThanOrEqual(200)
      expect(answer.status).toBeLessThan(600)
      for (const [name, lines] of Object.entries(answer.headers)) {
        validateHeaderName(name)
        for (const line of [lines].flat()) validateHeaderValue(name, line)
      }
      expect(typeof answer.body === 'string' || answer.body instanceof Uint8Array).toBe(true)
    }),
    { numRuns: 10_000 },
  )
})

describe('a connection', () => {
  const authenticate = tokenAuthenticator(new Map([['t', { openid: 'o-1' }]]))
  const LOGIN = 'Authorization: Bearer t'
  const TYPE = 'Content-Type: application/json'

  test.each<[string, string[], string]>([
    ['two lengths', ['Content-Length: 2', 'Content-Length: 3'], '{}x'],
    ['a length and chunks', ['Content-Length: 2', 'Transfer-Encoding: chunked'], '0\r\n\r\n{}'],
    ['chunks of a bad length', ['Transfer-Encoding: chunked'], 'zz\r\n{}\r\n0\r\n\r\n'],
    ['a length that is none', ['Content-Length: -2'], '{}'],
    ['another coding of the transfer', ['Transfer-Encoding: gzip'], '{}'],
  ])('with %s is refused, and no second request is taken out of it', async (_, lines, body) => {
    let callCount = 0
    const { door, faults } = await openDoor({
      authenticate,
      call: async () => {
        callCount++
        return null
      },
    })
    const head = ['POST /functions/f HTTP/1.1', 'Host: x', 'Connection: close', LOGIN, TYPE, ...lines]
    const answer = await sendRaw(door.port, head, `${body}GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(callCount).toBe(0)
    expect(faults).toEqual([])
  })

  test('may send its requests before it has the answers, which come in order', async () => {
    const { door } = await openDoor({
      authenticate,
      call: async ({ args }) => {
        const { data } = args as { data: { delayMs: number } }
        await new Promise(resolve => setTimeout(resolve, data.delayMs))
        return data
      },
    })
    const requests = [30, 0, 10].map((delayMs, index) => {
      const body = `{"delayMs":${delayMs}}`
      const end = index === 2 ? ['Connection: close'] : []
      return `${['POST /functions/f HTTP/1.1', 'Host: x', LOGIN, TYPE, `Content-Length: ${body.length}`, ...end].join('\r\n')}\r\n\r\n${body}`
    })
    const socket = connectRaw(door.port)
    socket.write(requests.join(''))
    let text = ''
    for await (const chunk of socket) text += chunk
    expect([...text.matchAll(/\{"delayMs":(\d+)\}/g)].map(([, delay]) => delay)).toEqual(['30', '0', '10'])
  })

  test('hundreds that stop in the middle of a body hold no call and no memory of others', async () => {
    let callCount = 0
    const { door, faults } = await openDoor({
      authenticate,
      bodyTimeoutMs: 300,
      call: async () => ++callCount,
    })
    const head = ['POST /functions/f HTTP/1.1', 'Host: x', LOGIN, TYPE, 'Content-Length: 100'].join('\r\n')
    const sockets = Array.from({ length: 300 }, () => connectRaw(door.port))
    const answers = sockets.map(async socket => {
      socket.write(`${head}\r\n\r\n{"a":`)
      let text = ''
      for await (const chunk of socket) text += chunk
      return text.slice(9, 12)
    })
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['408']))
    expect(callCount).toBe(0)
    const next = await sendRaw(door.port, [
      'POST /functions/f HTTP/1.1',
      'Host: x',
      'Connection: close',
      LOGIN,
    ])
    expect(next).toMatch(/^HTTP\/1\.1 200 /)
    expect(faults).toEqual([])
  })
})
