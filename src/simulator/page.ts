import { InvalidOptionError } from '../errors.ts'
import { applyChanges, copyData, copyDefinition } from './data.ts'
import type { EventChannel } from './event-channel.ts'
import { runNextTurn, waitUntil } from './real-timers.ts'
import type { Report } from './wx-api.ts'

/** A page as its own code sees it: `this`. */
export interface PageInstance {
  readonly route: string
  readonly is: string
  readonly options: Readonly<Record<string, string>>
  data: Record<string, unknown>
  setData(changes: object, onRendered?: () => void): void
  getOpenerEventChannel(): EventChannel
  /** What the page's definition holds beside these: handlers and values of its own. */
  [name: string]: unknown
}

/** What a handler is given: what a test says of the event, and the platform's own fields. */
export interface EventDetails {
  /** @default 'tap' */
  readonly type?: string
  /** E.g. `{ value: 'text' }` of an input. */
  readonly detail?: unknown
  /** `data-…` attributes of the node the handler is bound to, and of the one that was touched if it is another. */
  readonly dataset?: Readonly<Record<string, unknown>>
  readonly targetDataset?: Readonly<Record<string, unknown>>
  readonly id?: string
  readonly mark?: Readonly<Record<string, unknown>>
}

/** What a page is made of. */
export interface PageSetup {
  readonly route: string
  readonly query: Readonly<Record<string, string>>
  /** What `Page()` was given. */
  readonly definition: Readonly<Record<string, unknown>>
  /** Of app.json and the page's own JSON file. */
  readonly window: Readonly<Record<string, unknown>>
  readonly openerChannel: EventChannel
  readonly console: Console
  readonly report: Report
}

const WAIT_MS = 5000

/** One page on a user's stack, as a test sees it. */
export class Page {
  readonly route: string
  readonly query: Readonly<Record<string, string>>
  readonly instance: PageInstance
  readonly #window: Readonly<Record<string, unknown>>
  readonly #console: Console
  readonly #report: Report
  /** What `setData` has told the view. */
  readonly #view: Record<string, unknown>
  readonly #waiting = new Set<() => void>()
  /** What the page's lifecycle has returned and nobody has heard the end of, and what of it goes on. */
  #unheard: Promise<unknown>[] = []
  readonly #running = new Set<Promise<unknown>>()
  isShown = false
  isUnloaded = false
  /** Between pulling down and `wx.stopPullDownRefresh`. */
  isRefreshing = false

  constructor(setup: PageSetup) {
    const { route, query, definition, window, openerChannel, console, report } = setup
    this.route = route
    this.query = query
    this.#window = window
    this.#console = console
    this.#report = report
    const initial = copyData(definition['data'] ?? {}) as Record<string, unknown>
    this.#view = copyData(initial) as Record<string, unknown>
    this.instance = {
      ...UNAVAILABLE,
      ...(copyDefinition({ ...definition, data: undefined }) as object),
      route,
      is: route,
      options: query,
      data: initial,
      setData: (changes, onRendered) => this.#setData(changes, onRendered),
      getOpenerEventChannel: () => openerChannel,
      // There is no custom tab bar, and page code asks.
      getTabBar: () => undefined,
    }
  }

  /**
   * The page's data as its view has it: the definition's, and what `setData` set since. A change of `this.data` that
   * was not told by `setData` isn't here, as it isn't on the screen.
   */
  get data(): Readonly<Record<string, unknown>> {
    return this.#view
  }

  /**
   * Calls a handler as the view does when it is bound: with the event. Returns what the handler returns, so that a
   * test can wait for an asynchronous one.
   *
   * @throws {InvalidOptionError} when the page has no such handler, and whatever it throws.
   */
  trigger(handler: string, event: EventDetails = {}): unknown {
    const { type = 'tap', detail = {}, dataset = {}, targetDataset = dataset, id = '', mark = {} } = event
    return this.call(handler, {
      type,
      timeStamp: Math.round(performance.now()),
      target: { id, offsetLeft: 0, offsetTop: 0, dataset: targetDataset },
      currentTarget: { id, offsetLeft: 0, offsetTop: 0, dataset },
      mark,
      detail,
      touches: [],
      changedTouches: [],
    })
  }

  /**
   * Calls a method of the page.
   *
   * @throws {InvalidOptionError} when it has none of that name, and whatever it throws.
   */
  call(method: string, ...args: readonly unknown[]): unknown {
    if (this.isUnloaded)
      throw new InvalidOptionError('page', `The page ${this.route} is no longer there: it was unloaded.`)
    const found: unknown = this.instance[method]
    if (typeof found === 'function') return Reflect.apply(found, this.instance, args)
    const own = Object.keys(this.instance).filter(
      name => typeof this.instance[name] === 'function' && !(name in UNAVAILABLE) && !BUILT_IN.includes(name),
    )
    throw new InvalidOptionError(
      'handler',
      `The page ${this.route} has no method "${method}". It has: ${own.join(', ') || 'none'}.`,
    )
  }

  /**
   * Resolves with the data as soon as the condition holds for it: now, or after a later `setData`.
   *
   * @throws {Error} when it doesn't within `timeoutMs` (default 5000), with the data as they are then.
   */
  async waitFor(
    condition: (data: Readonly<Record<string, unknown>>) => unknown,
    timeoutMs: number = WAIT_MS,
  ): Promise<Readonly<Record<string, unknown>>> {
    await waitUntil(
      () => condition(this.#view),
      check => {
        this.#waiting.add(check)
        return () => this.#waiting.delete(check)
      },
      timeoutMs,
      () =>
        `${this.route}: what was waited for did not come. Data: ${JSON.stringify(this.#view).slice(0, SHOWN_CHARS)}`,
    )
    return this.#view
  }

  /**
   * Pulls the page down: `onPullDownRefresh`.
   *
   * @throws {InvalidOptionError} when `enablePullDownRefresh` isn't set: users can't pull then.
   */
  pullDown(): unknown {
    if (this.#window['enablePullDownRefresh'] !== true) {
      throw new InvalidOptionError(
        'page',
        `The page ${this.route} has no "enablePullDownRefresh": true in its JSON file.`,
      )
    }
    this.isRefreshing = true
    return this.call('onPullDownRefresh')
  }

  /** Scrolls to the end: `onReachBottom`. */
  reachBottom(): unknown {
    return this.call('onReachBottom')
  }

  /** Scrolls: `onPageScroll`. */
  scrollTo(scrollTop: number): unknown {
    return this.call('onPageScroll', { scrollTop })
  }

  /** Shares the page by its menu: what `onShareAppMessage` returns. */
  share(): unknown {
    return this.call('onShareAppMessage', { from: 'menu', target: undefined })
  }

  /** Resolves when what the lifecycle so far has returned has settled; rejects with what it threw first. */
  async settle(): Promise<void> {
    const unheard = this.#unheard
    this.#unheard = []
    await Promise.all(unheard)
  }

  /** Resolves when nothing of the lifecycle so far goes on, whatever came of it. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#running)
  }

  /** Runs a part of the lifecycle, if the page has it. What it throws waits for `settle`. */
  run(hook: 'onLoad' | 'onShow' | 'onReady' | 'onHide' | 'onUnload', ...args: readonly unknown[]): void {
    if (hook === 'onShow') this.isShown = true
    if (hook === 'onHide' || hook === 'onUnload') this.isShown = false
    const found: unknown = this.instance[hook]
    if (typeof found === 'function') {
      const outcome = new Promise(resolve => resolve(Reflect.apply(found, this.instance, args)))
      this.#unheard.push(outcome)
      this.#running.add(outcome)
      const end = (): void => void this.#running.delete(outcome)
      // Whoever settles the page hears of a failure; until then it is not unhandled.
      outcome.then(end, end)
    }
    if (hook === 'onUnload') this.isUnloaded = true
  }

  #setData(changes: unknown, onRendered: unknown): void {
    if (typeof changes !== 'object' || changes === null) {
      throw new TypeError(`setData of ${this.route} takes an object of paths and values.`)
    }
    const skipped = applyChanges(this.instance.data, changes)
    if (skipped.length > 0) {
      this.#console.warn(
        `${this.route}: setData can't set ${skipped.join(', ')} to undefined; left as it was.`,
      )
    }
    applyChanges(this.#view, changes)
    for (const check of this.#waiting) check()
    runNextTurn(() => this.#callBack(onRendered))
  }

  #callBack(onRendered: unknown): void {
    try {
      if (typeof onRendered === 'function') Reflect.apply(onRendered, this.instance, [])
    } catch (error) {
      this.#report(error)
    }
  }
}

const SHOWN_CHARS = 2000
const BUILT_IN = ['setData', 'getOpenerEventChannel', 'getTabBar']

/** Of pages on the platform, but of their view, which isn't simulated. */
const UNAVAILABLE: Readonly<Record<string, () => never>> = Object.fromEntries(
  [
    'animate',
    'clearAnimation',
    'createIntersectionObserver',
    'createSelectorQuery',
    'groupSetData',
    'selectAllComponents',
    'selectComponent',
    'triggerEvent',
  ].map(name => [
    name,
    () => {
      throw new TypeError(
        `this.${name} is not offered by cloudlet/simulator, which runs the logic of pages without their view (docs/simulator.md).`,
      )
    },
  ]),
)
