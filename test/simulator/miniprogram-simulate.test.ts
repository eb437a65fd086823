import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts'
import { writeFolder } from './open-phone.ts'
import { SmallNode, smallDocument } from './small-document.ts'

/** A component as a mini-program has it: it calls a function when it is tapped, and shows who was answered. */
const COMPONENT = {
  'sum.json': '{ "component": true }',
  'sum.wxml': '<view class="sum" bindtap="onTap">{{a}} + {{b}} = {{sum}} for {{openid}}</view>',
  'sum.js': `Component({
    properties: { a: Number, b: Number },
    data: { sum: '?', openid: 'nobody' },
    methods: {
      onTap() {
        wx.cloud.callFunction({
          name: 'sum',
          data: { a: this.data.a, b: this.data.b },
          success: ({ result }) => {
            this.setData(result)
            wx.setStorageSync('last', result.sum)
          },
        })
      },
    },
  })`,
}

const SUM = `const cloud = require('wx-server-sdk'); cloud.init()
exports.main = ({ a, b }) => ({ sum: a + b, openid: cloud.getWXContext().OPENID })`

interface Rendered {
  readonly dom: SmallNode
  attach(parent: SmallNode): void
  querySelector(selector: string): { dispatchEvent(event: string): void } | undefined
}

interface MiniprogramSimulate {
  load(path: string, options: object): string
  render(id: string, properties: object): Rendered
}

async function openSimulator(): Promise<Simulator> {
  const host = new FunctionHost()
  onTestFinished(() => host.close())
  await host.deploy('sum', { files: { 'index.js': SUM } })
  const { url } = await host.listen({ port: 0 })
  const simulator = createSimulator({ url })
  onTestFinished(() => simulator.close())
  return simulator
}

test('a component in miniprogram-simulate calls a function through our wx.cloud, as each user', async () => {
  const simulator = await openSimulator()
  const users = ['o-ming', 'o-hong'].map(openid => simulator.addUser({ openid }))
  vi.stubGlobal('window', globalThis)
  vi.stubGlobal('document', smallDocument)
  onTestFinished(() => void vi.unstubAllGlobals())
  // It brings a wx of its own, under what is there before: ours has what ours offers, and its own the rest.
  vi.stubGlobal('wx', users[0]?.wx)
  const simulate = createRequire(import.meta.url)('miniprogram-simulate') as MiniprogramSimulate
  const wx: unknown = Reflect.get(globalThis, 'wx')
  expect(wx).toMatchObject({
    createSelectorQuery: expect.any(Function),
    getStorageSync: users[0]?.wx.getStorageSync,
  })

  const folder = await writeFolder(COMPONENT)
  const id = simulate.load(join(folder, 'sum'), { compiler: 'simulate', rootPath: folder })
  for (const user of users) {
    Object.assign(wx as object, user.wx)
    const component = simulate.render(id, { a: 1, b: 2 })
    component.attach(new SmallNode('main'))
    expect(component.dom.text).toBe('1 + 2 = ? for nobody')
    component.querySelector('.sum')?.dispatchEvent('tap')
    const openid = user === users[0] ? 'o-ming' : 'o-hong'
    await vi.waitFor(() => expect(component.dom.text).toBe(`1 + 2 = 3 for ${openid}`))
    expect(user.wx.getStorageSync('last')).toBe(3)
  }
})
