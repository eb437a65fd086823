import { createWxApi, type Report, type WxApi } from './wx-api.ts'

/** What `wx.getSystemInfoSync` tells, and the newer APIs in parts. */
export type SystemInfo = Readonly<Record<string, unknown>>

export interface DeviceApis {
  readonly getSystemInfo: WxApi<object, SystemInfo>
  readonly getSystemInfoAsync: WxApi<object, SystemInfo>
  readonly getNetworkType: WxApi<object, { networkType: string }>
  getSystemInfoSync(): SystemInfo
  getWindowInfo(): SystemInfo
  getDeviceInfo(): SystemInfo
  getAppBaseInfo(): SystemInfo
  getMenuButtonBoundingClientRect(): Readonly<Record<string, number>>
  getAccountInfoSync(): { readonly miniProgram: Readonly<Record<string, string>> }
  /** Calls back soon, not in the present turn. */
  nextTick(callback: () => void): void
}

/** A phone like any other; a test that depends on one says so with the option `systemInfo`. */
const SYSTEM_INFO: SystemInfo = Object.freeze({
  brand: 'devtools',
  model: 'iPhone 12/13 (Pro)',
  pixelRatio: 3,
  screenWidth: 390,
  screenHeight: 844,
  windowWidth: 390,
  windowHeight: 753,
  statusBarHeight: 47,
  safeArea: Object.freeze({ left: 0, right: 390, top: 47, bottom: 810, width: 390, height: 763 }),
  language: 'zh_CN',
  version: '8.0.5',
  system: 'iOS 10.0.1',
  platform: 'devtools',
  SDKVersion: '3.0.0',
  fontSizeSetting: 16,
  theme: 'light',
  enableDebug: false,
})

const WINDOW = [
  'pixelRatio',
  'screenWidth',
  'screenHeight',
  'windowWidth',
  'windowHeight',
  'statusBarHeight',
  'safeArea',
]
const DEVICE = ['brand', 'model', 'system', 'platform']
const APP_BASE = ['SDKVersion', 'version', 'language', 'theme', 'enableDebug', 'fontSizeSetting']

export function createDevice(appid: string, differences: SystemInfo, report: Report): DeviceApis {
  const info: SystemInfo = { ...SYSTEM_INFO, ...differences }
  const whole = (): SystemInfo => ({ ...info })
  const part = (names: readonly string[]) => (): SystemInfo =>
    Object.fromEntries(names.map(name => [name, info[name]]))
  return {
    getSystemInfo: createWxApi('getSystemInfo', report, whole),
    getSystemInfoAsync: createWxApi('getSystemInfoAsync', report, whole),
    getSystemInfoSync: whole,
    getWindowInfo: part(WINDOW),
    getDeviceInfo: part(DEVICE),
    getAppBaseInfo: part(APP_BASE),
    getNetworkType: createWxApi('getNetworkType', report, () => ({ networkType: 'wifi' })),
    getMenuButtonBoundingClientRect: () => ({
      width: 87,
      height: 32,
      top: 51,
      right: 383,
      bottom: 83,
      left: 296,
    }),
    getAccountInfoSync: () => ({ miniProgram: { appId: appid, envVersion: 'develop', version: '' } }),
    nextTick: callback => {
      setTimeout(() => {
        try {
          callback()
        } catch (error) {
          report(error)
        }
      })
    },
  }
}
