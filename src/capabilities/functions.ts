import { OverloadedError, ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Encoded } from '../protocol/value.ts'
import type { Handlers, Scope } from './capability.ts'
import { fillCloudIDs, type OpenCloudIDs } from './cloud-ids.ts'

/** Runs a function for a scope; the host hands this down, since invoking is above capabilities. */
export type Invoke = (
  name: string,
  event: Readonly<Record<string, unknown>>,
  scope: Scope,
) => Promise<{ readonly result: unknown; readonly requestId: string }>

/** Calls to other functions. The caller's identity goes along; how deep calls may nest is bounded. */
export function functionHandlers(invoke: Invoke, openCloudIDs: OpenCloudIDs): Handlers<'functions.invoke'> {
  return {
    'functions.invoke': async ({ name, data, cloudIDs }, scope) => {
      if (scope.depth >= LIMITS.callDepth) {
        throw new OverloadedError(
          `"${name}" was called ${scope.depth} functions deep; the limit is ${LIMITS.callDepth}. Do functions call each other in a circle?`,
        )
      }
      const given = eventOf(data)
      const event =
        cloudIDs === undefined
          ? given
          : await fillCloudIDs(given, cloudIDs, ids => openCloudIDs(ids, scope.caller))
      const { result, requestId } = await invoke(name, event, scope)
      return { result: result as Encoded, requestId }
    },
  }
}

function eventOf(data: unknown): Readonly<Record<string, unknown>> {
  if (data === undefined || data === null) return {}
  if (typeof data === 'object' && !Array.isArray(data)) return data as Record<string, unknown>
  throw new ValueError('data', 'data must be an object: it becomes the event of the called function.')
}
