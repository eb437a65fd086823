import { domainToASCII, domainToUnicode } from 'node:url'
import type { OPS, OpName } from '../protocol/calls.ts'
import type { Handlers } from './capability.ts'

type RuntimeOp = { [Op in OpName]: (typeof OPS)[Op]['capability'] extends 'runtime' ? Op : never }[OpName]

/** What Node has natively and functions reach through the host: no power over the world. */
export function runtimeHandlers(): Handlers<RuntimeOp> {
  return {
    'url.domainToAscii': async ({ domain }) => ({ domain: domainToASCII(domain) }),
    'url.domainToUnicode': async ({ domain }) => ({ domain: domainToUnicode(domain) }),
  }
}
