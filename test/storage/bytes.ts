import { createHash } from 'node:crypto'

/** Bytes of which no two blocks are the same. */
export function bytesOf(sizeBytes: number, seed = 0): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  for (let at = 0; at < sizeBytes; at += 4) {
    const word = Math.imul(at + seed * 7919, 2654435761) >>> 0
    for (let index = 0; index < 4 && at + index < sizeBytes; index++) bytes[at + index] = word >>> (index * 8)
  }
  return bytes
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
