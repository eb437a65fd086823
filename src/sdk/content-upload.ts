import { LIMITS } from '../limits.ts'
import type { Call } from '../protocol/calls.ts'
import { type FileContent, inChunks, joinContent } from './file-content.ts'
import { fileIdOf } from './finished-upload.ts'

/** Stores bytes that are here, in one call if they fit into it, and resolves with the fileID. */
export async function uploadBytes(call: Call, cloudPath: string, content: FileContent): Promise<string> {
  const { sizeBytes } = content
  if (sizeBytes <= LIMITS.fileBytes) {
    return (await call('storage.upload', { cloudPath, content: joinContent(content) })).fileID
  }
  const { uploadId, chunkBytes } = await call('storage.startUpload', { cloudPath, sizeBytes })
  try {
    let offset = 0
    for (const chunk of inChunks(content, chunkBytes)) {
      await call('storage.appendUpload', { uploadId, offset, content: chunk })
      offset += chunk.byteLength
    }
    // No sha256: nothing lies between a function and its host that could damage bytes.
    return fileIdOf(await call('storage.finishUpload', { uploadId }))
  } catch (error) {
    // The first error is what went wrong; what can't be given up now expires on the host.
    await call('storage.abortUpload', { uploadId }).catch(() => undefined)
    throw error
  }
}
