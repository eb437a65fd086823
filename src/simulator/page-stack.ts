import { posix } from 'node:path'
import { LIMITS } from '../limits.ts'
import { createEventChannels, type EventChannel } from './event-channel.ts'
import { Page } from './page.ts'
import type { Project } from './project.ts'
import { createWxApi, createWxFailure, type Report, requireText, type WxApi } from './wx-api.ts'

export interface UrlOptions {
  /** `/pages/a/a?id=1`, or relative to the present page. */
  readonly url: string
}

export interface OpenOptions extends UrlOptions {
  /** Listeners for what the opened page emits on its opener's channel. */
  readonly events?: Readonly<Record<string, (...args: unknown[]) => void>>
}

export interface NavigationApis {
  readonly navigateTo: WxApi<OpenOptions, { eventChannel: EventChannel }>
  readonly redirectTo: WxApi<UrlOptions>
  readonly reLaunch: WxApi<UrlOptions>
  readonly switchTab: WxApi<UrlOptions>
  readonly navigateBack: WxApi<{ delta?: number }>
  readonly startPullDownRefresh: WxApi<object>
  readonly stopPullDownRefresh: WxApi<object>
}

export interface PageStackOptions {
  readonly project: Project
  /** Loads a page's script and gives what it handed to `Page()`. */
  readonly loadDefinition: (route: string) => Readonly<Record<string, unknown>>
  readonly report: Report
  readonly console: Console
}

interface Target {
  readonly route: string
  readonly query: Readonly<Record<string, string>>
}

/** The pages a user has open, the present one last, and the ways between them. */
export class PageStack {
  readonly #options: PageStackOptions
  #pages: Page[] = []
  /** Pages of the tab bar that were left for another tab: they stay loaded. */
  readonly #hiddenTabs = new Map<string, Page>()

  constructor(options: PageStackOptions) {
    this.#options = options
  }

  get pages(): readonly Page[] {
    return [...this.#pages]
  }

  get current(): Page | undefined {
    return this.#pages.at(-1)
  }

  /** Closes all pages and opens one, which has been loaded and shown when this returns. */
  reLaunch(api: string, url: string): Page {
    const target = this.#findTarget(api, url)
    const definition = this.#options.loadDefinition(target.route)
    this.unloadAll()
    return this.#open(target, definition, createEventChannels()[0])
  }

  /** Resolves when a page is ready and what its lifecycle returned has settled. */
  async settle(page: Page): Promise<void> {
    await nextTurn()
    await page.settle()
  }

  /** Resolves when a page is ready and nothing of its lifecycle goes on; its failures are told to others. */
  async ready(page: Page): Promise<void> {
    await nextTurn()
    await page.idle()
  }

  unloadAll(): void {
    const all = [...this.#pages.toReversed(), ...this.#hiddenTabs.values()]
    this.#pages = []
    this.#hiddenTabs.clear()
    for (const page of all) this.#unload(page)
  }

  /** The `wx` functions, which page code calls: what a page's lifecycle throws is reported, not theirs. */
  createApis(): NavigationApis {
    const { report } = this.#options
    return {
      navigateTo: createWxApi('navigateTo', report, ({ url, events = {} }: OpenOptions) => {
        const target = this.#findPlain('navigateTo', url)
        if (this.#pages.length >= LIMITS.pageStackPages) {
          throw createWxFailure(
            'navigateTo',
            `webview count limit exceed: ${LIMITS.pageStackPages} pages are open`,
          )
        }
        const definition = this.#options.loadDefinition(target.route)
        const [eventChannel, openerChannel] = createEventChannels()
        for (const [event, listener] of Object.entries(events)) eventChannel.on(event, listener)
        this.#hide(this.current)
        this.#watch(this.#open(target, definition, openerChannel))
        return { eventChannel }
      }),
      redirectTo: createWxApi('redirectTo', report, ({ url }: UrlOptions) => {
        const target = this.#findPlain('redirectTo', url)
        const definition = this.#options.loadDefinition(target.route)
        const left = this.#pages.pop()
        if (left !== undefined) this.#unload(left)
        this.#watch(this.#open(target, definition, createEventChannels()[0]))
        return {}
      }),
      reLaunch: createWxApi('reLaunch', report, ({ url }: UrlOptions) => {
        this.#watch(this.reLaunch('reLaunch', url))
        return {}
      }),
      switchTab: createWxApi('switchTab', report, ({ url }: UrlOptions) => this.#switchTab(url)),
      navigateBack: createWxApi('navigateBack', report, ({ delta = 1 }: { delta?: number }) => {
        this.#back(delta)
        return {}
      }),
      startPullDownRefresh: createWxApi('startPullDownRefresh', report, () => {
        this.#watchCall(() => this.current?.pullDown())
        return {}
      }),
      stopPullDownRefresh: createWxApi('stopPullDownRefresh', report, () => {
        if (this.current !== undefined) this.current.isRefreshing = false
        return {}
      }),
    }
  }

  /** The app goes to the background, or comes back from there. */
  setShown(isShown: boolean): void {
    const page = this.current
    if (page === undefined || page.isShown === isShown) return
    page.run(isShown ? 'onShow' : 'onHide')
    this.#watch(page)
  }

  #switchTab(url: unknown): object {
    const target = this.#findTarget('switchTab', url)
    if (!this.#options.project.tabs.includes(target.route)) {
      throw createWxFailure('switchTab', 'can not switch to no-tabBar page')
    }
    const known = [...this.#pages, ...this.#hiddenTabs.values()].find(page => page.route === target.route)
    const definition = known === undefined ? this.#options.loadDefinition(target.route) : {}
    for (const page of this.#pages.toReversed()) {
      if (page === known) continue
      if (this.#options.project.tabs.includes(page.route)) {
        this.#hide(page)
        this.#hiddenTabs.set(page.route, page)
      } else this.#unload(page)
    }
    this.#hiddenTabs.delete(target.route)
    if (known === undefined) {
      this.#pages = []
      this.#watch(this.#open({ ...target, query: {} }, definition, createEventChannels()[0]))
    } else {
      this.#pages = [known]
      if (!known.isShown) known.run('onShow')
      this.#watch(known)
    }
    return {}
  }

  #back(delta: unknown): void {
    const count = Math.min(
      typeof delta === 'number' && delta >= 1 ? Math.floor(delta) : 1,
      this.#pages.length - 1,
    )
    if (count < 1) throw createWxFailure('navigateBack', 'cannot navigate back at first page.')
    const left = this.#pages.splice(this.#pages.length - count).toReversed()
    for (const page of left) this.#unload(page)
    const page = this.current
    if (page === undefined) return
    page.run('onShow')
    this.#watch(page)
  }

  #open(target: Target, definition: Readonly<Record<string, unknown>>, openerChannel: EventChannel): Page {
    const { project, console } = this.#options
    const window = project.windowOf(target.route)
    const page = new Page({ ...target, definition, window, openerChannel, console })
    this.#pages.push(page)
    page.run('onLoad', target.query)
    // Its own onLoad may have gone on to another page already.
    if (this.current === page) page.run('onShow')
    setTimeout(() => {
      if (!page.isUnloaded) page.run('onReady')
    })
    return page
  }

  #hide(page: Page | undefined): void {
    if (page === undefined || !page.isShown) return
    page.run('onHide')
    this.#watch(page)
  }

  #unload(page: Page): void {
    page.run('onUnload')
    this.#watch(page)
  }

  /** Reports what the lifecycle of a page throws that page code has opened or left. */
  #watch(page: Page): void {
    this.#watchCall(() => this.settle(page))
  }

  #watchCall(work: () => unknown): void {
    void (async () => work())().catch(this.#options.report)
  }

  #findPlain(api: string, url: unknown): Target {
    const target = this.#findTarget(api, url)
    if (!this.#options.project.tabs.includes(target.route)) return target
    throw createWxFailure(api, `can not ${api} a tabbar page`)
  }

  #findTarget(api: string, given: unknown): Target {
    const url = requireText(api, 'url', given)
    const [path = ''] = url.split('?', 1)
    const search = url.slice(path.length + 1)
    const from = this.current?.route ?? ''
    const route = path.startsWith('/') ? path.slice(1) : posix.join(posix.dirname(from), path)
    // From the root, without its slash, old page code names pages too.
    const found = [route, path].find(one => this.#options.project.pages.includes(one))
    if (found === undefined)
      throw createWxFailure(api, `page "${route}" is not found: app.json doesn't list it`)
    return { route: found, query: readQuery(search) }
  }
}

/** As on the platform nothing is decoded: page code does that itself. */
function readQuery(search: string): Record<string, string> {
  const pairs = search.split('&').filter(pair => pair !== '')
  return Object.fromEntries(
    pairs.map(pair => {
      const at = pair.indexOf('=')
      return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}

/** After the timers that are due now: `onReady` has run then. */
function nextTurn(): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve)
  })
}
