import type { EventChannel } from './event-channel.ts'
import { createWxApi, createWxFailure, type Report, type WxApi } from './wx-api.ts'

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

const NAMES: readonly (keyof NavigationApis)[] = [
  'navigateTo',
  'redirectTo',
  'reLaunch',
  'switchTab',
  'navigateBack',
  'startPullDownRefresh',
  'stopPullDownRefresh',
]

/** The functions of `wx`, which outlive an app: each is that of the app that runs when it is called. */
export function forwardNavigation(
  findApis: () => NavigationApis | undefined,
  report: Report,
): NavigationApis {
  const forward = (name: keyof NavigationApis): unknown => {
    const whenClosed = createWxApi(name, report, () => {
      // A page that is gone still says so when its last request has ended.
      if (name === 'stopPullDownRefresh') return {}
      throw createWxFailure(name, 'no app is running: open one with user.open()')
    })
    return (options: object = {}) => {
      const apis = findApis()
      return apis === undefined ? whenClosed(options) : Reflect.apply(apis[name], undefined, [options])
    }
  }
  return Object.fromEntries(NAMES.map(name => [name, forward(name)])) as unknown as NavigationApis
}
