import type { Cloud } from '../client/node.ts'
import type { ScreenApis } from './answers.ts'
import type { LaunchOptions } from './app.ts'
import type { DeviceApis } from './device.ts'
import type { FileSystemManager } from './file-system-manager.ts'
import type { StorageApis } from './local-storage.ts'
import type { NetworkApis } from './network.ts'
import type { NavigationApis } from './page-stack.ts'
import type { SocketApis } from './socket.ts'
import type { WxApi } from './wx-api.ts'

/** The `wx` of one user. What isn't here throws when it is read, and says so. */
export interface Wx extends StorageApis, NetworkApis, SocketApis, DeviceApis, ScreenApis, NavigationApis {
  readonly cloud: Cloud
  readonly env: { readonly USER_DATA_PATH: string }
  readonly login: WxApi<{ timeout?: number }, { code: string }>
  readonly checkSession: WxApi<object>
  getFileSystemManager(): FileSystemManager
  getLaunchOptionsSync(): LaunchOptions
  getEnterOptionsSync(): LaunchOptions
  /** Whether the API is offered; of what comes after a dot nothing is known, and it counts as offered. */
  canIUse(schema: string): boolean
  /** What a test has added. */
  [api: string]: unknown
}

/**
 * An object of APIs that complains about any other, by name. Assigning one adds it; assigning `undefined` makes the
 * platform one that doesn't have it, for code that asks `if (wx.something)`.
 */
export function guardWx(apis: object): Wx {
  const offered: Record<string, unknown> = {
    ...apis,
    canIUse: (schema: unknown) => {
      const [name = ''] = String(schema).split('.')
      return offered[name] !== undefined
    },
  }
  const wx = new Proxy(offered, {
    get: (target, name, receiver) => {
      if (typeof name === 'symbol' || name in target || ASKED_OF_ANYTHING.has(name)) {
        return Reflect.get(target, name, receiver)
      }
      throw new TypeError(
        `wx.${name} is not offered by cloudlet/simulator (docs/simulator.md). A test can give it: user.answer('${name}', { … }), or user.wx.${name} = …`,
      )
    },
  })
  return wx as unknown as Wx
}

/** What promises, printers and test runners ask every object for. */
const ASKED_OF_ANYTHING = new Set(['then', 'toJSON', '$$typeof', 'asymmetricMatch', 'nodeType', 'tagName'])
