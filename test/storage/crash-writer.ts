import { Readable } from 'node:stream'
import { LIMITS } from '../../src/limits.ts'
import { Storage } from '../../src/storage/storage.ts'
import { sha256Of } from './bytes.ts'
import { versionContent } from './crash-content.ts'

/** Stores files without end, and prints `<cloudPath> <version>` after each that was acknowledged. Ended by SIGKILL. */
const [directory = ''] = process.argv.slice(2)
const storage = new Storage({ directory, envId: 'crash' })

type Store = (cloudPath: string, content: Buffer) => Promise<unknown>

const inOneCall: Store = (cloudPath, content) => storage.upload({ cloudPath, content })

const asStream: Store = (cloudPath, content) => {
  const pieces = [content.subarray(0, 70_000), content.subarray(70_000)]
  return storage.upload({ cloudPath, content: Readable.from(pieces) })
}

const inChunks: Store = async (cloudPath, content) => {
  const { chunks } = storage
  const { uploadId } = await chunks.start({ cloudPath, sizeBytes: content.byteLength })
  for (let offset = 0; offset < content.byteLength; offset += LIMITS.uploadChunkBytes / 8) {
    const chunk = content.subarray(offset, offset + LIMITS.uploadChunkBytes / 8)
    await chunks.append({ uploadId, offset, content: chunk })
  }
  await chunks.finish({ uploadId, sha256: sha256Of(content) })
}

async function keepWriting(cloudPath: string, store: Store): Promise<never> {
  for (let version = 1; ; version++) {
    await store(cloudPath, versionContent(cloudPath, version))
    process.stdout.write(`${cloudPath} ${version}\n`)
  }
}

await Promise.all([
  keepWriting('a.bin', inOneCall),
  keepWriting('b/b.bin', asStream),
  keepWriting('中.bin', inChunks),
])
