import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSimulator } from '../../src/simulator/simulator.ts'
import { NO_HOST, openPhone, openProject, writeFolder } from './open-phone.ts'

/** A project of one page whose script is this. */
const project = (script: string, more: Record<string, string> = {}): Record<string, string> => ({
  'app.json': '{"pages":["pages/a/a"]}',
  'pages/a/a.js': script,
  ...more,
})

/** What the page's script sees, as its data. */
const see = async (expression: string, more: Record<string, string> = {}): Promise<unknown> => {
  const user = await openPhone(project(`const seen = ${expression}; Page({ data: { seen } })`, more))
  return (await user.open()).data['seen']
}

describe('require', () => {
  test.each([
    ['a relative path', '../../utils/time', 'utils/time.js'],
    ['with its extension', '../../utils/time.js', 'utils/time.js'],
    ['a folder', '../../utils', 'utils/index.js'],
    ['from the root', '/utils/time', 'utils/time.js'],
    ['beside it, without a dot', 'near', 'pages/a/near.js'],
    ['a package', 'dayjs', 'miniprogram_npm/dayjs/index.js'],
    ['a package of a subpackage', 'dayjs', 'pages/miniprogram_npm/dayjs/index.js'],
    ['a file of a package', 'dayjs/plugin', 'miniprogram_npm/dayjs/plugin.js'],
  ])('finds %s', async (_what, specifier, file) => {
    expect(await see(`require('${specifier}').name`, { [file]: `exports.name = '${file}'` })).toBe(file)
  })

  test('knows a module by its file, whatever way led to it', async () => {
    const seen = await see(`require('/utils/../utils/x') === require('../../utils/x.js')`, {
      'utils/x.js': '',
    })
    expect(seen).toBe(true)
  })

  test('reads JSON', async () => {
    expect(await see(`require('./a-list.json')`, { 'pages/a/a-list.json': '[1, 2]' })).toEqual([1, 2])
  })

  test('evaluates a module once, also in a circle', async () => {
    const seen = await see(
      `[require('./one').count(), require('../a/one.js').count(), require('./two').name]`,
      {
        'pages/a/one.js': `let n = 0; exports.count = () => ++n; exports.two = require('./two')`,
        'pages/a/two.js': `exports.one = require('./one'); exports.name = 'two'`,
      },
    )
    expect(seen).toEqual([1, 2, 'two'])
  })

  test.each([
    ['../../../etc/passwd', /module '\.\.\/etc\/passwd\.js' is not defined/],
    ['../../..', /is not defined/],
    ['/../secret', /is not defined/],
    ['fs', /module 'pages\/a\/fs\.js' is not defined, require args is 'fs' in pages\/a\/a\.js/],
    ['node:fs', /is not defined/],
    ['./typed.d', /is not defined/],
  ])('does not find %s', async (specifier, problem) => {
    const user = await openPhone(project(`require('${specifier}')`, { '.git/secret.js': '' }))
    await expect(user.open()).rejects.toThrow(problem)
  })

  test.each(['../../../secret', '/../secret', '/pages/../../secret', '../../../secret.js'])(
    'does not leave the project by %s',
    async specifier => {
      const files = {
        'app.js': 'App({})',
        'app.json': '{"pages":["pages/a/a"]}',
        'pages/a/a.js': `require('${specifier}')`,
      }
      const inside = Object.entries(files).map(([name, text]) => [`mini/${name}`, text])
      const user = await openPhone({
        ...Object.fromEntries(inside),
        'project.config.json': '{"miniprogramRoot":"mini"}',
        'secret.js': 'module.exports = 1',
      })
      await expect(user.open()).rejects.toThrow(/is not defined/)
    },
  )

  test('runs what a TypeScript compiler made', async () => {
    const compiled = `"use strict";
      Object.defineProperty(exports, "__esModule", { value: true });
      const util_1 = require("./util");
      const wx_1 = wx;
      Page({ data: { seen: util_1.default(3), hasWx: wx_1 === wx } });`
    const util = `"use strict"; Object.defineProperty(exports, "__esModule", { value: true });
      exports.default = double; function double(n) { return n * 2; }`
    const user = await openPhone(project(compiled, { 'pages/a/util.js': util }))
    expect((await user.open()).data).toEqual({ seen: 6, hasWx: true })
  })

  test('runs ES modules and TypeScript as they are written', async () => {
    const folder = await writeFolder({
      'app.json': '{"pages":["pages/a/a"]}',
      'app.ts': `import { name } from './config'; App<{ name: string }>({ name })`,
      'config.ts': `export const name: string = 'typed'`,
      'pages/a/a.ts': `import double, { unit as named } from '../../utils/double'
        import * as all from '../../utils/double'
        import old from '../../utils/old'
        const app = getApp<{ name: string }>()
        interface Data { seen: unknown[] }
        Page<Data, object>({ data: { seen: [] }, onLoad(): void {
          this.setData({ seen: [app.name, double(2), named, Object.keys(all).sort(), old.kind] }) } })`,
      'utils/double.js': `export default function double(n) { return n * 2 }\nexport const unit = 'px'`,
      'utils/old.js': `module.exports = { kind: 'CommonJS' }`,
    })
    const simulator = createSimulator({ url: NO_HOST, project: folder })
    onTestFinished(() => simulator.close())
    const user = simulator.addUser({})
    expect((await user.open()).data['seen']).toEqual(['typed', 4, 'px', ['default', 'unit'], 'CommonJS'])
  })

  test('tells where a script is wrong, of those that are loaded only', async () => {
    const wrong = await openPhone(project('\n\nexport const = 1', { 'other.ts': 'let x: =' }))
    await expect(wrong.open()).rejects.toThrow(/^pages\/a\/a\.js:3:14: /)
    const unused = await openPhone(project('Page({})', { 'other.ts': 'let x: =' }))
    await unused.open()
    const throwing = await openPhone(project(`\n\nthrow new Error('at the top')`))
    await expect(throwing.open()).rejects.toThrow(
      expect.objectContaining({ stack: expect.stringMatching(/pages\/a\/a\.js:3:/) }),
    )
  })

  test('finds what was changed at the next launch', async () => {
    const folder = await writeFolder({
      'app.json': '{"pages":["a"]}',
      'app.js': 'App({})',
      'a.ts': 'Page({ data: { n: 1 as number } })',
    })
    const simulator = createSimulator({ url: NO_HOST, project: folder })
    onTestFinished(() => simulator.close())
    const user = simulator.addUser({})
    expect((await user.open()).data).toEqual({ n: 1 })
    await writeFile(join(folder, 'a.ts'), 'Page({ data: { n: 2 as number } })')
    user.quit()
    expect((await user.open()).data).toEqual({ n: 2 })
  })
})

describe('globals', () => {
  test('are those of a mini-program, and may be shadowed', async () => {
    expect(
      await see(`[typeof process, typeof Buffer, typeof fetch, typeof __dirname, typeof setTimeout]`),
    ).toEqual(['undefined', 'undefined', 'undefined', 'undefined', 'function'])
    expect(await see(`(() => { const process = 1; return process })()`)).toBe(1)
    const user = await openPhone(
      project(`const fetch = 'mine', Buffer = 'too'; Page({ data: { fetch, Buffer } })`),
    )
    expect((await user.open()).data).toEqual({ fetch: 'mine', Buffer: 'too' })
  })

  test('are not put into Node’s', async () => {
    const user = await openPhone(project('Page({ data: {} })'))
    await user.open()
    for (const name of ['wx', 'App', 'Page', 'getApp', 'getCurrentPages'])
      expect(name in globalThis).toBe(false)
  })

  test('getApp and getCurrentPages know the app and the stack', async () => {
    const user = await openPhone({
      'app.js': `App({ globalData: { name: 'app' } })`,
      ...project(`const app = getApp()
        Page({ data: {}, onLoad() { const pages = getCurrentPages()
          this.setData({ name: app.globalData.name, count: pages.length, isMe: pages[0] === this }) } })`),
    })
    expect((await user.open()).data).toEqual({ name: 'app', count: 1, isMe: true })
    expect(user.app['globalData']).toEqual({ name: 'app' })
  })

  test('that are not simulated say so', async () => {
    await expect((await openPhone(project('Component({})'))).open()).rejects.toThrow(
      /^Component is not offered by cloudlet\/simulator.*miniprogram-simulate/,
    )
    await expect((await openPhone(project('Page({ behaviors: [{}] })'))).open()).rejects.toThrow(
      /^behaviors of Page is not offered/,
    )
  })

  test('are each user’s own: modules, app, wx and storage', async () => {
    const simulator = await openProject({
      'app.js': `App({ mine: [] })`,
      ...project(`const counter = require('../../counter')
        Page({ data: {}, onTap() { getApp().mine.push(counter.next()); wx.setStorageSync('last', counter.last())
          this.setData({ mine: getApp().mine, stored: wx.getStorageSync('last') }) } })`),
      'counter.js': `let n = 0; exports.next = () => ++n; exports.last = () => n`,
    })
    const [one, other] = [simulator.addUser({ openid: 'o-1' }), simulator.addUser({ openid: 'o-2' })]
    const [ones, others] = await Promise.all([one.open(), other.open()])
    ones.trigger('onTap')
    ones.trigger('onTap')
    others.trigger('onTap')
    expect(ones.data).toEqual({ mine: [1, 2], stored: 2 })
    expect(others.data).toEqual({ mine: [1], stored: 1 })
    expect(one.wx).not.toBe(other.wx)
    expect(one.wx.env.USER_DATA_PATH).not.toBe(other.wx.env.USER_DATA_PATH)
  })
})

describe('a project', () => {
  test('may be named by its project.config.json, with subpackages and an entry page', async () => {
    const user = await openPhone({
      'app.js': '',
      'project.config.json': '{"miniprogramRoot":"mini/","appid":"wx-of-project"}',
      'mini/app.js': 'App({})',
      'mini/app.json': JSON.stringify({
        entryPagePath: 'pages/home/home',
        pages: ['pages/a/a', 'pages/home/home'],
        subPackages: [{ root: '/shop/', pages: ['cart/cart'] }],
      }),
      'mini/pages/home/home.js': 'Page({ data: { at: "home" } })',
      'mini/shop/cart/cart.js': 'Page({ data: { at: "cart" } })',
    })
    expect((await user.open()).data).toEqual({ at: 'home' })
    expect((await user.open('/shop/cart/cart')).data).toEqual({ at: 'cart' })
    expect(user.wx.getAccountInfoSync().miniProgram['appId']).toBe('wx-of-project')
  })

  test.each([
    ['{}', /must list the pages/],
    ['[1]', /app\.json must hold a JSON object/],
    ['{"pages":', /app\.json can't be read as JSON/],
    ['{"pages":["a"],"tabBar":{"list":[{"pagePath":"b"}]}}', /tab bar's page "b" is not in "pages"/],
  ])('with app.json %s is refused', async (text, problem) => {
    await expect(openProject({ 'app.json': text })).rejects.toThrow(problem)
  })

  test('whose scripts do not call App or Page is refused', async () => {
    await expect((await openPhone({ ...project(''), 'app.js': '' })).open()).rejects.toThrow(
      /did not call App\(\)/,
    )
    await expect((await openPhone(project(''))).open()).rejects.toThrow(
      /the script of pages\/a\/a did not call Page\(\)/,
    )
    await expect((await openPhone(project(''))).open('/pages/b/b')).rejects.toThrow(
      'reLaunch:fail page "pages/b/b" is not found',
    )
  })
})
