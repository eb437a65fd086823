import { CLIENT_RIGHTS } from './capabilities/bindings.ts'
import type { Dispatcher } from './capabilities/dispatch.ts'
import { Doors } from './doors.ts'
import { type HttpFunctionsInside, makeHttpAccess } from './http-functions.ts'
import { callerOfClient, completeCaller } from './identity.ts'
import type { Storage } from './storage/storage.ts'
import { developmentAuthenticator } from './transport/auth.ts'
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
  return new Doors(
    {
      call: ({ op, args, caller, signal, emit }) =>
        dispatcher.call(op, args, CLIENT_RIGHTS, {
          kind: 'client',
          caller: callerOfClient(completeCaller(caller, appid)),
          depth: 0,
          signal,
          place: undefined,
          ...(emit === undefined ? {} : { emit }),
        }),
      serveFile: ({ path, query }) => storage.openSigned(path, query),
      access: makeHttpAccess(inside),
      health,
      onInternalError,
    },
    wechat?.authenticate ?? developmentAuthenticator(appid === undefined ? {} : { appid }),
  )
}
