/**
 * Memory that holds one large message and nothing else is freed as soon as that is done with. A garbage collection would
 * do it too, but V8 begins one through the whole heap for each ten or twenty megabytes of such memory: a third of the CPU
 * time of a transfer (native-notes/transport.md).
 *
 * To free memory that the system still reads from would be to send whatever comes to stand there. So writes are counted,
 * and one that failed counts for ever: garbage collection frees what is left.
 */
interface Memory {
  writeCount: number
  isDone: boolean
}

const memories = new WeakMap<ArrayBufferLike, Memory>()

/** Nothing but this message stands in its memory: to be said by who made or received it. */
export function ownMemory({ buffer }: Uint8Array): void {
  if (!memories.has(buffer)) memories.set(buffer, { writeCount: 0, isDone: false })
}

/**
 * The message is about to be written. Gives what is to be called when that has ended, with the error if it failed;
 * undefined for a message whose memory is not its own.
 */
export function noteWrite({ buffer }: Uint8Array): ((error?: Error | null) => void) | undefined {
  const memory = memories.get(buffer)
  if (memory === undefined) return undefined
  memory.writeCount++
  return error => {
    if (error) return
    memory.writeCount--
    if (memory.isDone) free(buffer, memory)
  }
}

/** Nobody will look at this message, or at these bytes of one, again: they are gone as soon as they aren't being written. */
export function freeMemory({ buffer }: Uint8Array): void {
  const memory = memories.get(buffer)
  if (memory === undefined) return
  memory.isDone = true
  free(buffer, memory)
}

function free(buffer: ArrayBufferLike, { writeCount }: Memory): void {
  if (writeCount > 0 || !(buffer instanceof ArrayBuffer)) return
  memories.delete(buffer)
  // A mini-program's engine may not have it.
  buffer.transfer?.(0)
}
