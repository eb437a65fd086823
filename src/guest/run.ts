import type { Context } from './context.ts'

/** One run of the handler: the first of its completions wins, the rest are ignored (wxcloud-spec §1.3). */
export interface Run {
  isAnswered: boolean
  /** What `callback` was given while it waits for the loop to empty. */
  callbackResult: { error: unknown; value: unknown } | undefined
  /** The handler returned something to wait for, so an empty loop says nothing yet. */
  awaitsThenable: boolean
  context: Context | undefined
}

export function makeRun(): Run {
  return { isAnswered: false, callbackResult: undefined, awaitsThenable: false, context: undefined }
}
