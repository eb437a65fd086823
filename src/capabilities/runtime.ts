import { domainToASCII, domainToUnicode } from 'node:url'
import type { OPS } from '../protocol/calls.ts'
import type { Handlers } from './capability.ts'
import { nativeHandlers } from './native.ts'

type RuntimeOp = Extract<keyof typeof OPS, `url.${string}` | `crypto.${string}` | `zlib.${string}`>

/** What Node has natively and functions reach through the host. */
export function runtimeHandlers(): Handlers<RuntimeOp> {
  return {
    ...nativeHandlers(),
    'url.domainToAscii': async ({ domain }) => ({ domain: domainToASCII(domain) }),
    'url.domainToUnicode': async ({ domain }) => ({ domain: domainToUnicode(domain) }),
  }
}
