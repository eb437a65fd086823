import type { Call, OpArgs } from '../protocol/calls.ts'
import { type EncodedObject, setField } from '../protocol/value.ts'
import { isObject, nameType } from './parameters.ts'
import { createFailure, createWxError, runApi } from './wx-errors.ts'

/** APIs of WeChat's own servers, by any path: `openapi.security.msgSecCheck(…)`. */
export interface OpenApi {
  (params?: object): OpenApi & Promise<Record<string, unknown>>
  readonly [name: string]: OpenApi
}

/** What these APIs need of the cloud they belong to. */
export interface OpenApiContext {
  readonly call: Call
  /** Throws when the cloud was not initialised. */
  readonly requireInit: () => unknown
  /** Makes the runtime's own binary type from bytes. */
  readonly toBuffer: (bytes: Uint8Array) => Uint8Array
}

/** `cloud.openapi({ appid, version, convertCase })`: `version` is accepted and means nothing here. */
interface Options {
  readonly appid?: string
  readonly convertCase?: boolean
}

type Send = (path: string, params: Record<string, unknown>, options: Options) => Promise<object>

/** `cloud.openapi.<group>.<method>(params)`; files among the params are `{ contentType, value: Buffer }`. */
export function createOpenApi({ call, requireInit, toBuffer }: OpenApiContext): OpenApi {
  return createRoot('openapi', requireInit, async (api, given, { appid, convertCase }) => {
    const { params, media, content } = takeFiles(given)
    const { fields, ...file } = await call('wechat.openapi', {
      api,
      params,
      media,
      content,
      convertCase: convertCase !== false,
      ...(appid !== undefined && { appid }),
    })
    if (file.content === undefined) return fields
    return { contentType: file.contentType, buffer: toBuffer(file.content) }
  })
}

/** `cloud.cloudPay.<method>(params)`. */
export function createCloudPay({ call, requireInit, toBuffer }: OpenApiContext): OpenApi {
  return createRoot('cloudPay', requireInit, async (method, given, { appid }) => {
    const params = given as EncodedObject
    const answer = await call('wechat.cloudPay', { method, params, ...(appid !== undefined && { appid }) })
    return answer.content === undefined ? answer.fields : { data: toBuffer(answer.content) }
  })
}

/** The three signatures and open data, which are no part of `openapi`. */
export function createOpenCalls({ call, requireInit }: OpenApiContext): OpenCalls {
  const run = <Result extends object>(
    api: string,
    given: unknown,
    work: (options: Record<string, unknown>) => Promise<Result>,
  ): Promise<Result & Success> =>
    runApi('server', api, async () => {
      requireInit()
      if (!isObject(given)) {
        // The SDK prints the missing error number as "undefined ." and programs have seen it so.
        const problem = `undefined . Params for ${api} must be an object instead of ${nameType(given)}`
        throw createFailure('server', api, -1, problem)
      }
      return { ...(await work(given)), errMsg: `${api}:ok`, errCode: 0 }
    })
  return {
    getOpenData: given =>
      run('getOpenData', given, async ({ list }) => {
        if (!list) throw createFailure('server', 'getOpenData', -1, 'list must be provided')
        return call('wechat.getOpenData', { cloudIDs: list as string[] })
      }),
    getVoIPSign: given =>
      run('getVoIPSign', given, async options => {
        const { groupId, timestamp, nonce } = requireTypes(options, VOIP_SIGN)
        return call('wechat.getVoIPSign', { groupId, timestamp, nonce } as OpArgs<'wechat.getVoIPSign'>)
      }),
    getCloudCallSign: given =>
      run('getCloudCallSign', given, async ({ parameterList = [] }) =>
        call('wechat.getCloudCallSign', {
          parameterList: parameterList as OpArgs<'wechat.getCloudCallSign'>['parameterList'],
        }),
      ),
  }
}

export interface Success {
  readonly errMsg: string
  readonly errCode: number
}

export interface OpenCalls {
  /** Open data behind ids that a mini-program sent: one entry for each, in order. */
  getOpenData(options: { list: readonly string[] }): Promise<{ list: readonly unknown[] } & Success>
  /** The signature of `wx.joinVoIPChat`, for the user who calls. */
  getVoIPSign(options: {
    groupId: string
    timestamp: number
    nonce: string
  }): Promise<{ signature: string } & Success>
  getCloudCallSign(options: { parameterList: readonly unknown[] }): Promise<{ signature: string } & Success>
}

/** Rejects with errCode -604100: what the platform keeps to itself. */
export async function rejectUnavailable(api: string, requireInit: () => unknown): Promise<never> {
  requireInit()
  throw createFailure('server', api, -604100, `"${api}" belongs to WeChat's own platform. Use cloud.openapi.`)
}

const VOIP_SIGN = { groupId: 'string', timestamp: 'number', nonce: 'string' }

function requireTypes(
  options: Record<string, unknown>,
  types: Readonly<Record<string, string>>,
): Record<string, unknown> {
  for (const [key, type] of Object.entries(types)) {
    const given = nameType(options[key])
    if (given !== type) throw createWxError(-1, `parameter.${key} should be ${type} instead of ${given};`)
  }
  return options
}

/**
 * A root that takes any path of names, dots in them included, and asks for that API when the path is called. Calling
 * the root itself gives a root with those options.
 */
function createRoot(root: string, requireInit: () => unknown, send: Send): OpenApi {
  const at = (path: string, options: Options): OpenApi => {
    const ask = (given?: unknown): unknown => {
      if (path !== '') return run(path, given, options)
      if (!isObject(given)) throw new Error('an options object is expected')
      return at('', given)
    }
    return new Proxy(ask, {
      get: (target, key) => {
        // No thenable and nothing with a JSON form of its own: await and JSON.stringify must not call it.
        if (typeof key !== 'string' || key === 'then' || key === 'toJSON') return undefined
        // `call`, `apply` and `bind` of an API are a function's.
        if (path !== '' && key in target) return Reflect.get(target, key)
        return at(path === '' ? key : `${path}.${key}`, options)
      },
    }) as unknown as OpenApi
  }
  const run = (path: string, given: unknown, options: Options): Promise<object> => {
    const api = `${root}.${path}`
    return runApi('server', api, async () => {
      requireInit()
      const params = given ?? {}
      if (!isObject(params)) {
        throw createWxError(-1, `parameter should be object instead of ${nameType(given)};`)
      }
      return { ...(await send(path, params, options)), errMsg: `${api}:ok`, errCode: 0 }
    })
  }
  return at('', {})
}

type Files = Pick<OpArgs<'wechat.openapi'>, 'params' | 'media' | 'content'>

/** Parameters that are files, apart from the rest, their bytes one behind the other. */
function takeFiles(given: Record<string, unknown>): Files {
  const params: Record<string, unknown> = {}
  const media: Files['media'] = []
  const files: Uint8Array[] = []
  for (const [key, value] of Object.entries(given)) {
    const contentType = isObject(value) ? (value['contentType'] ?? value['content_type']) : undefined
    const bytes = isObject(value) ? value['value'] : undefined
    if (typeof contentType !== 'string' || !(bytes instanceof Uint8Array)) {
      setField(params, key, value)
      continue
    }
    const fileName = (value as Record<string, unknown>)['fileName']
    media.push({
      key,
      contentType,
      sizeBytes: bytes.byteLength,
      ...(typeof fileName === 'string' && { fileName }),
    })
    files.push(bytes)
  }
  return { params: params as EncodedObject, media, content: join(files) }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return only
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.byteLength
  }
  return joined
}
