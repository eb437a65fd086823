import { type ClientApi, createClientApi } from './callbacks.ts'
import { CDN, type CDNConstructor, isCDN, sendTargets, separateTargets } from './cdn.ts'
import type { ClientCall } from './client-call.ts'
import { type ClientStorage, createClientStorage } from './client-storage.ts'
import { createUnavailableServices, type UnavailableServices } from './client-unavailable.ts'
import { uploadTemporary } from './client-upload.ts'
import { CloudID, type CloudIDConstructor, isCloudID, separateCloudIDs } from './cloud-id.ts'
import { createDatabase, type Database } from './database.ts'
import { DYNAMIC_CURRENT_ENV, type EnvOption } from './environment.ts'
import {
  type CallFunctionOptions,
  type CallFunctionResult,
  callFunction,
  type PrepareData,
} from './functions.ts'
import type { FetchUrl, FileAccess, LocalFile } from './local-files.ts'
import { isObject, nameType } from './parameters.ts'
import type { OpenWatch } from './watch.ts'
import { createFailure } from './wx-errors.ts'

export interface ClientCloudOptions {
  readonly call: ClientCall
  /** How this client reads a `filePath` and keeps a downloaded file. */
  readonly files: FileAccess
  /** Where it is given, downloads go by the files' temporary URLs. */
  readonly fetchUrl?: FetchUrl | undefined
  readonly openWatch?: OpenWatch
}

export interface ClientInitOptions {
  /** Any id is that of the one environment a host is. */
  readonly env?: EnvOption
  /** Without effect: a self-hosted host keeps no list of visitors. */
  readonly traceUser?: boolean
}

/** `wx.cloud`. Every API returns a promise, or takes `success`, `fail`, `complete` and returns none. */
export interface ClientCloud extends ClientStorage, UnavailableServices {
  readonly DYNAMIC_CURRENT_ENV: typeof DYNAMIC_CURRENT_ENV
  /**
   * Accepted for compatibility, and not needed: the connection already names the one environment there is.
   *
   * @throws {WxError} errCode -401003 when the options are of a wrong type.
   */
  init(options?: ClientInitOptions): void
  readonly callFunction: ClientApi<CallFunctionOptions, CallFunctionResult>
  database(options?: { env?: EnvOption; throwOnNotFound?: boolean }): Database
  /** Marks an open-data id in `data` of callFunction, with or without `new`. The function gets the data. */
  readonly CloudID: CloudIDConstructor
  /**
   * Marks something large in `data` of callFunction, with or without `new`: text, bytes or a local file. It is sent as a
   * temporary file, and the function gets the URL to fetch it from, for two hours.
   */
  readonly CDN: CDNConstructor
  /** `new wx.cloud.Cloud({ resourceAppid, resourceEnv })`, then `await it.init()`: here the same cloud again. */
  readonly Cloud: new (
    options?: ClientInstanceOptions,
  ) => ClientCloudInstance
}

export interface ClientInstanceOptions {
  readonly resourceAppid?: string
  readonly resourceEnv?: string
  readonly identityless?: boolean
}

export interface ClientCloudInstance extends Omit<ClientCloud, 'init'> {
  init(options?: ClientInitOptions): Promise<void>
}

/** `wx.cloud` for clients, over one `call`. */
export function createClientCloud(options: ClientCloudOptions): ClientCloud {
  const { call, files, fetchUrl, openWatch } = options
  const cloud: Omit<ClientCloud, 'init' | 'Cloud'> = {
    DYNAMIC_CURRENT_ENV,
    callFunction: createClientApi(given => ({
      outcome: callFunction('client', call, given, prepareData(call, files)),
      otherwise: undefined,
    })),
    database: given => {
      requireInit('database', given)
      return createDatabase({
        call,
        profile: 'client',
        throwOnNotFound: given?.throwOnNotFound ?? true,
        env: given?.env,
        ...(openWatch === undefined ? {} : { openWatch }),
      })
    },
    CloudID,
    CDN,
    ...createClientStorage(call, files, fetchUrl),
    ...createUnavailableServices(),
  }
  // A function that returns an object may be called with new, as an arrow may not.
  function CloudInstance(given?: unknown): ClientCloudInstance {
    requireText('Cloud', given, 'resourceAppid')
    requireText('Cloud', given, 'resourceEnv')
    return { ...shared, init: async settings => requireInit('init', settings) }
  }
  const shared = { ...cloud, Cloud: CloudInstance as unknown as ClientCloud['Cloud'] }
  return { ...shared, init: given => requireInit('init', given) }
}

function prepareData(call: ClientCall, files: FileAccess): PrepareData {
  const { createHash } = files
  const send = (file: LocalFile): Promise<string> => {
    const { signal } = new AbortController()
    return uploadTemporary({ call, file, createHash, signal, onProgress: () => undefined })
  }
  return (api, given) => {
    // Most data has neither, and is looked through without a list of its fields.
    if (!hasMarked(given)) return { data: given, cloudIDs: undefined }
    const { data: plain, cloudIDs } = separateCloudIDs(api, given)
    const { data, targets } = separateTargets(api, plain)
    const sendAside = targets.length === 0 ? undefined : () => sendTargets(targets, files, send)
    return { data, cloudIDs, sendAside }
  }
}

/** Whether a value stands in it that is to be taken out. */
function hasMarked(data: Record<string, unknown>): boolean {
  for (const field in data) if (isCloudID(data[field]) || isCDN(data[field])) return true
  return false
}

/** `env` may be text, DYNAMIC_CURRENT_ENV, or one of either per service. */
function requireInit(api: string, options: unknown): void {
  if (options === undefined) return
  if (!isObject(options)) throw mistyped(api, 'options', 'object', options)
  const { env } = options
  if (!isEnv(env) && !(isObject(env) && Object.keys(env).every(service => isEnv(env[service])))) {
    throw mistyped(api, 'env', 'string or object', env)
  }
}

function isEnv(env: unknown): boolean {
  return env === undefined || env === null || typeof env === 'string' || typeof env === 'symbol'
}

function requireText(api: string, options: unknown, name: keyof ClientInstanceOptions): void {
  if (options === undefined) return
  if (!isObject(options)) throw mistyped(api, 'options', 'object', options)
  if (options[name] !== undefined && typeof options[name] !== 'string') {
    throw mistyped(api, name, 'string', options[name])
  }
}

function mistyped(api: string, name: string, expected: string, value: unknown): Error {
  const problem = `parameter.${name} should be ${expected} instead of ${nameType(value)};`
  return createFailure('client', `cloud.${api}`, -401003, problem)
}
