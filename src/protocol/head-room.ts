/** Room for all that a frame has before its content, unless that is unusually much. */
export const HEAD_ROOM_BYTES = 256

/** Memory with room that nobody has taken. */
const free = new WeakSet<ArrayBufferLike>()

/**
 * Bytes whose memory has room before them, so that the frame they are sent in can be written around them instead of
 * into memory of its own. `memory` is to be filled from the view that is returned.
 *
 * @param memory All of its buffer.
 */
export function withHeadRoom<Bytes extends Uint8Array>(memory: Bytes): Bytes {
  free.add(memory.buffer)
  return memory.subarray(HEAD_ROOM_BYTES) as Bytes
}

/** The memory of bytes that are all that stands behind such room, which is the caller's from then on; once. */
export function takeHeadRoom({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array | undefined {
  const isAll = byteOffset === HEAD_ROOM_BYTES && byteOffset + byteLength === buffer.byteLength
  return isAll && free.delete(buffer) ? new Uint8Array(buffer) : undefined
}
