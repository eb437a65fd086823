/** What is written down of an upload in chunks, so that it survives a restart. */
export interface UploadNote {
  /** openid of the client who started it; undefined for the host and functions. */
  readonly openid: string | undefined
  readonly sizeBytes: number
  /** Of all bytes, if it was said at the start. */
  readonly sha256: string | undefined
  readonly isClient: boolean
  /** Milliseconds since the Unix epoch. */
  readonly startedMs: number
}

export function formatUploadNote(note: UploadNote): string {
  return JSON.stringify(note)
}

/** Undefined for what `formatUploadNote` did not write: whoever has damaged it, the upload is lost. */
export function parseUploadNote(text: string): UploadNote | undefined {
  const value = parse(text)
  if (typeof value !== 'object' || value === null) return undefined
  const { openid, sizeBytes, sha256, isClient, startedMs }: Partial<Record<keyof UploadNote, unknown>> = value
  const isNote =
    (openid === undefined || typeof openid === 'string') &&
    (sha256 === undefined || typeof sha256 === 'string') &&
    typeof isClient === 'boolean' &&
    Number.isSafeInteger(sizeBytes) &&
    Number.isSafeInteger(startedMs)
  return isNote
    ? { openid, sizeBytes: Number(sizeBytes), sha256, isClient, startedMs: Number(startedMs) }
    : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // As anything else that is no note.
    return undefined
  }
}
