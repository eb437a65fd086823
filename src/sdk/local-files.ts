/** How a client reaches local files. What a `filePath` may be is the client's own affair. */
export interface FileAccess {
  /** Opens a file for reading. Rejects when it can't be read. */
  open(filePath: unknown): Promise<LocalFile>
  /** Begins a file of the client's own naming. `name` is the file's name in the cloud. */
  create(name: string): Promise<TemporaryFile>
  readonly createHash: CreateHash
}

/** A file that is read piece by piece. */
export interface LocalFile {
  readonly sizeBytes: number
  /** `length` bytes from `offset` on. Rejects when there are fewer. */
  read(offset: number, length: number): Promise<Uint8Array>
  close(): Promise<void>
}

/** A file that is being written, in order. Ends with `finish` or `discard`. */
export interface TemporaryFile {
  /** The bytes may be gone once they are written. */
  write(content: Uint8Array): Promise<void>
  /** Its path, as the platform has it. */
  finish(): Promise<string>
  /** Nothing stays of it. */
  discard(): Promise<void>
}

/** Downloads from a URL, by the platform's own means, and resolves with the path. */
export type FetchUrl = (
  url: string,
  options: {
    readonly signal: AbortSignal
    readonly onProgress: (doneBytes: number, sizeBytes: number) => void
  },
) => Promise<string>

/** A running SHA-256. */
export interface FileHash {
  update(content: Uint8Array): void
  /** 64 hex digits, in lower case. Ends it. */
  digest(): string
}

export type CreateHash = () => FileHash
