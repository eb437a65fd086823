import { databaseHandlers } from './capabilities/database.ts'
import { Dispatcher } from './capabilities/dispatch.ts'
import { functionHandlers, type Invoke } from './capabilities/functions.ts'
import { networkHandlers } from './capabilities/network.ts'
import { runtimeHandlers } from './capabilities/runtime.ts'
import { storageHandlers } from './capabilities/storage.ts'
import { wechatHandlers } from './capabilities/wechat.ts'
import type { Database } from './database/database.ts'
import { Network } from './network/network.ts'
import type { Storage } from './storage/storage.ts'
import type { WechatServices } from './wechat/services.ts'

/** What the ops of a host work on. */
export interface HostEngines {
  readonly documents: Database
  readonly storage: Storage
  readonly dnsServers: readonly string[] | undefined
  readonly invoke: Invoke
  readonly wechat: WechatServices
  readonly onInternalError: (incidentId: string, cause: unknown) => void
}

/** The way to every op of a host. */
export function makeDispatcher({
  documents,
  storage,
  dnsServers,
  invoke,
  wechat,
  onInternalError,
}: HostEngines): Dispatcher {
  return new Dispatcher({
    handlers: {
      ...databaseHandlers(documents),
      ...storageHandlers(storage),
      ...runtimeHandlers(),
      ...networkHandlers(new Network(dnsServers)),
      ...wechatHandlers(wechat),
      ...functionHandlers(invoke, (cloudIDs, caller) => wechat.openEach(cloudIDs, caller)),
    },
    onInternalError,
  })
}
