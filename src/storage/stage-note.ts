import { type CloudPath, isCloudPath } from './cloud-path.ts'

/** What is written down of a stage that lasts: the path it is for, and the note of who made it. */
export interface StageNote {
  readonly path: CloudPath
  readonly note: string
  readonly publishedSha256?: string | undefined
}

export function formatNote(path: CloudPath, note: string, publishedSha256?: string): string {
  return `${JSON.stringify({ version: 1, path, note, publishedSha256 })}\n`
}

/** Undefined for what `formatNote` did not write: the stage can't be told any more, and is given up. */
export function parseNote(text: string): StageNote | undefined {
  try {
    const { version, path, note, publishedSha256 } = JSON.parse(text)
    const isNote =
      version === 1 &&
      isCloudPath(path) &&
      typeof note === 'string' &&
      (publishedSha256 === undefined || typeof publishedSha256 === 'string')
    return isNote ? { path, note, publishedSha256 } : undefined
  } catch {
    // As anything else that is no note.
    return undefined
  }
}
