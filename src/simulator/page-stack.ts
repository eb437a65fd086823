import { posix } from 'node:path'
import { LIMITS } from '../limits.ts'
import { createEventChannels, type EventChannel } from './event-channel.ts'
import type { NavigationApis, OpenOptions, UrlOptions } from './navigation.ts'
import { Page } from './page.ts'
import type { Project } from './project.ts'
import { nextTurn, runNextTurn } from './real-timers.ts'
import { createWxApi, createWxFailure, type Report, requireText } from './wx-api.ts'

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
  #pages: readonly Page[] = []
  readonly #watchers = new Set<() => void>()
  /** Pages of the tab bar that were left for another tab: they stay loaded. */
  readonly #hiddenTabs = new Map<string, Page>()

  constructor(options: PageStackOptions) {
    this.#options = options
  }

  get pages(): readonly Page[] {
    return this.#pages
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

  /** Tells of every change of the stack until what is returned is called. */
  watch(onChange: () => void): () => void {
    this.#watchers.add(onChange)
    return () => this.#watchers.delete(onChange)
  }

  unloadAll(): void {
    const all = [...this.#pages.toReversed(), ...this.#hiddenTabs.values()]
    this.#change([])
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
        this.#hear(this.#open(target, definition, openerChannel))
        return { eventChannel }
      }),
      redirectTo: createWxApi('redirectTo', report, ({ url }: UrlOptions) => {
        const target = this.#findPlain('redirectTo', url)
        const definition = this.#options.loadDefinition(target.route)
        const left = this.current
        this.#change(this.#pages.slice(0, -1))
        if (left !== undefined) this.#unload(left)
        this.#hear(this.#open(target, definition, createEventChannels()[0]))
        return {}
      }),
      reLaunch: createWxApi('reLaunch', report, ({ url }: UrlOptions) => {
        this.#hear(this.reLaunch('reLaunch', url))
        return {}
      }),
      switchTab: createWxApi('switchTab', report, ({ url }: UrlOptions) => this.#switchTab(url)),
      navigateBack: createWxApi('navigateBack', report, ({ delta = 1 }: { delta?: number }) => {
        this.#back(delta)
        return {}
      }),
      startPullDownRefresh: createWxApi('startPullDownRefresh', report, () => {
        this.#hearCall(() => this.current?.pullDown())
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
    this.#hear(page)
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
      this.#change([])
      this.#hear(this.#open({ ...target, query: {} }, definition, createEventChannels()[0]))
    } else {
      this.#change([known])
      if (!known.isShown) known.run('onShow')
      this.#hear(known)
    }
    return {}
  }

  #back(delta: unknown): void {
    const count = Math.min(
      typeof delta === 'number' && delta >= 1 ? Math.floor(delta) : 1,
      this.#pages.length - 1,
    )
    if (count < 1) throw createWxFailure('navigateBack', 'cannot navigate back at first page.')
    const left = this.#pages.slice(-count).toReversed()
    this.#change(this.#pages.slice(0, -count))
    for (const page of left) this.#unload(page)
    const page = this.current
    if (page === undefined) return
    page.run('onShow')
    this.#hear(page)
  }

  #open(target: Target, definition: Readonly<Record<string, unknown>>, openerChannel: EventChannel): Page {
    const { project, console, report } = this.#options
    const window = project.windowOf(target.route)
    const page = new Page({ ...target, definition, window, openerChannel, console, report })
    this.#change([...this.#pages, page])
    page.run('onLoad', target.query)
    // Its own onLoad may have gone on to another page already.
    if (this.current === page) page.run('onShow')
    runNextTurn(() => {
      if (!page.isUnloaded) page.run('onReady')
    })
    return page
  }

  #change(pages: readonly Page[]): void {
    this.#pages = pages
    for (const onChange of this.#watchers) onChange()
  }

  #hide(page: Page | undefined): void {
    if (page === undefined || !page.isShown) return
    page.run('onHide')
    this.#hear(page)
  }

  #unload(page: Page): void {
    page.run('onUnload')
    this.#hear(page)
  }

  /** Reports what the lifecycle of a page throws that page code has opened or left. */
  #hear(page: Page): void {
    this.#hearCall(() => this.settle(page))
  }

  #hearCall(work: () => unknown): void {
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
