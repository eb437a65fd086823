import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'

let host: FunctionHost
beforeEach(() => {
  host = new FunctionHost()
})
afterEach(() => host.close())

async function run(files: Record<string, string>, event: Record<string, unknown> = {}): Promise<unknown> {
  await host.deploy('f', { files })
  return (await host.invoke('f', event)).result
}

const TSCONFIG = '{ /* as tsc reads it */ "compilerOptions": { "experimentalDecorators": true } }'

describe('TypeScript', () => {
  const programs: readonly (readonly [what: string, files: Record<string, string>, result: unknown])[] = [
    [
      'types, enums, namespaces, parameter properties and assertions',
      {
        'index.ts': `enum Color { Red, Green = 5, Blue }
          const enum Inlined { A = 7 }
          namespace Space { export const inner = 'in'; export namespace Deep { export const x = 1 } }
          class Point { constructor(readonly x: number, private y = 2) {} sum(): number { return this.x + this.y } }
          abstract class Base<T> { abstract get(): T }
          class Own extends Base<string> { override get() { return 'got' } }
          type Event = { readonly n: number }
          declare const nothing: string
          function over(a: string): string
          function over(a: unknown) { return a as string }
          export const main = async (event: Event) => [Color.Blue, Color[5], Inlined.A, Space.inner, Space.Deep.x,
            new Point(1).sum(), new Own().get(), over('o')!, (<T,>(x: T) => x)(3), event satisfies Event && 1]`,
      },
      [6, 'Green', 7, 'in', 1, 3, 'got', 'o', 3, 1],
    ],
    [
      'imports with and without extension, as JavaScript, of types, folders and JSON',
      {
        'index.ts': `import { a } from './a'; import { b } from './b.js'; import { c } from './c.ts'; import { m } from './m.mjs'
          import lib from './lib'; import data from './data.json'; import type { T } from './types'; import { type U, u } from './types'
          import { OnlyType } from './types'
          export { OnlyType as PassedOn } from './types'
          const typed: OnlyType | T | U = 1
          export const main = async () => [a, b, c, m, lib, data.json, u, typed, (await import('./a')).a, (await import('./' + 'b')).b]`,
        'a.ts': "export const a = 'a'",
        'b.ts': "export const b: string = 'b'",
        'c.ts': "export const c = 'c'",
        'm.mts': "export const m = 'm'",
        'lib/index.ts': "export default 'lib'",
        'data.json': '{"json": 1}',
        'types.ts':
          'export type T = number; export type U = number; export type OnlyType = number; export const u = 1',
      },
      ['a', 'b', 'c', 'm', 'lib', 1, 1, 1, 'a', 'b'],
    ],
    [
      'CommonJS: exports.main, import = and export =',
      {
        'index.ts': `import helper = require('./helper.cts')
          interface Event { n: number }
          exports.main = (event: Event): unknown => [helper(event.n), typeof module, __filename]`,
        'helper.cts': 'export = (n: number): number => n * 2',
      },
      [6, 'object', '/var/user/index.ts'],
    ],
    [
      'import in a file that is CommonJS by package.json or extension means require',
      {
        'package.json': '{"type": "commonjs"}',
        'index.ts': `import { one } from './one.cjs'; import whole from './two'
          export const main = (n: { n: number }) => [one, whole, typeof require, __dirname]`,
        'one.cjs': 'exports.one = 1',
        'two.js': "exports.__esModule = true; exports.default = 'two'",
      },
      [1, 'two', 'function', '/var/user'],
    ],
    [
      'decorators: the language’s own',
      {
        'index.ts': `const seen: string[] = []
          function log(value: Function, context: ClassMethodDecoratorContext) { seen.push(String(context.name)); return value as any }
          class A { @log run(): number { return 1 } }
          export const main = () => [new A().run(), seen]`,
      },
      [1, ['run']],
    ],
    [
      'decorators as tsconfig.json has them',
      {
        'tsconfig.json': TSCONFIG,
        'index.ts': `const seen: string[] = []
          const log = (target: object, key: string) => { seen.push(key) }
          class A { @log field = 1; @log method() {} }
          export const main = () => seen`,
      },
      ['field', 'method'],
    ],
    [
      'JSX',
      {
        'index.tsx': '',
        'index.ts': `import { view } from './view'
          export const main = () => view('x')`,
        'view.tsx': `const React = { createElement: (tag: string, props: object | null, ...children: unknown[]) => ({ tag, props, children }) }
          export const view = (name: string) => <p id="a">{name}</p>`,
      },
      { tag: 'p', props: { id: 'a' }, children: ['x'] },
    ],
    [
      'the SDK',
      {
        'index.ts': `import cloud, { DYNAMIC_CURRENT_ENV } from 'wx-server-sdk'
          import * as all from 'wx-server-sdk'
          cloud.init({ env: DYNAMIC_CURRENT_ENV })
          export async function main() { return [typeof cloud.database().command.gt, all.init === cloud.init] }`,
      },
      ['function', true],
    ],
    [
      'an export of the default',
      { 'index.mts': 'export default { main: (event: { n: number }) => event.n }' },
      3,
    ],
    [
      'a package in TypeScript',
      {
        'index.ts': "import { p } from 'p'; export const main = () => p",
        'node_modules/p/package.json': '{"exports": "./p.ts"}',
        'node_modules/p/p.ts': 'export const p: string = "p"',
      },
      'p',
    ],
  ]

  test.each(programs)('%s', async (_what, files, result) => {
    expect(await run(files, { n: 3 })).toMatchObject(result as object)
  })
})

describe('the file a function starts with', () => {
  test.each([
    ['index.js', "exports.main = () => 'js'"],
    ['index.mjs', "export const main = () => 'mjs'"],
    ['index.cjs', "exports.main = () => 'cjs'"],
    ['index.ts', "export const main = (): string => 'ts'"],
    ['index.mts', "export const main = (): string => 'mts'"],
    ['index.cts', "export const main = (): string => 'cts'"],
  ])('%s', async (name, text) => {
    const files: Record<string, string> = { [name]: text, 'package.json': '{"main": "other.js"}' }
    expect(await run({ ...files, 'other.js': '' })).toBe(name.slice('index.'.length))
  })

  test('index.js goes before what it may have been made from', async () => {
    const files = { 'index.js': "exports.main = () => 'js'", 'index.ts': 'not ( TypeScript' }
    expect(await run(files)).toBe('js')
  })

  test.each(['dist/app.js', './dist/app', 'dist/app/'])('main %s of package.json', async main => {
    const text = 'exports.main = () => [require.main === module, module.id, __filename]'
    const file = main.endsWith('/') ? 'dist/app/index.js' : 'dist/app.js'
    expect(await run({ 'package.json': JSON.stringify({ main }), [file]: text })).toEqual([
      true,
      '.',
      `/var/user/${file}`,
    ])
  })

  test.each([
    [{ 'app.js': '' }, /no index\.js at its top level \(found: app\.js\)\. Add an index\.js/],
    [{ 'package.json': '{"main": "gone.js"}' }, /"main" in its package\.json, "gone\.js", is no file of it/],
    [{ 'package.json': '{"main": ' }, /no index\.js/],
    [{}, /it is empty/],
  ])('none: %j', async (files, message) => {
    await expect(host.deploy('f', { files })).rejects.toMatchObject({
      code: 'CLOUDLET_DEPLOY',
      file: 'index.js',
      message: expect.stringMatching(message),
    })
  })
})

describe('an ES module that waits', () => {
  test('is waited for once, and sets timers and calls the host while it does', async () => {
    await host.deploy('f', {
      files: {
        'index.mjs': `import cloud from 'wx-server-sdk'
          cloud.init()
          await cloud.database().createCollection('made')
          const { total } = await cloud.database().collection('made').count()
          await new Promise(resolve => setTimeout(resolve, 5))
          let calls = 0
          export const main = async () => [total, ++calls]`,
      },
    })
    expect((await host.invoke('f')).result).toEqual([0, 1])
    expect((await host.invoke('f')).result).toEqual([0, 2])
  })

  test('a handler with a callback, and one that returns nothing', async () => {
    const wait = 'await new Promise(resolve => setTimeout(resolve, 1));'
    const back = `${wait} export const main = (e, c, back) => { setTimeout(() => back(null, 'called'), 1) }`
    expect(await run({ 'index.mjs': back })).toBe('called')
    expect(await run({ 'index.mjs': `${wait} export const main = () => {}` })).toBeNull()
  })

  test('one that throws does not load, each time', async () => {
    await host.deploy('f', { files: { 'index.mjs': "await 1\nthrow new TypeError('late')" } })
    const wanted = {
      code: 'CLOUDLET_DEPLOY',
      message: expect.stringContaining('TypeError: late (index.mjs:2:7)'),
    }
    await expect(host.invoke('f')).rejects.toMatchObject(wanted)
    await expect(host.invoke('f')).rejects.toMatchObject(wanted)
  })

  test('one that never ends meets the deadline', async () => {
    await host.deploy('f', {
      files: { 'index.mjs': 'await new Promise(() => {}); export const main = () => 1' },
      config: { timeout: 0.2 },
    })
    await expect(host.invoke('f')).rejects.toMatchObject({ code: 'CLOUDLET_DEADLINE' })
  })

  test('one without main', async () => {
    await host.deploy('f', { files: { 'index.mjs': 'await 1; export const other = 1' } })
    await expect(host.invoke('f')).rejects.toMatchObject({
      code: 'CLOUDLET_DEPLOY',
      message: expect.stringContaining('exports.main is missing'),
    })
  })
})

describe('what can’t be', () => {
  test('a native addon says what it is', async () => {
    const files = {
      'index.js': "exports.main = () => require('addon')",
      'node_modules/addon/package.json': '{"main": "build/addon.node"}',
      'node_modules/addon/build/addon.node': '\x7fELF',
    }
    await host.deploy('f', { files })
    await expect(host.invoke('f')).rejects.toMatchObject({
      guest: {
        message: expect.stringMatching(/addon\.node is a native addon.*JavaScript or WebAssembly/),
        fields: { code: 'ERR_DLOPEN_FAILED' },
      },
    })
  })

  test.each([
    ['module.register()', "require('module').register('x')"],
    ['module.registerHooks()', "require('module').registerHooks({})"],
  ])('%s', async (name, code) => {
    await host.deploy('f', { files: { 'index.js': `exports.main = () => ${code}` } })
    await expect(host.invoke('f')).rejects.toMatchObject({
      guest: { message: expect.stringContaining(`${name} is not offered`) },
    })
  })

  test('an import of a scheme that isn’t offered', async () => {
    await host.deploy('f', { files: { 'index.js': "exports.main = () => import('https://x.y/z.mjs')" } })
    await expect(host.invoke('f')).rejects.toMatchObject({
      guest: {
        fields: { code: 'ERR_UNSUPPORTED_ESM_URL_SCHEME' },
        message: expect.stringContaining("'https:'"),
      },
    })
  })
})
