import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { checkCloudPath, isCloudPath } from '../../src/storage/cloud-path.ts'

describe('cloudPath', () => {
  test.each(['a', 'a/b/c.png', '.hidden', '...', 'a/..b', '中文/文件 名.txt', 'a\u{1F600}', '%2e%2e', '\\'])(
    '%j is taken as it is',
    path => {
      expect(checkCloudPath(path)).toBe(path)
    },
  )

  test.each([
    ['', /must not be empty/],
    ['/a', /must not start with "\/"/],
    ['a/', /must not end with "\/"/],
    ['a//b', /must not contain "\/\/"/],
    ['..', /"\." or "\.\."/],
    ['a/../b', /"\." or "\.\."/],
    ['./a', /"\." or "\.\."/],
    ['a/.', /"\." or "\.\."/],
    ['a\0b', /control characters/],
    ['a\nb', /control characters/],
    ['a\u007f', /control characters/],
    ['a\u0085', /control characters/],
    ['a\ud800', /well-formed/],
    [undefined, /must be a string, not undefined/],
    [null, /must be a string, not null/],
    [7, /must be a string, not number/],
    [['a'], /must be a string, not array/],
  ])('%j is refused and the rule named', (path, rule) => {
    expect(isCloudPath(path)).toBe(false)
    expect(() => checkCloudPath(path)).toThrow(
      expect.objectContaining({ code: 'CLOUDLET_STORAGE', reason: 'INVALID_PARAM' }),
    )
    expect(() => checkCloudPath(path)).toThrow(rule)
  })

  test('850 bytes are taken, 851 refused, whatever a character takes', () => {
    expect(isCloudPath('x'.repeat(LIMITS.cloudPathBytes))).toBe(true)
    expect(isCloudPath('x'.repeat(LIMITS.cloudPathBytes + 1))).toBe(false)
    const threeByteChars = '中'.repeat(Math.floor(LIMITS.cloudPathBytes / 3))
    expect(isCloudPath(`${threeByteChars}x`)).toBe(true)
    expect(isCloudPath(`${threeByteChars}xx`)).toBe(false)
  })

  test('a message stays short for a very long path', () => {
    expect(() => checkCloudPath('x'.repeat(1_000_000))).toThrow(/^.{0,300}$/)
  })
})
