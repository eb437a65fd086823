import { afterEach, describe, expect, test } from 'vitest'
import { type DeployOptions, FunctionHost, type FunctionHostOptions } from '../../src/index.ts'

/** `(module (func (export "add") (param i32 i32) (result i32) …))` */
const SOURCE = `const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1,
    3, 97, 100, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11])
  const failure = error => ({ name: error.name, code: error.code, message: error.message })
  let loaded
  try { loaded = new WebAssembly.Module(bytes) } catch (error) { loaded = failure(error) }
  const ways = {
    loaded: () => new WebAssembly.Instance(loaded).exports.add(2, 3),
    module: () => new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.add(2, 3),
    compile: async () => new WebAssembly.Instance(await WebAssembly.compile(bytes)).exports.add(2, 3),
    instantiate: async () => (await WebAssembly.instantiate(bytes)).instance.exports.add(2, 3),
    instantiateModule: async () => (await WebAssembly.instantiate(await WebAssembly.compile(bytes))).exports.add(2, 3),
    extended: () => new (class extends WebAssembly.Module {})(bytes) instanceof WebAssembly.Module && 5,
    constructor: () => new WebAssembly.Memory({ initial: 1 }).constructor === WebAssembly.Memory && 5,
    memory: () => new WebAssembly.Memory({ initial: 1 }).buffer.byteLength / 65_536 * 5,
    tag: () => new WebAssembly.Tag({ parameters: ['i32'] }) && 5,
  }
  const others = {
    validate: () => [WebAssembly.validate(bytes), WebAssembly.validate(bytes.subarray(1))],
    wrong: () => Promise.all([WebAssembly.compile(new Uint8Array(8)).catch(failure), WebAssembly.instantiate(1).catch(failure)]),
    called: () => { try { WebAssembly.Module(bytes) } catch (error) { return failure(error) } },
    offered: () => [typeof WebAssembly.Suspending, typeof WebAssembly.promising, typeof WebAssembly.Table],
    shapes: () => [WebAssembly.compile.length, WebAssembly.instantiate.name, String(WebAssembly.Module), 'prototype' in WebAssembly.compile],
    written: () => { globalThis.WebAssembly = 7; return WebAssembly },
    around: () => {
      // None of these was made by the language itself: all must be behind the host's leave.
      const names = Object.getOwnPropertyNames(WebAssembly).filter(name => typeof WebAssembly[name] === 'function')
      return names.filter(name => WebAssembly[name].prototype?.constructor && WebAssembly[name].prototype.constructor !== WebAssembly[name])
    },
    asm: () => {
      const sum = new Function('"use asm"; function sum(a, b) { a = a | 0; b = b | 0; return (a + b) | 0 } return { sum: sum }')()
      return sum.sum(2, 3)
    },
  }
  const WAYS = Object.keys(ways)
  exports.main = async ({ way }) => {
    if (way !== 'all') return others[way]()
    const answers = {}
    for (const name of WAYS) answers[name] = await Promise.resolve().then(ways[name]).catch(failure)
    return answers
  }`
const WAYS = [
  'loaded',
  'module',
  'compile',
  'instantiate',
  'instantiateModule',
  'extended',
  'constructor',
  'memory',
  'tag',
]
const withAll = (answer: unknown): unknown => Object.fromEntries(WAYS.map(name => [name, answer]))

let host: FunctionHost
afterEach(() => host.close())

async function start(hostOptions: FunctionHostOptions, options?: DeployOptions): Promise<void> {
  host = new FunctionHost(hostOptions)
  await host.deploy('f', { files: { 'index.js': SOURCE } }, options)
}
const ask = async (way: string): Promise<unknown> => (await host.invoke('f', { way })).result

describe('with leave', () => {
  test.each([
    ['in a cell, by itself', { isolation: 'process' }, undefined],
    ['in the process, by itself', { isolation: 'in-process' }, undefined],
    ['in the process, if it was granted', { isolation: 'in-process' }, { capabilities: ['webAssembly'] }],
  ] as const)('every way to a module leads there: %s', async (_, hostOptions, options) => {
    await start(hostOptions, options as DeployOptions | undefined)
    expect(await ask('all')).toEqual(withAll(5))
    expect(await ask('validate')).toEqual([true, false])
  })

  test('bad modules fail as they do anywhere', async () => {
    await start({}, {})
    expect(await ask('wrong')).toEqual([
      { name: 'CompileError', message: expect.stringContaining('expected magic word') },
      { name: 'TypeError', message: expect.stringContaining('buffer source') },
    ])
    expect(await ask('called')).toEqual({ name: 'TypeError', message: expect.stringContaining('new') })
  })

  test('it looks as it does anywhere, without what can end the process for want of a stack', async () => {
    await start({}, { capabilities: ['webAssembly'] })
    expect(await ask('offered')).toEqual(['undefined', 'undefined', 'function'])
    expect(await ask('shapes')).toEqual([1, 'instantiate', 'function Module() { [native code] }', false])
    expect(await ask('around')).toEqual([])
    expect(await ask('written')).toBe(7)
  })
})

describe('without leave', () => {
  const refusal = {
    code: 'CLOUDLET_CAPABILITY_DENIED',
    message: expect.stringMatching(/webAssembly\.use.*capabilities/),
  }

  test.each([
    ['in the process', { isolation: 'in-process' }, { capabilities: ['database'] }],
    ['in a cell', { isolation: 'process' }, { capabilities: [] }],
  ] as const)('nothing is compiled, and the error says why: %s', async (_, hostOptions, options) => {
    await start(hostOptions, options as unknown as DeployOptions)
    const answers = (await ask('all')) as Record<string, unknown>
    const { loaded, ...others } = answers
    expect(others).toEqual(
      Object.fromEntries(
        WAYS.filter(name => name !== 'loaded').map(name => [name, expect.objectContaining(refusal)]),
      ),
    )
    expect(loaded).toMatchObject({ name: 'TypeError' })
    expect(await ask('validate')).toEqual([false, false])
  })

  test('asm.js runs as JavaScript', async () => {
    await start({})
    expect(await ask('asm')).toBe(5)
  })
})
