import { InvalidOptionError } from '../errors.ts'
import { createWxApi, type Report, type WxApi } from './wx-api.ts'

/** One call of an API that needs a screen, a user or a device, as it was made. */
export interface WxCall {
  readonly api: string
  /** What it was given, callbacks included. */
  readonly options: Readonly<Record<string, unknown>>
}

/**
 * What an API of wx comes to: its result without `errMsg`, or a function that makes it of the call's options. What the
 * function throws makes the call fail: an Error with its message as the reason.
 */
export type Answer = object | ((options: Readonly<Record<string, unknown>>) => object | Promise<object>)

type AnsweredApi = WxApi<Record<string, unknown>, Record<string, unknown>>

/** The user in front of the device: notes what page code asks of them, and gives the answers a test has set. */
export class Answers {
  readonly #report: Report
  readonly #answers = new Map<string, Answer>()
  readonly #calls: WxCall[] = []
  /** APIs that ask here. */
  readonly #asking = new Set<string>()

  constructor(report: Report) {
    this.#report = report
  }

  /** Every call so far, oldest first. */
  get calls(): readonly WxCall[] {
    return [...this.#calls]
  }

  /**
   * From now on the API answers so.
   *
   * @throws {InvalidOptionError} for a synchronous API, whose result isn't made so.
   */
  set(api: string, answer: Answer): void {
    if (api.endsWith('Sync')) {
      throw new InvalidOptionError('api', `${api} returns its result at once: assign user.wx.${api} instead.`)
    }
    if (typeof answer !== 'function' && (typeof answer !== 'object' || answer === null)) {
      throw new InvalidOptionError('answer', 'An answer is an object, or a function that returns one.')
    }
    this.#answers.set(api, answer)
  }

  /** Whether an API asks here what it comes to. */
  isAsking(api: string): boolean {
    return this.#asking.has(api)
  }

  /** An API that is noted and answered: as a test has said, else with `otherwise`. */
  createApi(
    api: string,
    otherwise: Answer = {},
    onCall: (options: WxCall['options']) => void = () => {},
  ): AnsweredApi {
    this.#asking.add(api)
    return createWxApi(api, this.#report, async (options: WxCall['options']) => {
      this.#calls.push({ api, options })
      onCall(options)
      const answer = this.#answers.get(api) ?? otherwise
      const result: object = typeof answer === 'function' ? await answer(options) : answer
      return { ...result } as Record<string, unknown>
    })
  }
}

/** What is on a user's screen beside the page. */
export interface Screen {
  /** The toast that was shown last and not hidden; it doesn't go by itself. */
  readonly toast: WxCall['options'] | undefined
  readonly loading: WxCall['options'] | undefined
  /** Title in the navigation bar, as `wx.setNavigationBarTitle` set it last. */
  readonly title: string | undefined
}

/** APIs that only do something to the screen or the device, and have nothing to tell. */
const PLAIN_APIS = [
  'hideNavigationBarLoading',
  'hideShareMenu',
  'hideTabBarRedDot',
  'pageScrollTo',
  'previewImage',
  'removeTabBarBadge',
  'setNavigationBarColor',
  'setTabBarBadge',
  'showNavigationBarLoading',
  'showShareMenu',
  'showTabBarRedDot',
  'vibrateLong',
  'vibrateShort',
] as const

type ScreenApiName =
  | (typeof PLAIN_APIS)[number]
  | 'getClipboardData'
  | 'hideLoading'
  | 'hideToast'
  | 'setClipboardData'
  | 'setNavigationBarTitle'
  | 'showActionSheet'
  | 'showLoading'
  | 'showModal'
  | 'showToast'

export type ScreenApis = { readonly [Name in ScreenApiName]: AnsweredApi }

/** The APIs for dialogues and the like, and what they leave on the screen. */
export function createScreen(answers: Answers): { screen: Screen; apis: ScreenApis } {
  const screen: { -readonly [Name in keyof Screen]: Screen[Name] } = {
    toast: undefined,
    loading: undefined,
    title: undefined,
  }
  let clipboard = ''
  const plain = Object.fromEntries(PLAIN_APIS.map(name => [name, answers.createApi(name)]))
  const apis = {
    ...plain,
    showToast: answers.createApi('showToast', {}, options => {
      screen.toast = options
      screen.loading = undefined
    }),
    hideToast: answers.createApi('hideToast', {}, () => {
      screen.toast = undefined
    }),
    // The platform has one place for both: the one shown last takes the other's.
    showLoading: answers.createApi('showLoading', {}, options => {
      screen.loading = options
      screen.toast = undefined
    }),
    hideLoading: answers.createApi('hideLoading', {}, () => {
      screen.loading = undefined
    }),
    showModal: answers.createApi('showModal', { confirm: true, cancel: false, content: null }),
    showActionSheet: answers.createApi('showActionSheet', { tapIndex: 0 }),
    setNavigationBarTitle: answers.createApi('setNavigationBarTitle', {}, ({ title }) => {
      screen.title = String(title)
    }),
    setClipboardData: answers.createApi('setClipboardData', {}, ({ data }) => {
      clipboard = String(data)
    }),
    getClipboardData: answers.createApi('getClipboardData', () => ({ data: clipboard })),
  }
  return { screen, apis: apis as unknown as ScreenApis }
}
