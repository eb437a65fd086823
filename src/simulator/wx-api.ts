/** The callback style of wx: any one of the three chooses it, and no promise is returned. */
export interface WxCallbacks<Result> {
  readonly success?: (result: Result & WxMessage) => void
  readonly fail?: (failure: WxFailure) => void
  readonly complete?: (outcome: (Result & WxMessage) | WxFailure) => void
}

export interface WxMessage {
  /** `<api>:ok`, or `<api>:fail <why>`. */
  readonly errMsg: string
}

/** What `fail` is given and what a promise rejects with: the platform's `errMsg` on a real Error. */
export interface WxFailure extends Error, WxMessage {}

type WithCallback = { success: unknown } | { fail: unknown } | { complete: unknown }

/** An asynchronous API of wx: callbacks if there is one, else a promise. */
export type WxApi<Options extends object, Result extends object = object> = <
  Given extends Options & WxCallbacks<Result> = Options & WxCallbacks<Result>,
>(
  ...options: Record<never, never> extends Options ? [options?: Given] : [options: Given]
) => Given extends WithCallback ? undefined : Promise<Result & WxMessage>

/** Hears of an exception that page code threw where nobody waits for it. */
export type Report = (error: unknown) => void

export function createWxFailure(api: string, why: string, cause?: unknown): WxFailure {
  const errMsg = `${api}:fail ${why}`
  return Object.assign(new Error(errMsg, { cause }), { errMsg })
}

/** Makes an API of wx from work that returns its result, or throws a failure or any other error. */
export function createWxApi<Options extends object, Result extends object>(
  api: string,
  report: Report,
  work: (options: Options) => Result | Promise<Result>,
): WxApi<Options, Result> {
  const run = (given: unknown): Promise<(Result & WxMessage) | undefined> | undefined => {
    const options = readOptions(given)
    const outcome = runWxApi(api, async () => work(options as Options))
    if (!hasCallback(options)) return outcome
    callBack(options, outcome, report)
    return undefined
  }
  // What is returned follows from what is given, which the compiler can't follow into `run`.
  return run as WxApi<Options, Result>
}

/** Runs an API's work: its result with `errMsg`, or a failure that names the API. */
export async function runWxApi<Result extends object>(
  api: string,
  work: () => Promise<Result>,
): Promise<Result & WxMessage> {
  try {
    return { errMsg: `${api}:ok`, ...(await work()) }
  } catch (error) {
    if (isWxFailure(error)) throw error
    throw createWxFailure(api, error instanceof Error ? error.message : String(error), error)
  }
}

/** Tells an outcome to the callbacks in `options`. What a callback throws is reported; `complete` is called even then. */
export function callBack(options: object, outcome: Promise<object>, report: Report): void {
  const tell = (name: string, value: unknown): void => {
    const callback: unknown = Reflect.get(options, name)
    if (typeof callback !== 'function') return
    try {
      Reflect.apply(callback, undefined, [value])
    } catch (error) {
      report(error)
    }
  }
  void outcome.then(
    result => {
      tell('success', result)
      tell('complete', result)
    },
    (failure: unknown) => {
      tell('fail', failure)
      tell('complete', failure)
    },
  )
}

/** The options as an object: APIs whose options may all be left out are called without any. */
export function readOptions(given: unknown): object {
  return typeof given === 'object' && given !== null ? given : {}
}

/** @throws {WxFailure} in the platform's words when an option isn't of its type. */
export function requireText(api: string, name: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw createParameterFailure(api, name, 'String', value)
}

export function createParameterFailure(
  api: string,
  name: string,
  expected: string,
  value: unknown,
): WxFailure {
  const problem = `parameter.${name} should be ${expected} instead of ${nameOfType(value)};`
  return createWxFailure(api, `parameter error: ${problem}`)
}

function nameOfType(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}

function hasCallback(options: object): boolean {
  return ['success', 'fail', 'complete'].some(name => typeof Reflect.get(options, name) === 'function')
}

function isWxFailure(error: unknown): error is WxFailure {
  return error instanceof Error && 'errMsg' in error && typeof error.errMsg === 'string'
}
