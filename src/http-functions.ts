import { randomUUID } from 'node:crypto'
import { Cancellation } from './cancellation.ts'
import type { Scope } from './capabilities/capability.ts'
import type { HttpAccess } from './transport/http-options.ts'
import type { HttpPathTarget } from './transport/http-paths.ts'

/** What `getWXContext().SOURCE` says of a call that came by HTTP, without a login. */
const HTTP_SOURCE = 'wx_http'

export interface HttpFunctionsInside {
  readonly appid: string | undefined
  readonly envId: string
  readonly declaredPaths: () => ReadonlyMap<string, HttpPathTarget>
  readonly invoke: (
    functionName: string,
    event: Readonly<Record<string, unknown>>,
    scope: Scope,
    requestId: string,
  ) => Promise<{ readonly result: unknown; readonly requestId: string }>
}

/**
 * Functions that are reached by plain HTTP requests: the event is the platform's (wxcloud-spec §1.14), and there is no
 * user, whatever the request says of one.
 */
export function makeHttpAccess({ appid, envId, declaredPaths, invoke }: HttpFunctionsInside): HttpAccess {
  return {
    declaredPaths,
    call: ({ functionName, event, clientIp, signal }) => {
      const requestId = randomUUID()
      const { path, httpMethod, headers, multiValueHeaders, ...others } = event
      const requestContext = { ...(appid === undefined ? {} : { appId: appid }), envId, requestId }
      const request = { path, httpMethod, headers, multiValueHeaders, requestContext, ...others }
      const caller = { source: HTTP_SOURCE, ...(clientIp === '' ? {} : { clientIp }) }
      const scope = {
        kind: 'client',
        caller,
        depth: 0,
        cancellation: new Cancellation(signal),
        place: undefined,
      } as const
      return invoke(functionName, request, scope, requestId)
    },
  }
}
