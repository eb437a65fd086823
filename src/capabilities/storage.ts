import type { Storage } from '../storage/storage.ts'
import type { Handlers, Scope } from './capability.ts'

type StorageOps = Extract<keyof typeof import('../protocol/calls.ts').OPS, `storage.${string}`>

/**
 * File storage as functions and clients reach it. A function is an administrator; a client may do what the permission
 * of the storage says (wxcloud-spec §5.6).
 */
export function storageHandlers(storage: Storage): Handlers<StorageOps> {
  const { chunks } = storage
  return {
    'storage.upload': (args, scope) => storage.upload({ ...args, ...behalfOf(scope) }),
    'storage.download': (args, scope) => storage.download({ ...args, ...behalfOf(scope) }),
    'storage.stat': async (args, scope) => {
      const file = await storage.stat({ ...args, ...behalfOf(scope) })
      const { sizeBytes, contentType, sha256, modifiedMs } = file
      return { sizeBytes, contentType, sha256, modifiedMs }
    },
    'storage.readChunk': (args, scope) => chunks.read({ ...args, ...behalfOf(scope) }),
    'storage.startUpload': (args, scope) => chunks.start({ ...args, ...behalfOf(scope) }),
    'storage.appendUpload': (args, scope) => chunks.append({ ...args, ...behalfOf(scope) }),
    'storage.uploadStatus': (args, scope) => chunks.status({ ...args, ...behalfOf(scope) }),
    'storage.finishUpload': (args, scope) => chunks.finish({ ...args, ...behalfOf(scope) }),
    'storage.abortUpload': (args, scope) => chunks.abort({ ...args, ...behalfOf(scope) }),
    'storage.getTempUrls': (args, scope) => storage.getTempUrls({ ...args, ...behalfOf(scope) }),
    'storage.remove': (args, scope) => storage.remove({ ...args, ...behalfOf(scope) }),
  }
}

function behalfOf({ kind, caller }: Scope): { client?: { openid: string | undefined } } {
  return kind === 'client' ? { client: { openid: caller.openid } } : {}
}
