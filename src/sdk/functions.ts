import { LIMITS } from '../limits.ts'
import type { Call, OpArgs } from '../protocol/calls.ts'
import type { Encoded } from '../protocol/value.ts'
import type { SeparatedData } from './cloud-id.ts'
import { isObject, nameType } from './parameters.ts'
import { createFailure, createWxError, nameApi, type Surface, toWxError } from './wx-errors.ts'

export interface CallFunctionOptions {
  /** Name of a deployed function. */
  readonly name: string
  /** The event: anything JSON can hold, at most 6 MB of text. */
  readonly data?: object
  /** Accepted for compatibility: no call here is polled for. */
  readonly slow?: boolean
  readonly config?: { readonly env?: string | symbol }
}

export interface CallFunctionResult {
  /** What the function returned. Absent when the platform gave no result. */
  // biome-ignore lint/suspicious/noExplicitAny: only the function knows, as in the platform's own types.
  readonly result: any
  readonly errMsg: string
  readonly requestID: string
}

/** `data` of which what does not cross as JSON is taken out. */
export interface PreparedData extends SeparatedData {
  /** Sends what goes beside it, and resolves with what stands in the event for it, by field. */
  readonly sendAside?: (() => Promise<Record<string, string>>) | undefined
}

export type PrepareData = (api: string, data: Record<string, unknown>) => PreparedData

/**
 * `callFunction` of both surfaces.
 *
 * @throws {WxError} errCode -504002 when the function failed; on clients -501000 when it doesn't exist and
 *   -504003 when it ran out of time.
 */
export async function callFunction(
  surface: Surface,
  call: Call,
  options: unknown,
  prepare?: PrepareData,
): Promise<CallFunctionResult> {
  const api = nameApi(surface, 'callFunction')
  try {
    // All of it before anything is awaited: the caller may go on with its data, and a call goes out in its own turn.
    const { args, sendAside } = readCall(surface, api, options, prepare)
    const filled = sendAside === undefined ? args : await fill(args, sendAside)
    const { result, requestId } = await call('functions.invoke', filled)
    const errMsg = `${api}:ok`
    if (result === undefined) return { errMsg, requestID: requestId } as CallFunctionResult
    return { result: surface === 'server' ? parseAgain(result) : result, errMsg, requestID: requestId }
  } catch (error) {
    throw toWxError(error, surface, api)
  }
}

type InvokeArgs = OpArgs<'functions.invoke'>

function readCall(
  surface: Surface,
  api: string,
  options: unknown,
  prepare: PrepareData | undefined,
): { readonly args: InvokeArgs; readonly sendAside?: PreparedData['sendAside'] } {
  if (!isObject(options)) {
    const problem = `Params for callFunction must be an object instead of ${nameType(options)}`
    // The server SDK prints the missing error number as "undefined ." and programs have seen it so.
    throw createFailure(surface, api, -1, surface === 'server' ? `undefined . ${problem}` : problem)
  }
  const { name, data } = options
  if (typeof name !== 'string') throw mistyped(surface, api, 'name', 'string', name)
  if (data === undefined) return { args: { name } }
  if (!isObject(data)) throw mistyped(surface, api, 'data', 'object', data)
  const prepared: PreparedData = prepare === undefined ? { data, cloudIDs: undefined } : prepare(api, data)
  const event = toJson(surface, api, prepared.data)
  const args = event === undefined ? { name } : { name, data: event }
  const { cloudIDs, sendAside } = prepared
  return { args: cloudIDs === undefined ? args : { ...args, cloudIDs }, sendAside }
}

async function fill(
  args: InvokeArgs,
  sendAside: NonNullable<PreparedData['sendAside']>,
): Promise<InvokeArgs> {
  const fields = await sendAside()
  return { ...args, data: { ...(args.data as Record<string, Encoded>), ...fields } }
}

function mistyped(surface: Surface, api: string, field: string, expected: string, value: unknown): Error {
  const problem = `parameter.${field} should be ${expected} instead of ${nameType(value)};`
  return surface === 'server' ? createWxError(-1, problem) : createFailure(surface, api, -401003, problem)
}

/** The event as the called function will see it: Dates as text, undefined dropped, toJSON honoured. */
function toJson(surface: Surface, api: string, data: object): Encoded | undefined {
  const text = stringify(surface, api, data)
  if (text === undefined) return undefined
  if (text.length > LIMITS.valueChars) {
    throw createFailure(
      surface,
      api,
      -501007,
      `data is ${text.length} characters of JSON and may be ${LIMITS.valueChars} at most. Pass a fileID instead.`,
    )
  }
  const event: Encoded = JSON.parse(text)
  return event
}

function stringify(surface: Surface, api: string, data: object): string | undefined {
  try {
    return JSON.stringify(data)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const circular = /circular|cyclic/i.test(error.message)
    const detail = circular ? `对象出现了循环引用 (${error.message})` : error.message
    throw createFailure(surface, api, circular && surface === 'client' ? -402001 : -1, detail)
  }
}

/** The server SDK parses a string result once more when it is JSON itself (wxcloud-spec §1.9). */
function parseAgain(result: Encoded): unknown {
  if (typeof result !== 'string') return result
  try {
    return JSON.parse(result)
  } catch {
    // Ordinary text stays text.
    return result
  }
}
