import { expect, test } from 'vitest'
import { ByteBudget } from '../../src/transport/byte-budget.ts'
import { KeptAnswers } from '../../src/transport/kept-answers.ts'

const COUNT = 1000

/** A message as the codec makes it: a part of memory that many share. */
function messageIn(memoryBytes: number, length: number): Uint8Array {
  return new Uint8Array(memoryBytes).subarray(100, 100 + length).fill(7)
}

test.each([
  ['small ones', 8192, 120],
  ['middling ones', 64 * 1024, 5000],
])('%s hold no more memory than is counted, whatever they were made in', (_, memoryBytes, length) => {
  const account = new ByteBudget(2 ** 40)
  const kept = new KeptAnswers(account)
  for (let index = 0; index < COUNT; index++) kept.add(messageIn(memoryBytes, length))
  const memory = new Set(kept.all().map(({ buffer }) => buffer))
  let heldBytes = 0
  for (const { byteLength } of memory) heldBytes += byteLength
  expect(heldBytes).toBeLessThan(kept.bytes * 1.4)
  expect(account.usedBytes).toBe(kept.bytes)
  expect(kept.all()).toHaveLength(COUNT)
  for (const message of kept.all()) expect(message).toEqual(new Uint8Array(length).fill(7))
  kept.acknowledge(COUNT)
  expect(kept.all()).toHaveLength(0)
  expect(account.usedBytes).toBe(0)
})
