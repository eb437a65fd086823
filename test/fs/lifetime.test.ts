import { afterAll, beforeAll, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'

const COUNTER = `const fs = require('fs')
exports.main = async ({ waitMs, path = '/tmp/count', die }) => {
  if (die) for (;;) {}
  const before = fs.existsSync(path) ? Number(fs.readFileSync(path, 'utf8')) : 0
  fs.writeFileSync(path, String(before + 1))
  if (waitMs) await new Promise(resolve => setTimeout(resolve, waitMs))
  return before + 1
}`

let host: FunctionHost
beforeAll(() => {
  host = new FunctionHost({ timeoutMs: 1000 })
})
afterAll(() => host.close())

async function count(name: string, event: Record<string, unknown> = {}): Promise<unknown> {
  return (await host.invoke(name, event)).result
}

test('what is in /tmp is there for the next invocation of the instance', async () => {
  await host.deploy('warm', { files: { 'index.js': COUNTER }, config: { concurrency: 1 } })
  expect([await count('warm'), await count('warm'), await count('warm')]).toEqual([1, 2, 3])
})

test('and for no other instance, of the same function or another', async () => {
  await host.deploy('apart', { files: { 'index.js': COUNTER } })
  await host.deploy('other', { files: { 'index.js': COUNTER } })
  const both = await Promise.all([count('apart', { waitMs: 200 }), count('apart', { waitMs: 200 })])
  expect(both).toEqual([1, 1])
  expect(await count('other')).toBe(1)
})

test('it goes with the instance', async () => {
  await host.deploy('gone', { files: { 'index.js': COUNTER }, config: { concurrency: 1 } })
  expect(await count('gone')).toBe(1)
  await expect(host.invoke('gone', { die: true })).rejects.toMatchObject({ code: 'CLOUDLET_DEADLINE' })
  expect(await count('gone')).toBe(1)
  await host.deploy('gone', { files: { 'index.js': `${COUNTER}//` } })
  expect(await count('gone')).toBe(1)
})

test('descriptors stay open between invocations; callbacks of one that is over are not called', async () => {
  const source = `const fs = require('fs'); let fd; let late = 0
    exports.main = async ({ step }) => {
      if (step === 1) { fd = fs.openSync('/tmp/log', 'a'); fs.writeSync(fd, 'one '); return 'opened' }
      if (step === 2) { fs.stat('/tmp/log', () => setTimeout(() => { late++ }, 5)); return 'left' }
      await new Promise(resolve => setTimeout(resolve, 30))
      fs.writeSync(fd, 'three'); return [fs.readFileSync('/tmp/log', 'utf8'), late]
    }`
  await host.deploy('open', { files: { 'index.js': source }, config: { concurrency: 1 } })
  const told = []
  for (const step of [1, 2, 3]) told.push((await host.invoke('open', { step })).result)
  expect(told).toEqual(['opened', 'left', ['one three', 0]])
})

test('files asked for by callback hold the answer of callback', async () => {
  const source = `const fs = require('fs')
    exports.main = (event, context, callback) => {
      fs.readFile('index.js', (error, bytes) => fs.writeFile('/tmp/a', bytes, () => fs.readFile('/tmp/a', 'utf8', (error, text) => callback(error, text.length))))
    }`
  await host.deploy('callbacks', { files: { 'index.js': source } })
  expect((await host.invoke('callbacks')).result).toBe(source.length)
})

test('calls that follow each other without end let timers through', async () => {
  const source = `const fs = require('fs')
    exports.main = () => new Promise(resolve => {
      let isOver = false
      setTimeout(() => { isOver = true }, 20)
      const next = () => fs.stat('/tmp', () => { if (isOver) resolve('over'); else next() })
      next()
    })`
  await host.deploy('endless', { files: { 'index.js': source } })
  expect((await host.invoke('endless')).result).toBe('over')
})

test('an error thrown in a callback fails the invocation', async () => {
  const source = `const fs = require('fs')
    exports.main = () => new Promise(() => fs.stat('/tmp', () => { throw new Error('thrown in a callback') }))`
  await host.deploy('throws', { files: { 'index.js': source } })
  await expect(host.invoke('throws')).rejects.toMatchObject({
    code: 'CLOUDLET_FUNCTION_THREW',
    message: 'thrown in a callback',
  })
})

test('what is written to descriptors 1 and 2 is in the log; from 0 nothing comes', async () => {
  const source = `const fs = require('fs')
    exports.main = async () => {
      fs.writeSync(1, 'one\\ntwo '); fs.writeSync(1, Buffer.from([0xc3])); fs.writeSync(1, Buffer.from([0xa9, 10]))
      await new Promise(resolve => fs.write(2, 'wrong\\n', resolve))
      let seek; try { fs.writeSync(1, 'x', 5) } catch (error) { seek = error.code }
      return [fs.fstatSync(1).isFIFO(), fs.readFileSync(0, 'utf8'), seek, fs.openSync('index.js')]
    }`
  await host.deploy('standard', { files: { 'index.js': source } })
  const { result, logs } = await host.invoke('standard')
  expect(result).toEqual([true, '', 'ESPIPE', 3])
  expect(logs.map(({ level, message }) => [level, message])).toEqual([
    ['info', 'one'],
    ['info', 'two é'],
    ['error', 'wrong'],
  ])
})

test('a file can be had as a Blob', async () => {
  const source = `const fs = require('fs')
    exports.main = async () => {
      const blob = await fs.openAsBlob('index.js', { type: 'text/plain' })
      return [blob.size, blob.type, await blob.text(), (await fs.openAsBlob('none')).name]
    }`
  await host.deploy('blob', { files: { 'index.js': source } })
  const { result } = await host.invoke('blob')
  expect(result).toEqual([source.length, 'text/plain', source, 'NotReadableError'])
})

test('callbacks run in the asynchronous context in which they were given', async () => {
  const source = `const fs = require('fs')
    const { AsyncLocalStorage } = require('async_hooks')
    const store = new AsyncLocalStorage()
    const read = (name, ms) => store.run(name, () => new Promise(resolve =>
      fs.stat('/tmp', () => fs.readFile('index.js', () => resolve(store.getStore())))))
    exports.main = async () => [await Promise.all([read('one'), read('two')]), store.getStore()]`
  await host.deploy('context', { files: { 'index.js': source } })
  expect((await host.invoke('context')).result).toEqual([['one', 'two'], null])
})
