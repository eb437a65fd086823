import { expect, test } from 'vitest'
import { decodeFrame, encodeFrame } from '../../src/protocol/codec.ts'
import { freeMemory, noteWrite } from '../../src/protocol/message-memory.ts'

const MEGABYTE = 1024 * 1024

function makeMessage(contentBytes = MEGABYTE): Uint8Array {
  const args = { content: new Uint8Array(contentBytes).fill(7) }
  return encodeFrame({ type: 'call', id: 1, op: 'storage.upload', args })
}

test('a large message is gone when nobody needs it', () => {
  const message = makeMessage()
  freeMemory(message)
  expect(message.buffer.byteLength).toBe(0)
  freeMemory(message)
})

test('so are bytes that stand in one, with it', () => {
  // As it comes from a socket.
  const received = Uint8Array.from(makeMessage())
  const { args } = decodeFrame(received) as { args: { content: Uint8Array } }
  expect(args.content.buffer).toBe(received.buffer)
  freeMemory(args.content)
  expect(args.content.length).toBe(0)
})

test('not before all of its writes have ended', () => {
  const message = makeMessage()
  const first = noteWrite(message)
  const second = noteWrite(message)
  first?.(null)
  freeMemory(message)
  expect(message[message.length - 1]).toBe(7)
  second?.()
  expect(message.length).toBe(0)
})

test('one that was written stays as long as somebody may need it', () => {
  const message = makeMessage()
  noteWrite(message)?.()
  expect(message[message.length - 1]).toBe(7)
})

test('one whose write failed stays: nobody knows whether the system still reads it', () => {
  const message = makeMessage()
  const failed = noteWrite(message)
  const ended = noteWrite(message)
  failed?.(new Error('gone'))
  ended?.()
  freeMemory(message)
  expect(message[message.length - 1]).toBe(7)
})

test.each([
  ['small', (): Uint8Array => makeMessage(100)],
  [
    'a part of a larger memory',
    (): Uint8Array => Buffer.concat([makeMessage(), Buffer.alloc(1)]).subarray(0, -1),
  ],
])('one that is %s shares its memory, which stays', (_, make) => {
  const message = make()
  const before = Buffer.from(message)
  decodeFrame(message)
  expect(noteWrite(message)).toBeUndefined()
  freeMemory(message)
  expect(Buffer.compare(message, before)).toBe(0)
})
