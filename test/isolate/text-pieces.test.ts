import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'
import {
  firstPiece,
  furtherPieces,
  joinText,
  PIECE_CHARS,
  PIECED_CHARS,
} from '../../src/protocol/text-pieces.ts'

/** What isolated-vm copies: anything shorter than this, in bytes. */
const COPIED_BYTES = 1024
const LENGTHS = [PIECE_CHARS, PIECED_CHARS]
  .flatMap(length => [length - 1, length, length + 1])
  .concat(0, 1300)

describe('a text in pieces', () => {
  test.each(LENGTHS)('of %i characters comes out as it went in, around the buffers', length => {
    const text = '\u{1f600}'.repeat(length / 2 + 1).slice(0, length)
    const bytes = new ArrayBuffer(1)
    expect(joinText(firstPiece(text), [bytes, ...furtherPieces(text)])).toBe(text)
  })

  test('has none that isolated-vm would keep outside the heap, at two bytes a character', () => {
    const text = '云'.repeat(PIECED_CHARS)
    const pieces = [firstPiece(text), ...furtherPieces(text)]
    expect(Math.max(...pieces.map(({ length }) => length * 2))).toBeLessThan(COPIED_BYTES)
  })

  test('of a hostile guest is not put together beyond what makes it refused', () => {
    const half = 'x'.repeat(LIMITS.crossingChars / 2 + 1)
    const joined = joinText(
      half,
      Array.from({ length: 100 }, () => half),
    ) as string
    expect(joined.length).toBeGreaterThan(LIMITS.crossingChars)
    expect(joined.length).toBeLessThan(2 * LIMITS.crossingChars)
  })

  test('is nothing else than what the guest sent first, if that is no text', () => {
    expect(joinText(undefined, ['a', 'b'])).toBeUndefined()
  })
})

describe('between host and guest', () => {
  let host: FunctionHost
  beforeEach(() => {
    host = new FunctionHost({ publicUrl: 'http://127.0.0.1:1' })
  })
  afterEach(() => host.close())

  test('texts around the lengths of pieces arrive whole both ways, with bytes beside them', async () => {
    await host.deploy('echo', {
      files: {
        'index.js': `const cloud = require('wx-server-sdk')
          cloud.init()
          exports.main = async ({ text }) => {
            const { fileID } = await cloud.uploadFile({ cloudPath: 'x'.repeat(700) + '.txt', fileContent: text })
            const { fileContent } = await cloud.downloadFile({ fileID })
            const { fileList } = await cloud.getTempFileURL({ fileList: [fileID, 'cloud://' + text.slice(0, 2000)] })
            return { text: fileContent.toString(), other: fileList[1].fileID }
          }`,
      },
    })
    for (const length of LENGTHS.filter(length => length > 0)) {
      const text = 'ab云'.repeat(length / 3 + 1).slice(0, length)
      const { result } = await host.invoke('echo', { text })
      expect(result).toEqual({ text, other: `cloud://${text.slice(0, 2000)}` })
    }
  })

  test('what crossed leaves no memory outside the heap that waits for a full collection', async () => {
    await host.deploy('length', {
      files: { 'index.js': 'exports.main = async ({ text }) => ({ text })' },
      config: { memorySize: 128, concurrency: 1 },
    })
    const text = 'x'.repeat(4000)
    let count = 0
    const call = async (): Promise<void> => {
      while (count++ < 10_000) await host.invoke('length', { text })
    }
    // Many at once would be one text, too long for pieces.
    await Promise.all([call(), call()])
    // An isolate is measured when it was used, once a second.
    await sleep(1100)
    await host.invoke('length', { text: '' })
    await sleep(100)
    expect(host.stats().instances.memoryBytes).toBeLessThan(20 * 1024 * 1024)
  })
})
