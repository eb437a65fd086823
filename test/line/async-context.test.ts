import { expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'

test('what enterWith was given in one invocation is nothing of the next one’s', async () => {
  await using host = new FunctionHost()
  const source = `const { AsyncLocalStorage } = require('node:async_hooks')
    const user = new AsyncLocalStorage()
    exports.main = ({ name }) => {
      const before = user.getStore()
      user.enterWith(name)
      return [before ?? null, user.getStore()]
    }`
  await host.deploy('f', { files: { 'index.js': source }, config: { concurrency: 1 } })
  const ask = async (name: string): Promise<unknown> => (await host.invoke('f', { name })).result
  for (const name of ['a', 'b', 'c']) expect(await ask(name)).toEqual([null, name])
  const names = Array.from({ length: 256 }, (_, n) => `${n}`)
  expect(await Promise.all(names.map(ask))).toEqual(names.map(name => [null, name]))
})
