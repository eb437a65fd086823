import type { CRYPTO_OPS } from '../protocol/calls-crypto.ts'
import type { ZLIB_OPS } from '../protocol/calls-zlib.ts'
import type { Handlers } from './capability.ts'
import { cryptoHandlers } from './crypto.ts'
import { HeavyWork } from './heavy-work.ts'
import { OpenHandles } from './open-handles.ts'
import { zlibHandlers } from './zlib.ts'

/** What functions have of the libraries built into Node, with one account of what they keep open and compute. */
export function nativeHandlers(): Handlers<keyof typeof CRYPTO_OPS | keyof typeof ZLIB_OPS> {
  const open = new OpenHandles()
  // Apart, so that what takes milliseconds never waits for what takes seconds.
  const long = new HeavyWork()
  const brief = new HeavyWork()
  return { ...cryptoHandlers(open, long, brief), ...zlibHandlers(open, brief) }
}
