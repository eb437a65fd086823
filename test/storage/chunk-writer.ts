import { LIMITS } from '../../src/limits.ts'
import { Storage } from '../../src/storage/storage.ts'
import { bytesOf } from './bytes.ts'

/** Sends one file in chunks, but for the last, and prints the id and then how much was acknowledged. Ended by SIGKILL. */
const [directory = '', sizeBytes = ''] = process.argv.slice(2)
const storage = new Storage({ directory, envId: 'crash' })
const bytes = bytesOf(Number(sizeBytes))
const client = { openid: 'o-1' }
const { uploadId } = await storage.chunks.start({ cloudPath: 'big.bin', sizeBytes: bytes.byteLength, client })
process.stdout.write(`${uploadId}\n`)
for (let offset = 0; offset + LIMITS.uploadChunkBytes < bytes.byteLength; offset += LIMITS.uploadChunkBytes) {
  const content = bytes.subarray(offset, offset + LIMITS.uploadChunkBytes)
  const { receivedBytes } = await storage.chunks.append({ uploadId, offset, content, client })
  process.stdout.write(`${receivedBytes}\n`)
}
// The file is never whole.
setInterval(() => {}, 60_000)
