import type { Call } from '../protocol/calls.ts'
import { createDatabase, type ServerDatabase } from './database.ts'
import {
  type CloudService,
  createEnvCheck,
  DYNAMIC_CURRENT_ENV,
  type EnvOption,
  readCallEnv,
} from './environment.ts'
import { type CallFunctionOptions, type CallFunctionResult, callFunction } from './functions.ts'
import { createLogger, type Logger, type LoggerLevel } from './logger.ts'
import {
  createCloudPay,
  createOpenApi,
  createOpenCalls,
  type OpenApi,
  type OpenCalls,
  rejectUnavailable,
} from './openapi.ts'
import { isObject } from './parameters.ts'
import * as storage from './storage.ts'
import { readWxContext, type WxContext } from './wx-context.ts'
import { createWxError } from './wx-errors.ts'

export interface ServerCloudOptions {
  readonly call: Call
  /** Environment variables of the running invocation. Read at each call, never kept. */
  readonly environment: () => Readonly<Record<string, string | undefined>>
  /** Writes a warning to the invocation's log. */
  readonly warn: (message: string) => void
  /** Writes a line of `cloud.logger()`. Default: every level through `warn`. */
  readonly log?: (level: LoggerLevel, message: string) => void
  /** Makes the runtime's own binary type (Buffer) from bytes. Default: the Uint8Array itself. */
  readonly toBuffer?: (bytes: Uint8Array) => Uint8Array
  /** UTF-8 encodes text content for uploadFile. */
  readonly encodeText: (text: string) => Uint8Array
}

export interface InitOptions {
  readonly env?: EnvOption
  /** Accepted for compatibility; a self-hosted runtime keeps no visitor list. */
  readonly traceUser?: boolean
  /** Default of every `database()` of this cloud. */
  readonly throwOnNotFound?: boolean
}

/** What `require('wx-server-sdk')` gives: the exports of version 2.6.3. All APIs are promise-only. */
export interface ServerCloud extends OpenCalls {
  readonly version: string
  readonly DYNAMIC_CURRENT_ENV: typeof DYNAMIC_CURRENT_ENV
  /** Must come first. Only the first call takes effect. */
  init(options?: InitOptions): void
  /** Overrides what init was given. */
  updateConfig(options?: InitOptions): void
  /** A cloud of its own configuration, initialised with `options`. */
  createNewInstance(options?: InitOptions): ServerCloud
  /** `new cloud.Cloud({ resourceEnv })`, then `await it.init()`: environment sharing. Here all are one. */
  readonly Cloud: new (
    options?: SharedCloudOptions,
  ) => SharedCloud
  database(options?: { env?: EnvOption; throwOnNotFound?: boolean }): ServerDatabase
  uploadFile(options: storage.UploadFileOptions): Promise<storage.UploadFileResult>
  downloadFile(options: storage.DownloadFileOptions): Promise<storage.DownloadContentResult>
  getTempFileURL(options: storage.TempUrlOptions): Promise<storage.TempUrlResult>
  deleteFile(options: storage.DeleteFileOptions): Promise<storage.DeleteFileResult>
  callFunction(options: CallFunctionOptions): Promise<CallFunctionResult>
  /** Who calls. Needs no init; meaningful only inside a running invocation. */
  getWXContext(): WxContext
  logger(): Logger
  /** WeChat's own APIs: those that permissions.openapi of the function's config.json names. */
  readonly openapi: OpenApi
  /** WeChat Pay. */
  readonly cloudPay: OpenApi
  callOpenAPI(options?: unknown): Promise<never>
  signature(options?: unknown): Promise<never>
  registerService(service?: unknown): Promise<never>
}

export interface SharedCloudOptions {
  readonly resourceAppid?: string
  readonly resourceEnv?: string
}

export interface SharedCloud extends Omit<ServerCloud, 'init'> {
  init(options?: InitOptions): Promise<void>
}

const VERSION = '2.6.3'

const NOT_INITIALISED =
  "Cloud API isn't enabled, please call init first\n" +
  '请先调用 init 完成初始化后再调用其他云 API。init 方法可传入一个对象用于设置默认配置，详见文档。'

/** The module a function gets from `require('wx-server-sdk')`. Its only state is its configuration. */
export function createServerCloud(options: ServerCloudOptions): ServerCloud {
  const { call, environment, warn } = options
  const log = options.log ?? ((_level: LoggerLevel, message: string) => warn(message))
  const checkEnv = createEnvCheck(environment, warn)
  let config: InitOptions | undefined

  const requireInit = (): InitOptions => {
    if (config === undefined) throw createWxError(-1, NOT_INITIALISED)
    return config
  }
  /** Before each call: rejects before init, warns of a foreign environment. */
  const enter = async <Result>(
    service: CloudService,
    given: unknown,
    work: () => Promise<Result>,
  ): Promise<Result> => {
    const initial = requireInit()
    checkEnv(service, readCallEnv(given) ?? initial.env)
    return work()
  }

  const open = { call, requireInit, toBuffer: options.toBuffer ?? (bytes => bytes) }

  return {
    version: VERSION,
    DYNAMIC_CURRENT_ENV,
    init: given => {
      config ??= readInitOptions(given, warn)
    },
    updateConfig: given => {
      config = { ...config, ...readInitOptions(given, warn) }
    },
    createNewInstance: given => {
      const instance = createServerCloud(options)
      instance.init(given)
      return instance
    },
    Cloud: createSharedCloudClass(options),
    database: given => {
      const settings = { ...requireInit(), ...given }
      checkEnv('database', settings.env)
      return createDatabase({
        call,
        profile: 'server',
        throwOnNotFound: settings.throwOnNotFound ?? true,
        warn,
        requestId: () => environment()['TCB_SEQID'],
      })
    },
    uploadFile: given =>
      enter('storage', given, () => storage.uploadContent(call, options.encodeText, given)),
    downloadFile: given =>
      enter('storage', given, () => storage.downloadContent(call, options.toBuffer, given)),
    getTempFileURL: given => enter('storage', given, () => storage.getTempFileURL('server', call, given)),
    deleteFile: given => enter('storage', given, () => storage.deleteFile('server', call, given)),
    callFunction: given => enter('functions', given, () => callFunction('server', call, given)),
    getWXContext: () => readWxContext(environment()),
    logger: () => {
      requireInit()
      return createLogger(log)
    },
    openapi: createOpenApi(open),
    cloudPay: createCloudPay(open),
    ...createOpenCalls(open),
    callOpenAPI: () => rejectUnavailable('callOpenAPI', requireInit),
    signature: () => rejectUnavailable('signature', requireInit),
    registerService: () => rejectUnavailable('registerService', requireInit),
  }
}

function createSharedCloudClass(own: ServerCloudOptions): ServerCloud['Cloud'] {
  // A function that returns an object may be called with new, as an arrow may not.
  function SharedCloud(given?: SharedCloudOptions): SharedCloud {
    const env = given?.resourceEnv
    if (given !== undefined && !env) throw new Error('missing resourceEnv')
    const instance = createServerCloud(own)
    return {
      ...instance,
      init: async options => instance.init(env === undefined ? options : { env, ...options }),
    }
  }
  return SharedCloud as unknown as ServerCloud['Cloud']
}

function readInitOptions(given: unknown, warn: (message: string) => void): InitOptions {
  if (given === undefined) return {}
  if (isObject(given)) return { ...given }
  warn(`cloud.init takes an object such as { env: cloud.DYNAMIC_CURRENT_ENV}; ${String(given)} is ignored.`)
  return {}
}
