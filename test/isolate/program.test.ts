import { expect, test } from 'vitest'
import { LocalIsolate, NOBODY } from '../../src/isolate/isolate.ts'
import { setV8Flags } from '../../src/isolate/v8-flags.ts'
import { FIRST_INVOCATION } from '../../src/protocol/first-invocation.ts'

test('a program that does not start is the answer to the first invocation', async () => {
  setV8Flags()
  const isolate = new LocalIsolate({ memoryMb: 16, runtime: 'plain', nodeNames: [] })
  const said: unknown[] = []
  isolate.listener = { ...NOBODY, onSent: text => said.push(...JSON.parse(String(text))) }
  await isolate.load({ source: '__cloudletStart({ entry: "/var/user/index.js", modules: null })' })
  const text = JSON.stringify([FIRST_INVOCATION])
  isolate.enter({ text, buffers: [], count: 1, isQuick: false, isFresh: true, mayLinger: false })
  await expect.poll(() => said).not.toEqual([])
  expect(said[0]).toMatchObject({ type: 'unloadable', failure: { name: 'TypeError' } })
  isolate.dispose()
})
