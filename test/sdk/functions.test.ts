import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { callFunction } from '../../src/sdk/functions.ts'
import { recordCalls, rejectionOf } from './recorder.ts'

function answering(result: unknown) {
  return recordCalls({ 'functions.invoke': { result, requestId: 'r-1' } })
}

describe('the result', () => {
  // response_data of wxcloud-spec Appendix B, after the platform's own JSON.parse.
  test.each([
    ['{"a":1}', { a: 1 }],
    [null, null],
    ['', ''],
    [123, 123],
    ['123', 123],
    ['not json', 'not json'],
    ['"plain"', 'plain'],
    [{ a: 1 }, { a: 1 }],
  ])('%j is %j to a calling function', async (result, seen) => {
    const answer = await callFunction('server', answering(result).call, { name: 'f' })
    expect(answer).toStrictEqual({ result: seen, errMsg: 'callFunction:ok', requestID: 'r-1' })
    expect(Object.keys(answer)).toStrictEqual(['result', 'errMsg', 'requestID'])
  })

  test('absent gives no key', async () => {
    const answer = await callFunction('server', answering(undefined).call, { name: 'f' })
    expect(answer).toStrictEqual({ errMsg: 'callFunction:ok', requestID: 'r-1' })
  })

  test('is parsed once for clients', async () => {
    const answer = await callFunction('client', answering('{"a":1}').call, { name: 'f' })
    expect(answer).toStrictEqual({ result: '{"a":1}', errMsg: 'cloud.callFunction:ok', requestID: 'r-1' })
  })
})

describe('the event', () => {
  test('crosses as JSON', async () => {
    const { call, last } = answering(1)
    const data = { x: 1, d: new Date(1_540_000_000_000), u: undefined }
    await callFunction('server', call, { name: 'f', data })
    expect(last()).toStrictEqual({ name: 'f', data: { x: 1, d: '2018-10-20T01:46:40.000Z' } })
    await callFunction('server', call, { name: 'f', data: undefined, slow: true })
    expect(last()).toStrictEqual({ name: 'f' })
  })

  test('of 6 MB crosses, one character more does not', async () => {
    const { call, calls } = answering(1)
    const data = { text: 'x'.repeat(LIMITS.valueChars - '{"text":""}'.length) }
    await callFunction('server', call, { name: 'f', data })
    expect(calls).toHaveLength(1)
    const error = await rejectionOf(
      callFunction('server', call, { name: 'f', data: { text: `${data.text}x` } }),
    )
    expect(error['errCode']).toBe(-501007)
    expect(error.message).toContain('may be 6291456 at most. Pass a fileID instead.')
    expect(calls).toHaveLength(1)
  })
})

describe('arguments', () => {
  const circular: Record<string, unknown> = {}
  circular['self'] = circular

  test.each([
    [
      undefined,
      'callFunction:fail undefined . Params for callFunction must be an object instead of undefined',
    ],
    ['sum', 'callFunction:fail undefined . Params for callFunction must be an object instead of string'],
    [{ name: 5 }, 'parameter.name should be string instead of number;'],
    [{ name: 'f', data: 'x' }, 'parameter.data should be object instead of string;'],
    [{ name: 'f', data: [] }, 'parameter.data should be object instead of array;'],
    [{ name: 'f', data: null }, 'parameter.data should be object instead of null;'],
    [{ name: 'f', data: { n: 1n } }, 'callFunction:fail Do not know how to serialize a BigInt'],
  ])('%#', async (options, errMsg) => {
    const { call, calls } = answering(1)
    expect({ ...(await rejectionOf(callFunction('server', call, options))) }).toStrictEqual({
      errCode: -1,
      errMsg,
    })
    expect(calls).toStrictEqual([])
  })

  test('circular data', async () => {
    const { call } = answering(1)
    const server = await rejectionOf(callFunction('server', call, { name: 'f', data: circular }))
    expect(server['errCode']).toBe(-1)
    expect(server.message).toContain('callFunction:fail 对象出现了循环引用')
    const client = await rejectionOf(callFunction('client', call, { name: 'f', data: circular }))
    expect(client['errCode']).toBe(-402001)
  })

  test("an error of toJSON is the caller's own", async () => {
    const data = {
      toJSON: () => {
        throw new RangeError('mine')
      },
    }
    const error = await rejectionOf(callFunction('server', answering(1).call, { name: 'f', data }))
    expect(error.message).toBe('callFunction:fail mine')
  })

  test('on clients have their own number', async () => {
    const error = await rejectionOf(callFunction('client', answering(1).call, { name: 5 }))
    expect({ ...error }).toStrictEqual({
      errCode: -401003,
      errMsg:
        'cloud.callFunction:fail Error: errCode: -401003 api parameter type error | errMsg: parameter.name should be string instead of number;',
    })
  })
})
