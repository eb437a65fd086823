import { randomBytes } from 'node:crypto'
import { Cancellation } from '../../src/cancellation.ts'
import { HOST_RIGHTS } from '../../src/capabilities/bindings.ts'
import type { Scope } from '../../src/capabilities/capability.ts'
import { Dispatcher } from '../../src/capabilities/dispatch.ts'
import { Ending } from '../../src/capabilities/ending.ts'
import { runtimeHandlers } from '../../src/capabilities/runtime.ts'
import type { OpArgs, OpName, OpResult } from '../../src/protocol/calls.ts'

/** The ops of crypto and zlib as an invocation reaches them, without an isolate. */
export function openOps() {
  const incidents: unknown[] = []
  const dispatcher = new Dispatcher({
    handlers: runtimeHandlers() as never,
    onInternalError: (_id, cause) => incidents.push(cause),
  })
  const rights = { capabilities: new Set(['runtime'] as const), deniedOps: HOST_RIGHTS.deniedOps }
  return {
    incidents,
    dispatcher,
    /** One invocation; `end` is its end. */
    invocation() {
      const ending = new Ending()
      const aborter = new AbortController()
      const scope: Scope = {
        kind: 'function',
        caller: { source: 'test' } as never,
        depth: 0,
        cancellation: new Cancellation(aborter.signal),
        place: undefined,
        ending,
      }
      return {
        ask: <Op extends OpName>(op: Op, args: OpArgs<Op> | object): Promise<OpResult<Op>> =>
          dispatcher.call(op, args, rights, scope) as never,
        end: () => {
          aborter.abort()
          ending.run()
        },
      }
    },
  }
}

export type Ask = ReturnType<ReturnType<typeof openOps>['invocation']>['ask']

/** Byte strings as they travel. */
export function join(...parts: (Uint8Array | string)[]): { content: Uint8Array; sizes: number[] } {
  const bytes = parts.map(part => Buffer.from(part as string))
  return { content: Buffer.concat(bytes), sizes: bytes.map(part => part.byteLength) }
}

export const none = new Uint8Array()
export const noise = (size: number): Uint8Array => randomBytes(size)
