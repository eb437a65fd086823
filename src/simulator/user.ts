import { randomBytes } from 'node:crypto'
import { type Cloud, type CloudOptions, createCloudOn } from '../client/cloud.ts'
import { openNodeSocket } from '../client/node-socket.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Closable } from '../types.ts'
import { type Answer, Answers, createScreen, type Screen, type WxCall } from './answers.ts'
import { App, type AppInstance, type LaunchOptions } from './app.ts'
import { CloudFiles } from './cloud-files.ts'
import { createDevice, type SystemInfo } from './device.ts'
import { createFileSystemManager } from './file-system-manager.ts'
import { createLocalStorage } from './local-storage.ts'
import { forwardNavigation } from './navigation.ts'
import { createNetwork } from './network.ts'
import type { Page } from './page.ts'
import type { Project } from './project.ts'
import { waitUntil } from './real-timers.ts'
import { Sockets } from './socket.ts'
import { UserFiles } from './user-files.ts'
import { createWx, type Wx } from './wx.ts'
import { createWxApi, createWxFailure, type Report } from './wx-api.ts'

/** Who a user is: what `createCloud` takes beside the door's `url`, and what their phone is like. */
export interface UserOptions extends Omit<CloudOptions, 'url'> {
  /**
   * Makes the codes of `wx.login`, for a host that trades them for an identity: wx.cloud logs in with them too, then.
   * Default: 32 random hexadecimal digits for `wx.login`, and wx.cloud shows `openid` or `token`.
   */
  readonly createLoginCode?: () => string | Promise<string>
  /** What differs from the simulated phone, e.g. `{ platform: 'android' }`. */
  readonly systemInfo?: SystemInfo
  /** The `console` of page code. Default: Node's. */
  readonly console?: Console
}

/** What a simulator hands to each of its users. */
export interface UserSetup {
  readonly url: string
  readonly project: Project | undefined
  /** For this user's files alone; made when it is needed. */
  readonly directory: string
}

/** One user of the mini-program with a phone of their own: `wx`, identity, storage, files, and the app on it. */
export class User implements Closable {
  readonly wx: Wx
  readonly #project: Project | undefined
  readonly #cloud: Cloud
  readonly #answers: Answers
  readonly #screen: Screen
  readonly #sockets: Sockets
  readonly #console: Console
  readonly #createLoginCode: () => string | Promise<string>
  #app: App | undefined
  #hasSession = false

  constructor(options: UserOptions, setup: UserSetup) {
    const {
      createLoginCode = createRandomCode,
      systemInfo = {},
      console = globalThis.console,
      ...cloudOptions
    } = options
    if (typeof createLoginCode !== 'function') {
      throw new InvalidOptionError('createLoginCode', 'createLoginCode must be a function.')
    }
    this.#console = console
    const { url, project, directory } = setup
    this.#project = project
    this.#createLoginCode = createLoginCode
    const files = new UserFiles(project?.root, directory)
    this.#cloud = createCloudOn(
      { openSocket: openNodeSocket, files: new CloudFiles(files) },
      {
        ...(options.createLoginCode === undefined ? {} : { getLoginCode: async () => createLoginCode() }),
        ...cloudOptions,
        url,
      },
    )
    const report: Report = error => (this.#app === undefined ? rejectUnheard(error) : this.#app.report(error))
    this.#answers = new Answers(report)
    const { screen, apis } = createScreen(this.#answers)
    this.#screen = screen
    this.#sockets = new Sockets(report)
    const fileSystemManager = createFileSystemManager(files, report)
    this.wx = createWx({
      ...apis,
      ...createLocalStorage(report),
      ...createNetwork(files, report),
      ...this.#sockets.apis,
      ...createDevice(options.appid ?? project?.appid ?? '', systemInfo, report),
      ...forwardNavigation(() => this.#app?.stack.createApis(), report),
      ...this.#createLogin(report),
      cloud: this.#cloud,
      env: Object.defineProperty({}, 'USER_DATA_PATH', { get: () => files.dataPath, enumerable: true }),
      getFileSystemManager: () => fileSystemManager,
      getLaunchOptionsSync: () => this.#requireApp().launchOptions,
      getEnterOptionsSync: () => this.#requireApp().launchOptions,
    })
  }

  /**
   * Opens a page as from a link, and launches the app before, if it isn't running: `'/pages/a/a?id=1'`; without a url
   * the app's first page. Pages that were open are closed. Resolves when the lifecycle has run and what it returned
   * has settled.
   *
   * @throws whatever app.js, the page's script or their lifecycle throws.
   */
  async open(url?: string): Promise<Page> {
    const project = this.#requireProject()
    const target = url ?? `/${project.entryPage}`
    if (this.#app === undefined) await project.sources.prepare()
    const running = this.#app
    const app = running ?? new App(project, this.wx, this.#console, rejectUnheard)
    this.#app = app
    const launched = running === undefined ? this.#launch(app, target) : undefined
    // Whether the app or the page fails first, both are heard of here.
    launched?.catch(() => {})
    const page = app.stack.reLaunch('reLaunch', target)
    await Promise.all([launched, app.stack.settle(page)])
    return page
  }

  /** Ends the app, as a user does who swipes it away: `onUnload` of its pages. Storage and files stay. */
  quit(): void {
    this.#app?.end()
    this.#app = undefined
  }

  /** The app goes to the background: `onHide` of the page and of the app. */
  async hide(): Promise<void> {
    await this.#requireApp().hide()
  }

  /** The app comes back: `onShow` of the app and of the page. */
  async show(): Promise<void> {
    await this.#requireApp().show()
  }

  /** Taps the back button. */
  async back(): Promise<void> {
    await this.wx.navigateBack()
    await this.#requireApp().stack.ready(this.page)
  }

  /**
   * Resolves with the page on top when that is the one of this route, ready, and what its lifecycle returned has
   * settled: for pages that page code opens.
   *
   * @throws {Error} when another page is on top after `timeoutMs` (default 5000).
   */
  async waitForPage(route: string, timeoutMs = WAIT_MS): Promise<Page> {
    const { stack } = this.#requireApp()
    await waitUntil(
      () => stack.current?.route === route,
      check => stack.watch(check),
      timeoutMs,
      () => `The page on top is ${stack.current?.route}, not ${route}.`,
    )
    const { page } = this
    await stack.ready(page)
    return page
  }

  /** What `getApp()` returns. */
  get app(): AppInstance {
    return this.#requireApp().instance ?? {}
  }

  /** The page on top. */
  get page(): Page {
    const page = this.#requireApp().stack.current
    if (page === undefined)
      throw new InvalidOptionError('page', 'No page is open. Open one with user.open().')
    return page
  }

  /** All pages on the stack, the one on top last. */
  get pages(): readonly Page[] {
    return this.#requireApp().stack.pages
  }

  /**
   * Sets what an asynchronous API of wx comes to from now on: of one that isn't offered, too, and in the place of what
   * another does otherwise.
   *
   * @throws {InvalidOptionError} for a synchronous one: assign that to `user.wx`.
   */
  answer(api: string, answer: Answer): void {
    this.#answers.set(api, answer)
    if (!this.#answers.isAsking(api)) this.wx[api] = this.#answers.createApi(api)
  }

  /** Calls of dialogues, toasts and answered APIs, oldest first. */
  get calls(): readonly WxCall[] {
    return this.#answers.calls
  }

  /** What is on the screen beside the page: toast, loading, title. */
  get screen(): Screen {
    return this.#screen
  }

  /** `wx.checkSession` fails until the next `wx.login`. */
  expireSession(): void {
    this.#hasSession = false
  }

  /** Ends the app and closes its connections. */
  async close(): Promise<void> {
    this.quit()
    this.#sockets.close()
    await this.#cloud.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #launch(app: App, target: string): Promise<unknown> {
    const [path = ''] = target.split('?', 1)
    const query = Object.fromEntries(new URLSearchParams(target.slice(path.length + 1)))
    const route = path.replace(/^\//, '')
    const options: LaunchOptions = { path: route, query, scene: 1001, shareTicket: '', referrerInfo: {} }
    try {
      return app.launch(options)
    } catch (error) {
      // An app that didn't start isn't running.
      this.#app = undefined
      throw error
    }
  }

  #createLogin(report: Report): Pick<Wx, 'login' | 'checkSession'> {
    return {
      login: createWxApi('login', report, async () => {
        const code = await this.#createLoginCode()
        this.#hasSession = true
        return { code }
      }),
      checkSession: createWxApi('checkSession', report, () => {
        if (!this.#hasSession) throw createWxFailure('checkSession', 'session is expired: call wx.login')
        return {}
      }),
    }
  }

  #requireApp(): App {
    if (this.#app !== undefined) return this.#app
    throw new InvalidOptionError('app', 'The app is not running. Open a page with user.open().')
  }

  #requireProject(): Project {
    if (this.#project !== undefined) return this.#project
    throw new InvalidOptionError(
      'project',
      'This simulator was made without a project, so there is no app to open.',
    )
  }
}

const WAIT_MS = 5000

/** Nobody waits for it and the app has no onError, so it is unhandled: a test runner makes the test fail. */
function rejectUnheard(error: unknown): void {
  void Promise.reject(error)
}

function createRandomCode(): string {
  return randomBytes(16).toString('hex')
}
