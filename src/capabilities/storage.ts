import { StorageError } from '../errors.ts'
import type { Storage } from '../storage/storage.ts'
import type { Handlers, Scope } from './capability.ts'

type StorageOps = Extract<keyof typeof import('../protocol/calls.ts').OPS, `storage.${string}`>

/**
 * File storage as functions and clients reach it. A function is an administrator. A client has the cloud's
 * default mode (wxcloud-spec §5.6): every user reads, only the uploader replaces or removes.
 */
export function storageHandlers(storage: Storage): Handlers<StorageOps> {
  return {
    'storage.upload': (args, scope) => storage.upload({ ...args, ...ownerOf(scope) }),
    'storage.download': args => storage.download(args),
    'storage.stat': async args => {
      const { sizeBytes, contentType, sha256, modifiedMs } = await storage.stat(args)
      return { sizeBytes, contentType, sha256, modifiedMs }
    },
    'storage.readChunk': args => storage.readChunk(args),
    'storage.startUpload': refuseChunks,
    'storage.appendUpload': refuseChunks,
    'storage.uploadStatus': refuseChunks,
    'storage.finishUpload': refuseChunks,
    'storage.abortUpload': refuseChunks,
    'storage.getTempUrls': args => storage.getTempUrls(args),
    'storage.remove': (args, scope) => storage.remove({ ...args, ...ownerOf(scope) }),
  }
}

async function refuseChunks(): Promise<never> {
  throw new StorageError('STORAGE_REQUEST_FAIL', 'This host does not take files in chunks yet.')
}

function ownerOf({ kind, caller }: Scope): { owner?: string } {
  if (kind !== 'client') return {}
  if (caller.openid !== undefined) return { owner: caller.openid }
  throw new StorageError(
    'STORAGE_EXCEED_AUTHORITY',
    'A client without an openid may not change files. Authenticate with one, or ask through a function.',
  )
}
