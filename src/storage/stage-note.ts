import { type CloudPath, isCloudPath } from './cloud-path.ts'

/** What is written down of a stage that lasts: the path it is for, and the note of who made it. */
export function formatNote(path: CloudPath, note: string): string {
  return `${JSON.stringify({ version: 1, path, note })}\n`
}

/** Undefined for what `formatNote` did not write: the stage can't be told any more, and is given up. */
export function parseNote(text: string): { path: CloudPath; note: string } | undefined {
  try {
    const { version, path, note } = JSON.parse(text)
    return version === 1 && isCloudPath(path) && typeof note === 'string' ? { path, note } : undefined
  } catch {
    // As anything else that is no note.
    return undefined
  }
}
