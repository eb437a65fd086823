/** Entries that may cross before an isolate's thread pauses, which frees what they carried (native-notes/memory.md). */
export const MAX_UNPAUSED_ENTRIES = 512
/** Characters that may, for each megabyte the isolate may have. */
const CHARS_PER_MB = 4096

export function maxUnpausedChars(memoryMb: number): number {
  return memoryMb * CHARS_PER_MB
}
