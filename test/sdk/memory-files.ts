import { createHash } from 'node:crypto'
import type { FileAccess, FileHash, LocalFile, TemporaryFile } from '../../src/sdk/local-files.ts'

/** Files of a client, by path, and what it has written, by its own path. */
export class MemoryFiles implements FileAccess {
  readonly #files: Readonly<Record<string, Uint8Array>>
  readonly #written: Map<string, Uint8Array>

  constructor(files: Readonly<Record<string, Uint8Array>>, written: Map<string, Uint8Array>) {
    this.#files = files
    this.#written = written
  }

  createHash(): FileHash {
    const hash = createHash('sha256')
    return { update: content => void hash.update(content), digest: () => hash.digest('hex') }
  }

  async open(filePath: unknown): Promise<LocalFile> {
    const content = this.#files[String(filePath)]
    if (content === undefined) throw new Error(`no such file ${filePath}`)
    return {
      sizeBytes: content.length,
      read: async (offset, length) => content.slice(offset, offset + length),
      close: async () => {},
    }
  }

  async create(name: string): Promise<TemporaryFile> {
    const parts: Uint8Array[] = []
    return {
      write: async content => void parts.push(content),
      finish: async () => {
        this.#written.set(`tmp/${name}`, Buffer.concat(parts))
        return `tmp/${name}`
      },
      discard: async () => {},
    }
  }
}
