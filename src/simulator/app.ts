import { InvalidOptionError } from '../errors.ts'
import { AppTimers } from './app-timers.ts'
import { ModuleLoader } from './module-loader.ts'
import { PageStack } from './page-stack.ts'
import type { Project } from './project.ts'
import type { Report } from './wx-api.ts'

type Definition = Readonly<Record<string, unknown>>

/** An app as its own code sees it: what `getApp()` returns. */
export type AppInstance = Record<string, unknown>

/** What `onLaunch` and `onShow` of an app are given. */
export interface LaunchOptions {
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly scene: number
  readonly shareTicket: string
  readonly referrerInfo: object
}

/** One launch of one user's app: its modules, its instance and its pages. */
export class App {
  readonly #loader: ModuleLoader
  readonly #report: Report
  readonly #timers: AppTimers
  readonly stack: PageStack
  instance: AppInstance | undefined
  launchOptions: LaunchOptions | undefined
  /** What `Page()` was given by the script that is being loaded. */
  #pageDefinition: Definition | undefined
  readonly #definitions = new Map<string, Definition>()

  /** `reportUnheard` gets what the app's own `onError` doesn't take. */
  constructor(project: Project, wx: object, console: Console, reportUnheard: Report) {
    this.#report = error => this.#tellError(error, reportUnheard)
    this.#timers = new AppTimers(this.#report)
    this.stack = new PageStack({
      project,
      loadDefinition: route => this.#loadDefinition(project, route),
      console,
      report: this.#report,
    })
    this.#loader = new ModuleLoader(project.sources, {
      wx,
      console,
      ...this.#timers.globals,
      App: (definition: unknown) => this.#registerApp(definition),
      Page: (definition: unknown) => this.#registerPage(definition),
      Component: createUnavailable('Component'),
      Behavior: createUnavailable('Behavior'),
      getApp: () => this.instance,
      getCurrentPages: () => this.stack.pages.map(page => page.instance),
      requirePlugin: createUnavailable('requirePlugin'),
    })
  }

  /** Hears of what page code threw where nobody waits for it. */
  get report(): Report {
    return this.#report
  }

  /** Runs app.js, `onLaunch` and `onShow`; resolves when what they returned has settled. */
  launch(options: LaunchOptions): Promise<unknown> {
    this.launchOptions = options
    this.#loader.loadScript('app')
    if (this.instance === undefined) {
      throw new InvalidOptionError('project', 'The script of the app did not call App().')
    }
    return Promise.all([this.#run('onLaunch', options), this.#run('onShow', options)])
  }

  show(): Promise<unknown> {
    const shown = this.#run('onShow', this.launchOptions)
    this.stack.setShown(true)
    return shown
  }

  hide(): Promise<unknown> {
    this.stack.setShown(false)
    return this.#run('onHide')
  }

  /** Unloads all pages and ends all timers. */
  end(): void {
    this.stack.unloadAll()
    this.#timers.end()
  }

  async #run(hook: 'onLaunch' | 'onShow' | 'onHide', ...args: readonly unknown[]): Promise<unknown> {
    const found: unknown = this.instance?.[hook]
    return typeof found === 'function' ? Reflect.apply(found, this.instance, args) : undefined
  }

  #tellError(error: unknown, reportUnheard: Report): void {
    const onError: unknown = this.instance?.['onError']
    if (typeof onError !== 'function') {
      reportUnheard(error)
      return
    }
    const text = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error)
    try {
      Reflect.apply(onError, this.instance, [text])
    } catch (another) {
      reportUnheard(another)
    }
  }

  #registerApp(definition: unknown): void {
    this.instance = { ...(isObject(definition) ? definition : {}) }
  }

  #registerPage(definition: unknown): void {
    const { behaviors }: { behaviors?: unknown } = isObject(definition) ? definition : {}
    if (Array.isArray(behaviors) && behaviors.length > 0) createUnavailable('behaviors of Page')()
    this.#pageDefinition = { ...(isObject(definition) ? definition : {}) }
  }

  #loadDefinition(project: Project, route: string): Definition {
    const known = this.#definitions.get(route)
    if (known !== undefined) return known
    this.#pageDefinition = undefined
    this.#loader.loadScript(route)
    const definition = this.#pageDefinition as Definition | undefined
    if (definition === undefined) {
      throw new InvalidOptionError('project', `${project.root}: the script of ${route} did not call Page().`)
    }
    this.#definitions.set(route, definition)
    return definition
  }
}

function createUnavailable(name: string): () => never {
  return () => {
    throw new TypeError(
      `${name} is not offered by cloudlet/simulator, which runs apps and pages. Components are tested with miniprogram-simulate (docs/simulator.md).`,
    )
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
