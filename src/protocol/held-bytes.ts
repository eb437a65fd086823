/** What a value or key takes when it is decoded, and a map or list beside that, about. */
const VALUE_BYTES = 32
const CONTAINER_BYTES = 32

/** What a message and what is made of it take in memory, about: a small one can take sixty times its length. */
export function heldBytesOf(sizeBytes: number, valueCount: number, containerCount: number): number {
  return sizeBytes + valueCount * VALUE_BYTES + containerCount * CONTAINER_BYTES
}
