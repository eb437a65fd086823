import { ProtocolError } from '../errors.ts'
import type { OpResult } from '../protocol/calls.ts'

/** The fileID of an upload to a path that was named. @throws {ProtocolError} when the host gave another answer. */
export function fileIdOf(finished: OpResult<'storage.finishUpload'>): string {
  if ('fileID' in finished) return finished.fileID
  throw new ProtocolError('The host gave the file no fileID.')
}
