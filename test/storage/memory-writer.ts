import { LIMITS } from '../../src/limits.ts'
import { Storage } from '../../src/storage/storage.ts'

/** Passes a large file through a storage on disk in every way there is, and prints how much memory its buffers took, in MB. */
const [directory = '', sizeMb = ''] = process.argv.slice(2)
const sizeBytes = Number(sizeMb) * 1024 * 1024
let peakBytes = 0
const look = (): void => {
  peakBytes = Math.max(peakBytes, process.memoryUsage().arrayBuffers)
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < sizeBytes; at += 65_536) {
    look()
    yield Buffer.alloc(65_536, at % 251)
  }
}

await using storage = new Storage({ directory, envId: 'e' })
const { fileID } = await storage.upload({ cloudPath: 'a', content: pieces() })
const { sha256 } = await storage.stat({ fileID })
let readBytes = 0
for await (const piece of storage.createReadStream({ fileID })) {
  look()
  readBytes += piece.byteLength
}
const { chunks } = storage
const { uploadId } = await chunks.start({ cloudPath: 'b', sizeBytes })
for (let offset = 0; offset < sizeBytes; offset += LIMITS.uploadChunkBytes) {
  look()
  const { content } = await chunks.read({ fileID, offset, length: LIMITS.uploadChunkBytes, sha256 })
  await chunks.append({ uploadId, offset, content })
}
await chunks.finish({ uploadId, sha256 })
process.stdout.write(JSON.stringify({ readBytes, peakMb: Math.ceil(peakBytes / 1024 / 1024) }))
