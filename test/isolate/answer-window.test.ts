import { describe, expect, test } from 'vitest'
import { AnswerWindow } from '../../src/isolate/answer-window.ts'
import type { HostAnswer } from '../../src/isolate/host-call.ts'
import { BrokenBridge } from '../../src/isolate/incoming.ts'
import { WINDOW_BYTES, WINDOW_HEADER_BYTES, WINDOW_REFUSE, WINDOW_REPLY } from '../../src/protocol/bridge.ts'

const CAPACITY = WINDOW_BYTES - WINDOW_HEADER_BYTES

/** Reads as the guest does: one piece after the other until it has as much as the header says. */
function read(answer: HostAnswer): {
  kind: number
  text: string
  content: Buffer | undefined
  pieces: number
} {
  const shared = new SharedArrayBuffer(WINDOW_BYTES)
  const header = new Int32Array(shared, 0, 4)
  const window = new AnswerWindow(shared)
  window.open(answer)
  const [state, kind = 0, chars = 0, contentMark = 0] = header
  expect(state).toBe(1)
  const size = chars * 2 + Math.max(contentMark - 1, 0)
  let bytes = Buffer.alloc(0)
  let pieces = 0
  for (;;) {
    const piece = Math.min(CAPACITY, size - bytes.length)
    bytes = Buffer.concat([bytes, Buffer.from(new Uint8Array(shared, WINDOW_HEADER_BYTES, piece))])
    pieces++
    expect(window.isDone).toBe(bytes.length === size)
    if (window.isDone) break
    header[0] = 0
    window.next()
    expect(header[0]).toBe(1)
  }
  const content = contentMark === 0 ? undefined : bytes.subarray(chars * 2)
  return { kind, text: bytes.toString('utf16le', 0, chars * 2), content, pieces }
}

test.each([
  ['a short text', { kind: 'reply', valueText: '{"a":"é"}' }, 1],
  ['a text as long as the window', { kind: 'reply', valueText: 'x'.repeat(CAPACITY / 2) }, 1],
  ['one character longer', { kind: 'reply', valueText: 'x'.repeat(CAPACITY / 2 + 1) }, 2],
  ['content across pieces', { kind: 'reply', valueText: '{}', content: Buffer.alloc(200_000, 'abc') }, 4],
  ['empty content', { kind: 'reply', valueText: '{}', content: new Uint8Array(0) }, 1],
] as const)('%s comes through', (_what, answer: HostAnswer & { kind: 'reply' }, pieces) => {
  const { content } = answer
  expect(read(answer)).toEqual({
    kind: WINDOW_REPLY,
    text: answer.valueText,
    content: content === undefined ? undefined : Buffer.from(content),
    pieces,
  })
})

test('a refusal says so', () => {
  expect(read({ kind: 'refuse', errorText: '{"code":"X"}' })).toMatchObject({
    kind: WINDOW_REFUSE,
    text: '{"code":"X"}',
  })
})

describe('no window', () => {
  test.each([
    ['nothing', undefined],
    ['an ordinary buffer', new ArrayBuffer(WINDOW_BYTES)],
    ['a smaller one', new SharedArrayBuffer(WINDOW_BYTES - 1)],
    ['a larger one', new SharedArrayBuffer(WINDOW_BYTES + 1)],
  ])('%s', (_what, shared) => {
    expect(() => new AnswerWindow(shared)).toThrow(BrokenBridge)
  })
})
