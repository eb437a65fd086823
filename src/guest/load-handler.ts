import { TypeErrorCtor } from './intrinsics.ts'
import { loadEntry } from './require.ts'
import { beginLoading, endLoading, resumeTimers } from './timers.ts'

export type Handler = (event: unknown, context: unknown, callback: Callback) => unknown
export type Callback = (error?: unknown, value?: unknown) => void

/**
 * Runs the function's files and takes what they export as main; a promise of it when they wait at their top level.
 * Throws what they throw.
 */
export function loadHandler(): Handler | Promise<Handler> {
  beginLoading()
  try {
    const { exports, ready } = loadEntry()
    return ready === undefined ? takeHandler(exports) : waitForHandler(ready)
  } finally {
    endLoading()
    resumeTimers()
  }
}

async function waitForHandler(ready: Promise<unknown>): Promise<Handler> {
  return takeHandler(await ready)
}

function takeHandler(exported: unknown): Handler {
  const main = (exported as { main?: unknown } | null | undefined)?.main
  if (typeof main === 'function') return main as Handler
  throw new TypeErrorCtor(
    `exports.main is ${main === undefined ? 'missing' : `a ${typeof main}`}, but it must be the function to call: exports.main = async (event, context) => { … }`,
  )
}
