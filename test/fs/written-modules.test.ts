import { afterAll, beforeAll, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'

let host: FunctionHost
beforeAll(() => {
  host = new FunctionHost()
})
afterAll(() => host.close())

async function run(name: string, body: string): Promise<unknown> {
  const source = `const fs = require('fs')\nexports.main = async () => { ${body} }`
  await host.deploy(name, { files: { 'index.js': source } })
  return (await host.invoke(name)).result
}

test('what a function wrote to /tmp, it can require: scripts, JSON, folders, and each other', async () => {
  const told = await run(
    'written',
    `fs.mkdirSync('/tmp/lib'); fs.writeFileSync('/tmp/lib/index.js', 'exports.name = __filename; exports.other = require("../data"); exports.path = require("path").sep')
     fs.writeFileSync('/tmp/data.json', '{"a":1}'); fs.writeFileSync('/tmp/x.js', 'module.exports = () => require("./lib")')
     return [require('/tmp/x.js')(), require('/tmp/x') === require('/tmp/x.js'), require.resolve('/tmp/lib')]`,
  )
  expect(told).toEqual([{ name: '/tmp/lib/index.js', other: { a: 1 }, path: '/' }, true, '/tmp/lib/index.js'])
})

test('as it is when it is first required, or required again after the cache was cleared', async () => {
  const told = await run(
    'again',
    `const path = '/tmp/x.js'; fs.writeFileSync(path, 'module.exports = 1'); const first = require(path)
     fs.writeFileSync(path, 'module.exports = 2'); const second = require(path); delete require.cache[path]
     return [first, second, require(path)]`,
  )
  expect(told).toEqual([1, 1, 2])
})

test('what is no JavaScript throws; what throws says where', async () => {
  const told = await run(
    'wrong',
    `const tell = act => { try { act() } catch (error) { return [error.name, error.code, error.stack.includes('/tmp/throws.js:2')] } }
     fs.writeFileSync('/tmp/wrong.js', 'var ='); fs.writeFileSync('/tmp/wrong.json', '{'); fs.writeFileSync('/tmp/throws.js', '\\nthrow new Error("here")')
     return ['/tmp/wrong.js', '/tmp/wrong.json', '/tmp/throws.js', '/tmp/none.js', '/etc/passwd'].map(path => tell(() => require(path)))`,
  )
  expect(told).toEqual([
    ['SyntaxError', null, false],
    ['SyntaxError', null, false],
    ['Error', null, true],
    ['Error', 'MODULE_NOT_FOUND', false],
    ['Error', 'MODULE_NOT_FOUND', false],
  ])
})
