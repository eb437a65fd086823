import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { openPhone } from './open-phone.ts'

/** A page that notes its lifecycle in `getApp().log`. */
const noting = (name: string, more = ''): string => `
  const note = what => getApp().log.push('${name} ' + what)
  Page({
    data: { name: '${name}' },
    onLoad(query) { note('load ' + JSON.stringify(query)) },
    onShow() { note('show') },
    onReady() { note('ready') },
    onHide() { note('hide') },
    onUnload() { note('unload') },
    ${more}
  })`

const APP = `App({ log: [], onLaunch(options) { this.log.push('launch ' + options.path + ' ' + JSON.stringify(options.query)) },
  onShow() { this.log.push('app show') }, onHide() { this.log.push('app hide') } })`

const TABBED = {
  'app.js': APP,
  'app.json': JSON.stringify({
    pages: ['pages/a/a', 'pages/b/b', 'pages/c/c'],
    tabBar: { list: [{ pagePath: 'pages/a/a' }, { pagePath: 'pages/b/b' }] },
  }),
  'pages/a/a.js': noting('a'),
  'pages/b/b.js': noting('b'),
  'pages/c/c.js': noting('c'),
}

const PLAIN = { ...TABBED, 'app.json': JSON.stringify({ pages: ['pages/a/a', 'pages/b/b', 'pages/c/c'] }) }

function takeLog(app: Record<string, unknown>): unknown[] {
  const { log } = app
  return Array.isArray(log) ? log.splice(0) : []
}

describe('the lifecycle', () => {
  test('runs in the platform’s order when a page is opened', async () => {
    const user = await openPhone(PLAIN)
    const page = await user.open('/pages/b/b?id=7&text=a%20b')
    expect(takeLog(user.app)).toEqual([
      'launch pages/b/b {"id":"7","text":"a b"}',
      'app show',
      'b load {"id":"7","text":"a%20b"}',
      'b show',
      'b ready',
    ])
    expect(page.instance).toMatchObject({ route: 'pages/b/b', is: 'pages/b/b', options: { id: '7' } })
    expect(page.isShown).toBe(true)
  })

  test('waits for what it returned, and rejects with what it threw', async () => {
    const page = (code: string): Record<string, string> => ({
      'app.json': '{"pages":["pages/a/a"]}',
      'pages/a/a.js': `Page({ data: {}, ${code} })`,
    })
    const slow = await openPhone(
      page('async onLoad() { await new Promise(r => setTimeout(r, 30)); this.setData({ x: 1 }) }'),
    )
    expect((await slow.open()).data).toEqual({ x: 1 })
    for (const hook of ['onLoad', 'onShow', 'onReady']) {
      const throwing = await openPhone(page(`${hook}() { throw new Error('no luck') }`))
      await expect(throwing.open()).rejects.toThrow('no luck')
      const rejecting = await openPhone(page(`async ${hook}() { throw new Error('no luck') }`))
      await expect(rejecting.open()).rejects.toThrow('no luck')
    }
    const launch = await openPhone({
      ...page(''),
      'app.js': `App({ onLaunch() { throw new Error('not today') } })`,
    })
    await expect(launch.open()).rejects.toThrow('not today')
  })

  test('goes to the background and comes back', async () => {
    const user = await openPhone(PLAIN)
    await user.open()
    takeLog(user.app)
    await user.hide()
    await user.show()
    expect(takeLog(user.app)).toEqual(['a hide', 'app hide', 'app show', 'a show'])
  })

  test('ends with the app; at the next start all is new but storage', async () => {
    const user = await openPhone(PLAIN)
    await user.open()
    const { app } = user
    takeLog(app)
    user.wx.setStorageSync('kept', 1)
    user.quit()
    expect(takeLog(app)).toEqual(['a unload'])
    await user.open()
    expect(user.app).not.toBe(app)
    expect(user.wx.getStorageSync('kept')).toBe(1)
  })
})

describe('navigation', () => {
  test('navigateTo and navigateBack', async () => {
    const user = await openPhone(PLAIN)
    const first = await user.open()
    takeLog(user.app)
    expect(await user.wx.navigateTo({ url: '../b/b?x=1' })).toMatchObject({ errMsg: 'navigateTo:ok' })
    await user.waitForPage('pages/b/b')
    await user.wx.navigateTo({ url: '/pages/c/c' })
    await user.waitForPage('pages/c/c')
    expect(user.pages.map(({ route }) => route)).toEqual(['pages/a/a', 'pages/b/b', 'pages/c/c'])
    await user.wx.navigateBack({ delta: 2 })
    expect(user.page).toBe(first)
    expect(takeLog(user.app)).toEqual([
      'a hide',
      'b load {"x":"1"}',
      'b show',
      'b ready',
      'b hide',
      'c load {}',
      'c show',
      'c ready',
      'c unload',
      'b unload',
      'a show',
    ])
    await expect(user.back()).rejects.toThrow('navigateBack:fail cannot navigate back at first page.')
  })

  test('redirectTo and reLaunch', async () => {
    const user = await openPhone(PLAIN)
    await user.open()
    takeLog(user.app)
    await user.wx.redirectTo({ url: '/pages/b/b' })
    await user.waitForPage('pages/b/b')
    await user.wx.navigateTo({ url: '/pages/c/c' })
    await user.wx.reLaunch({ url: '/pages/a/a?again=1' })
    await user.waitForPage('pages/a/a')
    expect(takeLog(user.app)).toEqual([
      ...['a unload', 'b load {}', 'b show', 'b ready', 'b hide', 'c load {}', 'c show'],
      ...['c unload', 'b unload', 'a load {"again":"1"}', 'a show', 'a ready'],
    ])
    expect(user.pages).toHaveLength(1)
  })

  test('switchTab keeps tabs loaded and closes what is above them', async () => {
    const user = await openPhone(TABBED)
    const a = await user.open()
    await user.wx.navigateTo({ url: '/pages/c/c' })
    await user.waitForPage('pages/c/c')
    takeLog(user.app)
    await user.wx.switchTab({ url: '/pages/b/b?ignored=1' })
    await user.waitForPage('pages/b/b')
    await user.wx.switchTab({ url: '/pages/a/a' })
    expect(user.page).toBe(a)
    await user.wx.switchTab({ url: '/pages/b/b' })
    expect(takeLog(user.app)).toEqual([
      ...['c unload', 'b load {}', 'b show', 'b ready'],
      ...['b hide', 'a show', 'a hide', 'b show'],
    ])
    const { app } = user
    user.quit()
    expect(takeLog(app)).toEqual(['b unload', 'a unload'])
  })

  test('what is not possible fails in the platform’s words', async () => {
    const user = await openPhone(TABBED)
    await user.open()
    await expect(user.wx.navigateTo({ url: '/pages/b/b' })).rejects.toThrow(
      'navigateTo:fail can not navigateTo a tabbar page',
    )
    await expect(user.wx.redirectTo({ url: '/pages/b/b' })).rejects.toThrow(
      'can not redirectTo a tabbar page',
    )
    await expect(user.wx.switchTab({ url: '/pages/c/c' })).rejects.toThrow(
      'switchTab:fail can not switch to no-tabBar page',
    )
    await expect(user.wx.navigateTo({ url: '/pages/x/x' })).rejects.toThrow(
      'navigateTo:fail page "pages/x/x" is not found',
    )
    await expect(user.wx.navigateTo({} as never)).rejects.toThrow(
      'parameter.url should be String instead of Undefined',
    )
    expect(user.page.isShown).toBe(true)
  })

  test('ten pages may be open, and no more', async () => {
    const user = await openPhone(PLAIN)
    await user.open()
    for (let number = 1; number < LIMITS.pageStackPages; number++)
      await user.wx.navigateTo({ url: '/pages/c/c' })
    expect(user.pages).toHaveLength(10)
    await expect(user.wx.navigateTo({ url: '/pages/c/c' })).rejects.toThrow('webview count limit exceed')
    expect(user.pages).toHaveLength(10)
  })

  test('the opener and the opened talk over a channel', async () => {
    const user = await openPhone({
      ...PLAIN,
      'pages/a/a.js': `Page({ data: { heard: [] }, go() {
        wx.navigateTo({ url: '/pages/b/b',
          events: { saved: (...args) => this.setData({ heard: [...this.data.heard, args] }) },
          success: ({ eventChannel }) => eventChannel.emit('open', 'to b') }) } })`,
      'pages/b/b.js': `Page({ data: {}, onLoad() {
        const channel = this.getOpenerEventChannel()
        channel.once('open', text => { this.setData({ text }); channel.emit('saved', 1, 2) }) } })`,
    })
    const a = await user.open()
    a.call('go')
    const b = await user.waitForPage('pages/b/b')
    await b.waitFor(({ text }) => text === 'to b')
    expect(a.data).toEqual({ heard: [[1, 2]] })
  })
})

describe('a page', () => {
  const page = (definition: string, json = '{}'): Record<string, string> => ({
    'app.json': '{"pages":["pages/a/a"],"window":{"navigationBarTitleText":"App"}}',
    'pages/a/a.js': `Page(${definition})`,
    'pages/a/a.json': json,
  })

  test('has its own copy of the definition each time', async () => {
    const user = await openPhone(
      page(`{ data: { list: [] }, own: { count: 0 }, onTap() {
      this.own.count++; this.data.list.push(1); this.setData({ list: this.data.list, count: this.own.count }) } }`),
    )
    for (let time = 0; time < 2; time++) {
      const opened = await user.open()
      expect(opened.data).toEqual({ list: [] })
      opened.trigger('onTap')
      expect(opened.data).toEqual({ list: [1], count: 1 })
    }
  })

  test('is given events as the view makes them', async () => {
    const user = await openPhone(page(`{ data: {}, onTap(event) { return event } }`))
    const opened = await user.open()
    const event = opened.trigger('onTap', {
      type: 'input',
      detail: { value: 'x' },
      dataset: { index: 3 },
      targetDataset: { inner: true },
      id: 'field',
    })
    expect(event).toMatchObject({
      type: 'input',
      timeStamp: expect.any(Number),
      detail: { value: 'x' },
      currentTarget: { id: 'field', dataset: { index: 3 } },
      target: { dataset: { inner: true } },
    })
    expect(() => opened.trigger('onTop')).toThrow('The page pages/a/a has no method "onTop". It has: onTap.')
  })

  test('shows what setData told its view, and not what was only assigned', async () => {
    const user = await openPhone(
      page(`{ data: { a: 1, list: [{ done: false }] },
      assign() { this.data.a = 2 }, tell() { this.setData({ 'list[0].done': true }, () => { this.rendered = true }) } }`),
    )
    const opened = await user.open()
    opened.call('assign')
    expect([opened.instance.data['a'], opened.data['a']]).toEqual([2, 1])
    opened.call('tell')
    expect(opened.data['list']).toEqual([{ done: true }])
    expect(opened.instance['rendered']).toBeUndefined()
    await vi.waitFor(() => expect(opened.instance['rendered']).toBe(true))
  })

  test('warns of undefined in setData, in the console of its user', async () => {
    const warned: unknown[] = []
    const own = Object.assign(Object.create(console) as Console, {
      warn: (text: unknown) => warned.push(text),
    })
    const user = await openPhone(page(`{ data: { a: 1 }, f() { this.setData({ a: undefined }) } }`), {
      console: own,
    })
    const opened = await user.open()
    opened.call('f')
    expect(opened.data).toEqual({ a: 1 })
    expect(warned).toEqual(["pages/a/a: setData can't set a to undefined; left as it was."])
  })

  test('is pulled down where that is enabled, until it says stop', async () => {
    const code = `{ data: {}, onPullDownRefresh() { return new Promise(r => setTimeout(r, 10)).then(() => wx.stopPullDownRefresh()) } }`
    const off = await (await openPhone(page(code))).open()
    expect(() => off.pullDown()).toThrow(/no "enablePullDownRefresh": true/)
    const user = await openPhone(page(code, '{"enablePullDownRefresh":true}'))
    const on = await user.open()
    const pulled = on.pullDown()
    expect(on.isRefreshing).toBe(true)
    await pulled
    expect(on.isRefreshing).toBe(false)
    await user.wx.startPullDownRefresh()
    expect(on.isRefreshing).toBe(true)
    await vi.waitFor(() => expect(on.isRefreshing).toBe(false))
  })

  test('scrolls, reaches its end and is shared', async () => {
    const user = await openPhone(
      page(`{ data: { seen: [] },
      onPageScroll({ scrollTop }) { this.setData({ seen: [...this.data.seen, scrollTop] }) },
      onReachBottom() { this.setData({ seen: [...this.data.seen, 'end'] }) },
      onShareAppMessage({ from }) { return { title: from } } }`),
    )
    const opened = await user.open()
    opened.scrollTo(120)
    opened.reachBottom()
    expect(opened.data['seen']).toEqual([120, 'end'])
    expect(opened.share()).toEqual({ title: 'menu' })
  })

  test('is waited for, and what did not come is shown', async () => {
    const user = await openPhone(
      page(`{ data: { n: 0 }, onReady() { this.timer = setInterval(() => this.setData({ n: this.data.n + 1 }), 2) },
      onUnload() { clearInterval(this.timer) } }`),
    )
    const opened = await user.open()
    expect((await opened.waitFor(({ n }) => Number(n) >= 3))['n']).toBeGreaterThanOrEqual(3)
    await expect(opened.waitFor(({ n }) => n === 'never', 30)).rejects.toThrow(
      /^pages\/a\/a: what was waited for did not come\. Data: \{"n":\d+\} \(after 30 ms\)$/,
    )
    user.quit()
    expect(() => opened.call('onReady')).toThrow(/no longer there/)
    await expect(
      opened.waitFor(() => {
        throw new Error('my mistake')
      }),
    ).rejects.toThrow('my mistake')
  })

  test('has timers that are numbers and end with the app', async () => {
    const user = await openPhone(
      page(`{ data: { n: 0 }, onLoad() {
        const add = by => this.setData({ n: this.data.n + by })
        this.ids = [setInterval(add, 2, 1), setTimeout(add, 2, 1000), setTimeout(add, 2, 5000)]
        clearTimeout(this.ids[2]); clearTimeout(undefined) } }`),
    )
    const opened = await user.open()
    expect(opened.instance['ids']).toEqual([1, 2, 3])
    await opened.waitFor(({ n }) => Number(n) > 1002)
    user.quit()
    const { n } = opened.data
    await new Promise(resolve => setTimeout(resolve, 20))
    expect([opened.data['n'], Number(n) < 5000]).toEqual([n, true])
  })

  test('opens, and is waited for, also while a test has put the clock aside', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const user = await openPhone(
      page(`{ data: { ready: false, late: false }, onReady() { this.setData({ ready: true }) },
        onTap() { setTimeout(() => this.setData({ late: true }), 60000) } }`),
    )
    const opened = await user.open()
    expect(opened.data).toEqual({ ready: true, late: false })
    opened.trigger('onTap')
    vi.advanceTimersByTime(60_000)
    await opened.waitFor(({ late }) => late)
  })

  test('says what of its view is not simulated', async () => {
    const opened = await (
      await openPhone(page(`{ data: {}, f() { return this.selectComponent('#x') } }`))
    ).open()
    expect(() => opened.call('f')).toThrow(/^this\.selectComponent is not offered by cloudlet\/simulator/)
  })
})

describe('what page code throws where nobody waits', () => {
  const files = {
    'app.json': '{"pages":["pages/a/a","pages/b/b"]}',
    'pages/a/a.js': `Page({ data: {}, go() { wx.navigateTo({ url: '/pages/b/b' }) },
      callBack() { wx.getSystemInfo({ success() { throw new Error('in a callback') } }) } })`,
    'pages/b/b.js': `Page({ data: {}, onLoad() { throw new Error('in onLoad') } })`,
  }

  test('is told to onError of the app', async () => {
    const user = await openPhone({
      ...files,
      'app.js': 'App({ errors: [], onError(text) { this.errors.push(text) } })',
    })
    const page = await user.open()
    page.call('callBack')
    page.call('go')
    await user.waitForPage('pages/b/b')
    await vi.waitFor(() =>
      expect(user.app['errors']).toEqual([
        expect.stringMatching(/^in a callback\n/),
        expect.stringMatching(/^in onLoad\n[\s\S]*pages\/b\/b\.js:1/),
      ]),
    )
  })

  test('else it is an unhandled rejection, which fails a test', async () => {
    const unhandled: unknown[] = []
    const listeners = process.rawListeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    process.on('unhandledRejection', reason => unhandled.push(reason))
    onTestFinished(() => {
      process.removeAllListeners('unhandledRejection')
      for (const listener of listeners) process.on('unhandledRejection', listener as () => void)
    })
    const user = await openPhone(files)
    const page = await user.open()
    page.call('go')
    await vi.waitFor(() => expect(unhandled).toEqual([expect.objectContaining({ message: 'in onLoad' })]))
  })
})
