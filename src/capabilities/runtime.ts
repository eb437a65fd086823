import { domainToASCII, domainToUnicode } from 'node:url'
import type { OPS } from '../protocol/calls.ts'
import type { Handlers } from './capability.ts'

type RuntimeOp = Extract<keyof typeof OPS, `url.${string}`>

/** What Node has natively and functions reach through the host: no power over the world. */
export function runtimeHandlers(): Handlers<RuntimeOp> {
  return {
    'url.domainToAscii': async ({ domain }) => ({ domain: domainToASCII(domain) }),
    'url.domainToUnicode': async ({ domain }) => ({ domain: domainToUnicode(domain) }),
  }
}
