import type { Cloud } from '../client/node.ts'
import type { ScreenApis } from './answers.ts'
import type { LaunchOptions } from './app.ts'
import type { DeviceApis } from './device.ts'
import type { FileSystemManager } from './file-system-manager.ts'
import { guard } from './guard.ts'
import type { StorageApis } from './local-storage.ts'
import type { NavigationApis } from './navigation.ts'
import type { NetworkApis } from './network.ts'
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

/** The `wx` of these APIs, with `canIUse`, which tells of them. */
export function createWx(apis: object): Wx {
  const offered: Record<string, unknown> = {
    ...apis,
    canIUse: (schema: unknown) => {
      const [name = ''] = String(schema).split('.')
      return offered[name] !== undefined
    },
  }
  const advise = (name: string): string =>
    `A test can give it: user.answer('${name}', { … }), or user.wx.${name} = …`
  return guard('wx', offered, advise) as unknown as Wx
}
