import { domainToASCII, domainToUnicode } from 'node:url'
import type { OPS, OpName } from '../protocol/calls.ts'
import type { Handlers } from './capability.ts'
import { filesHandlers } from './files.ts'
import { nativeHandlers } from './native.ts'

type RuntimeOp = {
  [Op in OpName]: (typeof OPS)[Op]['capability'] extends 'runtime' | 'webAssembly' ? Op : never
}[OpName]

/** What Node has natively and functions reach through the host, or have in their isolate if the host lets them. */
export function runtimeHandlers(): Handlers<RuntimeOp> {
  return {
    ...filesHandlers(),
    ...nativeHandlers(),
    'memory.usage': async (_args, { meter }) => ({ heapUsedBytes: meter?.heapUsedBytes ?? 0 }),
    'webAssembly.use': async () => ({}),
    'url.domainToAscii': async ({ domain }) => ({ domain: domainToASCII(domain) }),
    'url.domainToUnicode': async ({ domain }) => ({ domain: domainToUnicode(domain) }),
  }
}
