import { describe, expect, test } from 'vitest'
import { type Representation, select } from '../../src/transport/http-conditions.ts'
import { readRange } from '../../src/transport/http-range.ts'

describe('readRange', () => {
  test.each([
    ['bytes=0-0', 10, { kind: 'part', start: 0, end: 1 }],
    ['bytes=0-9', 10, { kind: 'part', start: 0, end: 10 }],
    ['bytes=3-', 10, { kind: 'part', start: 3, end: 10 }],
    ['bytes=9-', 10, { kind: 'part', start: 9, end: 10 }],
    ['bytes=3-99999999999999999999999', 10, { kind: 'part', start: 3, end: 10 }],
    ['bytes=-1', 10, { kind: 'part', start: 9, end: 10 }],
    ['bytes=-10', 10, { kind: 'part', start: 0, end: 10 }],
    ['bytes=-11', 10, { kind: 'part', start: 0, end: 10 }],
    ['BYTES= 1-2 ', 10, { kind: 'part', start: 1, end: 3 }],
    ['bytes=10-', 10, { kind: 'unsatisfiable' }],
    ['bytes=99999999999999999999999-', 10, { kind: 'unsatisfiable' }],
    ['bytes=-0', 10, { kind: 'unsatisfiable' }],
    ['bytes=0-', 0, { kind: 'unsatisfiable' }],
    ['bytes=-5', 0, { kind: 'whole' }],
    ['bytes=5-3', 10, { kind: 'whole' }],
    ['bytes=0-1,3-4', 10, { kind: 'whole' }],
    ['bytes=', 10, { kind: 'whole' }],
    ['bytes=-', 10, { kind: 'whole' }],
    ['bytes=a-b', 10, { kind: 'whole' }],
    ['bytes=0x1-2', 10, { kind: 'whole' }],
    ['bytes=1.5-2', 10, { kind: 'whole' }],
    ['bytes 0-1', 10, { kind: 'whole' }],
    ['lines=0-1', 10, { kind: 'whole' }],
  ])('%s of %i bytes', (header, sizeBytes, answer) => {
    expect(readRange(header, sizeBytes)).toEqual(answer)
  })
})

describe('select', () => {
  const etag = '"v1"'
  const file: Representation = { etag, modifiedMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678), sizeBytes: 10 }
  const date = 'Fri, 02 Jan 2026 03:04:05 GMT'
  const earlier = 'Fri, 02 Jan 2026 03:04:04 GMT'
  const part = { kind: 'part', start: 0, end: 1 }

  test.each([
    [{}, 'whole'],
    [{ 'if-match': etag }, 'whole'],
    [{ 'if-match': '"other", "v1"' }, 'whole'],
    [{ 'if-match': '*' }, 'whole'],
    [{ 'if-match': '"other"' }, 'failed'],
    [{ 'if-match': 'W/"v1"' }, 'failed'],
    [{ 'if-match': 'v1' }, 'failed'],
    [{ 'if-unmodified-since': date }, 'whole'],
    [{ 'if-unmodified-since': earlier }, 'failed'],
    [{ 'if-unmodified-since': 'yesterday' }, 'whole'],
    [{ 'if-match': etag, 'if-unmodified-since': earlier }, 'whole'],
    [{ 'if-none-match': etag }, 'not-modified'],
    [{ 'if-none-match': 'W/"v1"' }, 'not-modified'],
    [{ 'if-none-match': '"a", "v1"' }, 'not-modified'],
    [{ 'if-none-match': '*' }, 'not-modified'],
    [{ 'if-none-match': '"other"' }, 'whole'],
    [{ 'if-modified-since': date }, 'not-modified'],
    [{ 'if-modified-since': 'Friday, 02-Jan-26 03:04:05 GMT' }, 'not-modified'],
    [{ 'if-modified-since': 'Fri Jan  2 03:04:05 2026' }, 'not-modified'],
    [{ 'if-modified-since': earlier }, 'whole'],
    [{ 'if-modified-since': '2026-01-02' }, 'whole'],
    [{ 'if-modified-since': 'Fri, 99 Jan 2026 03:04:05 GMT' }, 'whole'],
    [{ 'if-none-match': '"other"', 'if-modified-since': date }, 'whole'],
    [{ 'if-match': '"other"', 'if-none-match': etag }, 'failed'],
  ])('%j selects %s', (headers, kind) => {
    expect(select('GET', headers, file)).toEqual({ kind })
    expect(select('HEAD', headers, file)).toEqual({ kind })
  })

  test.each([
    [{}, part],
    [{ 'if-range': etag }, part],
    [{ 'if-range': date }, part],
    [{ 'if-range': '"other"' }, { kind: 'whole' }],
    [{ 'if-range': 'W/"v1"' }, { kind: 'whole' }],
    [{ 'if-range': earlier }, { kind: 'whole' }],
    [{ 'if-range': 'nonsense' }, { kind: 'whole' }],
    [{ 'if-none-match': etag }, { kind: 'not-modified' }],
    [{ 'if-match': '"other"' }, { kind: 'failed' }],
  ])('with a range, %j selects %j', (headers, selection) => {
    expect(select('GET', { range: 'bytes=0-0', ...headers }, file)).toEqual(selection)
  })

  test('a HEAD has no range', () => {
    expect(select('HEAD', { range: 'bytes=0-0' }, file)).toEqual({ kind: 'whole' })
  })

  test('a file of unknown age is modified by no date', () => {
    const ageless = { ...file, modifiedMs: undefined }
    expect(select('GET', { 'if-modified-since': date }, ageless)).toEqual({ kind: 'whole' })
    expect(select('GET', { 'if-unmodified-since': date }, ageless)).toEqual({ kind: 'whole' })
    expect(select('GET', { range: 'bytes=0-0', 'if-range': date }, ageless)).toEqual({ kind: 'whole' })
  })
})
