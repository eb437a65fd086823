import { runApi, type Surface, type WxError } from './wx-errors.ts'

/** The callback style of client APIs: any one of the three chooses it (wxcloud-spec §3.1). */
export interface Callbacks<Result> {
  readonly success?: (result: Result) => void
  readonly fail?: (error: WxError) => void
  readonly complete?: (outcome: Result | WxError) => void
}

/** What a client API returns: a promise, or `Otherwise` when the options hold a callback. */
export type Settled<Given, Result, Otherwise = undefined> = Given extends
  | { success: unknown }
  | { fail: unknown }
  | { complete: unknown }
  ? Otherwise
  : Promise<Result>

/** A client API: promise or callback style by what it is given. */
export type ClientApi<Options, Result, Otherwise = undefined> = <Given extends Options & Callbacks<Result>>(
  options: Given,
) => Settled<Given, Result, Otherwise>

type Callback = (outcome: unknown) => void

/**
 * Settles an outcome in the style the options ask for. An exception of a callback is the application's own
 * and surfaces as an unhandled rejection; `complete` is called even then.
 */
export function settle<Given, Result, Otherwise>(
  options: Given,
  outcome: Promise<Result>,
  otherwise: Otherwise,
): Settled<Given, Result, Otherwise> {
  type Return = Settled<Given, Result, Otherwise>
  const success = callbackOf(options, 'success')
  const fail = callbackOf(options, 'fail')
  const complete = callbackOf(options, 'complete')
  // The conditional type says what the two branches below do; the compiler can't follow it there.
  if (!success && !fail && !complete) return outcome as Return
  void outcome.then(
    result => callBack(result, success, complete),
    error => callBack(error, fail, complete),
  )
  return otherwise as Return
}

/** Runs one database API and settles it: callbacks are a matter of clients, functions only get promises. */
export function settleApi<Given, Result>(
  surface: Surface,
  api: string,
  options: Given | undefined,
  work: (api: string) => Promise<Result>,
): Settled<Given, Result> {
  const outcome = runApi(surface, api, () => work(api))
  const style = surface === 'client' ? options : undefined
  return settle<Given | undefined, Result, undefined>(style, outcome, undefined) as Settled<Given, Result>
}

function callBack(outcome: unknown, first: Callback | undefined, complete: Callback | undefined): void {
  try {
    first?.(outcome)
  } finally {
    complete?.(outcome)
  }
}

function callbackOf(options: unknown, key: 'success' | 'fail' | 'complete'): Callback | undefined {
  if (typeof options !== 'object' || options === null) return undefined
  const callback: unknown = Reflect.get(options, key)
  return typeof callback === 'function' ? outcome => Reflect.apply(callback, undefined, [outcome]) : undefined
}
