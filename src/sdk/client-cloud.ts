import type { Call } from '../protocol/calls.ts'
import { type ClientApi, settle } from './callbacks.ts'
import { type ClientStorage, createClientStorage, type FileAccess } from './client-storage.ts'
import { createDatabase, type Database } from './database.ts'
import { DYNAMIC_CURRENT_ENV, type EnvOption } from './environment.ts'
import { type CallFunctionOptions, type CallFunctionResult, callFunction } from './functions.ts'
import type { OpenWatch } from './watch.ts'

export interface ClientCloudOptions {
  readonly call: Call
  /** How this client reads a `filePath` and keeps a downloaded file. */
  readonly files: FileAccess
  readonly openWatch?: OpenWatch
}

/** `wx.cloud`. Every API returns a promise, or takes `success`, `fail`, `complete` and returns none. */
export interface ClientCloud extends ClientStorage {
  readonly DYNAMIC_CURRENT_ENV: typeof DYNAMIC_CURRENT_ENV
  /** Accepted for compatibility: the connection already names the one environment there is. */
  init(options?: { env?: EnvOption; traceUser?: boolean }): void
  readonly callFunction: ClientApi<CallFunctionOptions, CallFunctionResult>
  database(options?: { env?: EnvOption; throwOnNotFound?: boolean }): Database
  /** Marks an open-data id in `data` of callFunction, with or without `new`. It reaches the event unopened. */
  readonly CloudID: CloudIDConstructor
}

export interface CloudID {
  readonly cloudID: string
}

export interface CloudIDConstructor {
  new (cloudID: string): CloudID
  (cloudID: string): CloudID
}

/** `wx.cloud` for clients, over one `call`. */
export function createClientCloud(options: ClientCloudOptions): ClientCloud {
  const { call, files, openWatch } = options
  return {
    DYNAMIC_CURRENT_ENV,
    init: () => {},
    callFunction: given => settle(given, callFunction('client', call, given), undefined),
    database: given =>
      createDatabase({
        call,
        profile: 'client',
        throwOnNotFound: given?.throwOnNotFound ?? true,
        ...(openWatch === undefined ? {} : { openWatch }),
      }),
    CloudID: createCloudID as CloudIDConstructor,
    ...createClientStorage(call, files),
  }
}

/** A plain function, not an arrow, so that `new` works too. */
function createCloudID(cloudID: unknown): CloudID {
  if (typeof cloudID !== 'string') throw new TypeError('cloudID must be a string')
  return { cloudID }
}
