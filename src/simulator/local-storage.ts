import { LIMITS } from '../limits.ts'
import {
  createParameterFailure,
  createWxApi,
  createWxFailure,
  type Report,
  requireText,
  type WxApi,
} from './wx-api.ts'

export interface StorageInfo {
  readonly keys: readonly string[]
  /** KB in use, and all there may be. */
  readonly currentSize: number
  readonly limitSize: number
}

export interface StorageApis {
  readonly setStorage: WxApi<{ key: string; data: unknown }>
  readonly getStorage: WxApi<{ key: string }, { data: unknown }>
  readonly removeStorage: WxApi<{ key: string }>
  readonly clearStorage: WxApi<object>
  readonly getStorageInfo: WxApi<object, StorageInfo>
  setStorageSync(key: string, data: unknown): void
  /** `''` when there is nothing under the key. */
  getStorageSync(key: string): unknown
  removeStorageSync(key: string): void
  clearStorageSync(): void
  getStorageInfoSync(): StorageInfo
}

interface Item {
  readonly text: string
  readonly isDate: boolean
  readonly sizeBytes: number
}

/** What a user keeps on the device for this app, across its launches: at most 1 MB a key and 10 MB in all. */
export function createLocalStorage(report: Report): StorageApis {
  const items = new Map<string, Item>()
  const api = <Options extends object, Result extends object>(
    name: string,
    work: (options: Options) => Result,
  ): WxApi<Options, Result> => createWxApi(name, report, work)

  const set = (name: string, given: unknown, data: unknown): object => {
    const key = requireKey(name, given)
    const item = toItem(name, key, data)
    const othersBytes = sizeOf(items) - (items.get(key)?.sizeBytes ?? 0)
    if (item.sizeBytes > LIMITS.localItemBytes) {
      const problem = `exceed storage item max length: "${key}" has ${item.sizeBytes} bytes, the limit is ${LIMITS.localItemBytes}`
      throw createWxFailure(name, problem)
    }
    if (othersBytes + item.sizeBytes > LIMITS.localBytes) {
      const problem = `exceed storage max size: ${othersBytes} bytes are stored and "${key}" has ${item.sizeBytes}, the limit is ${LIMITS.localBytes}`
      throw createWxFailure(name, problem)
    }
    items.set(key, item)
    return {}
  }
  const remove = (name: string, key: unknown): object => {
    items.delete(requireKey(name, key))
    return {}
  }
  const clear = (): object => {
    items.clear()
    return {}
  }
  const info = (): StorageInfo => ({
    keys: [...items.keys()],
    currentSize: Math.ceil(sizeOf(items) / 1024),
    limitSize: LIMITS.localBytes / 1024,
  })
  return {
    setStorage: api('setStorage', ({ key, data }: { key: string; data: unknown }) =>
      set('setStorage', key, data),
    ),
    getStorage: api('getStorage', ({ key }: { key: string }) => {
      const item = items.get(requireKey('getStorage', key))
      if (item === undefined) throw createWxFailure('getStorage', 'data not found')
      return { data: fromItem(item) }
    }),
    removeStorage: api('removeStorage', ({ key }: { key: string }) => remove('removeStorage', key)),
    clearStorage: api('clearStorage', clear),
    getStorageInfo: api('getStorageInfo', info),
    setStorageSync: (key, data) => void set('setStorageSync', key, data),
    getStorageSync: key => {
      const item = items.get(requireKey('getStorageSync', key))
      return item === undefined ? '' : fromItem(item)
    },
    removeStorageSync: key => void remove('removeStorageSync', key),
    clearStorageSync: () => void clear(),
    getStorageInfoSync: info,
  }
}

function requireKey(api: string, given: unknown): string {
  const key = requireText(api, 'key', given)
  if (key === '') throw createParameterFailure(api, 'key', 'non-empty String', key)
  return key
}

function toItem(api: string, key: string, data: unknown): Item {
  const isDate = data instanceof Date
  const text = stringify(api, key, data)
  return { text, isDate, sizeBytes: Buffer.byteLength(text) }
}

/** Anything JSON can hold, and dates. */
function stringify(api: string, key: string, data: unknown): string {
  try {
    const text: string | undefined = JSON.stringify(data)
    if (text !== undefined) return text
  } catch (error) {
    throw createWxFailure(
      api,
      `"${key}" can't be stored: ${error instanceof Error ? error.message : error}`,
      error,
    )
  }
  throw createWxFailure(
    api,
    `"${key}" can't be stored: data must be something JSON can hold, not ${typeof data}`,
  )
}

function fromItem({ text, isDate }: Item): unknown {
  const data: unknown = JSON.parse(text)
  return isDate && typeof data === 'string' ? new Date(data) : data
}

function sizeOf(items: ReadonlyMap<string, Item>): number {
  return [...items.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}
