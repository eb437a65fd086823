import { CLIENT_RIGHTS } from './capabilities/bindings.ts'
import type { Dispatcher } from './capabilities/dispatch.ts'
import { Doors } from './doors.ts'
import { type HttpFunctionsInside, makeHttpAccess } from './http-functions.ts'
import { callerOfClient, completeCaller } from './identity.ts'
import type { Storage } from './storage/storage.ts'
import { developmentAuthenticator } from './transport/auth.ts'
import type { Caller } from './types.ts'
import type { Wechat } from './wechat/wechat.ts'

/** What the doors of a host lead to. */
export interface DoorsInside extends HttpFunctionsInside {
  readonly dispatcher: Dispatcher
  readonly storage: Storage
  readonly wechat: Wechat | undefined
  readonly health: () => object
  readonly onInternalError: (error: unknown) => void
}

/** The doors of a host: a call that comes through one runs with a client's rights, as the caller of its session. */
export function openDoors(inside: DoorsInside): Doors {
  const { appid, dispatcher, storage, wechat, health, onInternalError } = inside
  /** Of the callers that sessions have, whole; a session's stays the same object. */
  const callers = new WeakMap<Caller, Caller>()
  const completeClient = (caller: Caller): Caller => {
    let whole = callers.get(caller)
    if (whole === undefined) {
      whole = Object.freeze(callerOfClient(completeCaller(caller, appid)))
      callers.set(caller, whole)
    }
    return whole
  }
  return new Doors(
    {
      call: ({ op, args, caller: given, cancellation, emit }) => {
        const caller = completeClient(given)
        const scope = { kind: 'client', caller, depth: 0, cancellation, place: undefined } as const
        return dispatcher.call(op, args, CLIENT_RIGHTS, emit === undefined ? scope : { ...scope, emit })
      },
      serveFile: ({ path, query }) => storage.openSigned(path, query),
      access: makeHttpAccess(inside),
      health,
      onInternalError,
    },
    wechat?.authenticate ?? developmentAuthenticator(appid === undefined ? {} : { appid }),
  )
}
