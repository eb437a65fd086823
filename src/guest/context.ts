import type { FixedIdentity } from '../protocol/bridge.ts'

/** What a handler gets beside the event. Its `callbackWaitsForEmptyEventLoop` is the function's to change. */
export interface Context extends Record<string, unknown> {
  callbackWaitsForEmptyEventLoop: unknown
}

/** The completions that AWS Lambda's contexts had, and the platform's still have. */
interface Completions {
  readonly done: (error?: unknown, value?: unknown) => void
  readonly succeed: (value?: unknown) => void
  readonly fail: (error?: unknown) => void
}

/** Has every field of a context in its place: copying it costs a fraction of putting one together. */
let template: Context = { callbackWaitsForEmptyEventLoop: true }
let fixed: FixedIdentity['context'] = {}

/** Takes what no invocation of this instance is told differently. */
export function setFixedContext(context: FixedIdentity['context']): void {
  fixed = context
  template = {
    callbackWaitsForEmptyEventLoop: true,
    getContext: undefined,
    done: undefined,
    succeed: undefined,
    fail: undefined,
    ...context,
    request_id: '',
    environ: '',
  }
}

export function makeContext(
  requestId: string,
  environ: string,
  { done, succeed, fail }: Completions,
): Context {
  return {
    ...template,
    getContext: () => ({ ...fixed, request_id: requestId, environ }),
    done,
    succeed,
    fail,
    request_id: requestId,
    environ,
  }
}
