import { readFileSync } from 'node:fs'
import { builtinModules, createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'

const nodeRequire = createRequire(import.meta.url)
const text = readFileSync(new URL('../../docs/node-compat-builtins.md', import.meta.url), 'utf8')
const rows = [...text.matchAll(/^\| `(?<name>[\w:/]+)` \| (?<status>\w+) \| (?<note>.*?) ?\|$/gm)].map(
  ({ groups }) => groups as { name: string; status: string; note: string },
)
const withStatus = (...statuses: string[]) => rows.filter(({ status }) => statuses.includes(status))

/** What a module gives a function, and, if it is used, which of its functions and classes say that they can't be had. */
const LOOK = `const named = () => require('module')
exports.main = ({ name, isUsed }) => {
  let module
  try { module = require(name) } catch (error) { return { failure: error.message } }
  const refused = [], messages = []
  for (const key of Object.keys(module)) {
    if (!isUsed || typeof module[key] !== 'function') continue
    try { /^[A-Z]/.test(key) ? new module[key]() : module[key]('x') }
    catch (error) { if (error.code === 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM') { refused.push(key); messages.push(error.message) } }
  }
  return { names: Object.keys(module), functions: Object.keys(module).filter(key => typeof module[key] === 'function'), refused, messages,
    sameWithScheme: require(name.startsWith('node:') ? name : 'node:' + name) === module }
}`

interface Look {
  readonly failure?: string
  readonly names: string[]
  readonly functions: string[]
  readonly refused: string[]
  readonly messages: string[]
  readonly sameWithScheme: boolean
}

let host: FunctionHost
beforeAll(async () => {
  host = new FunctionHost()
  await host.deploy('look', { files: { 'index.js': LOOK } })
})
afterAll(() => host.close())

async function look(name: string, isUsed = false): Promise<Look> {
  return (await host.invoke('look', { name, isUsed })).result as Look
}

test('the table has every public module of Node', () => {
  const names = builtinModules.filter(name => !name.startsWith('_'))
  expect(rows.map(({ name }) => name)).toEqual(names)
})

describe('offered or partly: all that Node’s has, but for what the table names', () => {
  test.each(withStatus('offered', 'partly'))('$name', async ({ name, status, note }) => {
    const { failure, names, sameWithScheme } = await look(name)
    expect(failure).toBeUndefined()
    expect(sameWithScheme).toBe(true)
    const own = Object.keys(nodeRequire(name) as object)
    const missing = own.filter(key => key !== 'default' && !names.includes(key))
    if (name === 'process') return
    if (status === 'offered') expect(missing).toEqual([])
    expect(missing.filter(key => !note.includes(`\`${key}\``))).toEqual([])
  })
})

describe('refused: it loads, has Node’s shape, and what is used of it says why not', () => {
  test.each(withStatus('refused'))('$name', async ({ name, note }) => {
    const { failure, names, functions, refused, messages } = await look(name, true)
    expect(failure).toBeUndefined()
    const own = Object.keys(nodeRequire(name) as object)
    expect(own.filter(key => key !== 'default' && !names.includes(key))).toEqual([])
    const answering = functions.filter(key => !refused.includes(key))
    expect(answering.filter(key => !note.includes(`\`${key}`))).toEqual([])
    expect(refused.length).toBeGreaterThan(0)
    const shown = name.replace(/^node:/, '').replaceAll('/', '\\/')
    for (const message of messages) {
      expect(message).toMatch(
        new RegExp(`^The feature ${shown}\\.\\w+ is unavailable on the current platform, .*: .+\\.$`),
      )
    }
  })
})

test('names that Node knows only with its scheme are a package’s without it', async () => {
  for (const name of ['sqlite', 'test', 'sea', 'ffi']) {
    expect((await look(name)).failure).toContain(`Cannot find module '${name}'`)
  }
})

test('vm runs code in the one context there is', async () => {
  const source = `const vm = require('vm')
    const tell = act => { try { return act() } catch (error) { return [error.name, error.code, error.message.slice(0, 60)] } }
    exports.main = () => [
      vm.runInThisContext('1 + 1'), new vm.Script('globalThis.x = 5; x + 1', { filename: 'a.js' }).runInThisContext(), globalThis.x,
      vm.compileFunction('return a + b', ['a', 'b'])(1, 2), vm.isContext({}),
      tell(() => new vm.Script('var =')), tell(() => vm.createContext({})), tell(() => vm.runInNewContext('1')), tell(() => vm.runInThisContext(5)),
      tell(() => { try { vm.runInThisContext('throw new Error("here")', 'named.js') } catch (error) { return error.stack.includes('named.js') } }),
    ]`
  await host.deploy('vm', { files: { 'index.js': source } })
  const refused = ['TypeError', 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM']
  const { result } = await host.invoke('vm')
  expect(result).toEqual([
    ...[2, 6, 5, 3, false],
    ['SyntaxError', null, "Unexpected token '='"],
    [...refused, 'The feature vm.createContext is unavailable on the current pl'.slice(0, 60)],
    [...refused, 'The feature vm.runInNewContext is unavailable on the current '.slice(0, 60)],
    ['TypeError', 'ERR_INVALID_ARG_TYPE', 'The "code" argument must be of type string. Received type nu'],
    true,
  ])
})
