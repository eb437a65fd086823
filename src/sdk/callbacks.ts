import { runApi, type Surface, type WxError } from './wx-errors.ts'

/** The callback style of client APIs: any one of the three chooses it (wxcloud-spec §3.1). */
export interface Callbacks<Result> {
  readonly success?: (result: Result) => void
  readonly fail?: (error: WxError) => void
  readonly complete?: (outcome: Result | WxError) => void
}

/** Options that hold one callback at least, and so choose the callback style. */
export type WithCallback<Result> = Callbacks<Result> &
  (
    | Required<Pick<Callbacks<Result>, 'success'>>
    | Required<Pick<Callbacks<Result>, 'fail'>>
    | Required<Pick<Callbacks<Result>, 'complete'>>
  )

/** A client API: in callback style it returns `Otherwise`, else a promise. */
export interface ClientApi<Options, Result, Otherwise = void> {
  (options: Options & WithCallback<Result>): Otherwise
  (options: Options): Promise<Result>
}

/** An API that takes both styles, of work that begins when it is called. */
export function createClientApi<Options, Result, Otherwise = void>(
  start: (options: unknown) => { readonly outcome: Promise<Result>; readonly otherwise: Otherwise },
): ClientApi<Options, Result, Otherwise> {
  const api = (options: unknown): Promise<Result> | Otherwise => {
    const { outcome, otherwise } = start(options)
    return settle(options, outcome, otherwise)
  }
  // The overloads say what `settle` decides by the options; the compiler can't follow it there.
  return api as ClientApi<Options, Result, Otherwise>
}

type Callback = (outcome: unknown) => void

/**
 * Settles an outcome in the style the options ask for. An exception of a callback is the application's own
 * and surfaces as an unhandled rejection; `complete` is called even then.
 */
function settle<Result, Otherwise>(
  options: unknown,
  outcome: Promise<Result>,
  otherwise: Otherwise,
): Promise<Result> | Otherwise {
  const success = callbackOf(options, 'success')
  const fail = callbackOf(options, 'fail')
  const complete = callbackOf(options, 'complete')
  if (!success && !fail && !complete) return outcome
  void outcome.then(
    result => callBack(result, success, complete),
    error => callBack(error, fail, complete),
  )
  return otherwise
}

/** Runs one database API and settles it: callbacks are a matter of clients, functions only get promises. */
export function settleApi<Result>(
  surface: Surface,
  api: string,
  options: unknown,
  work: (api: string) => Promise<Result>,
): Promise<Result> | undefined {
  const outcome = runApi(surface, api, () => work(api))
  return settle(surface === 'client' ? options : undefined, outcome, undefined)
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
