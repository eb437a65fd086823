import { fileCalls } from './binding-fs.ts'
import { readWholeFile } from './fs-whole-files.ts'
import type { Binding, Realm } from './realm.ts'
import { bytesOf, type View } from './view-bytes.ts'

type Pull = (status: number, buffer?: ArrayBuffer) => void

/** Statuses of a reader: its end, and a piece read. */
const END = 0
const PIECE = 1

/** Blobs, which are bytes in memory. */
export function makeBlobBinding(realm: Realm): Binding {
  return {
    createBlob: (sources: readonly (BlobHandle | Uint8Array)[], length: number) => {
      const bytes = new Uint8Array(length)
      let offset = 0
      for (const source of sources) {
        const part = source instanceof BlobHandle ? source.bytes : source
        bytes.set(part, offset)
        offset += part.length
      }
      return new BlobHandle(bytes)
    },
    createBlobFromFilePath: (path: string | Uint8Array) => {
      const bytes = readWholeFile(fileCalls(realm), path)
      return bytes === undefined ? undefined : [new BlobHandle(bytes), bytes.length]
    },
    concat: (views: readonly View[]) => {
      const parts = views.map(bytesOf)
      const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
      let offset = 0
      for (const part of parts) {
        bytes.set(part, offset)
        offset += part.length
      }
      return bytes.buffer
    },
    // Object URLs lead nowhere: nothing in a function fetches them.
    storeDataObject: () => {},
    getDataObject: () => undefined,
    revokeObjectURL: () => {},
  }
}

class BlobHandle {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  slice(start: number, end: number): BlobHandle {
    return new BlobHandle(this.bytes.subarray(start, end))
  }

  getReader(): { pull(callback: Pull): void; setWakeup(): void } {
    let isRead = this.bytes.length === 0
    return {
      pull: callback => {
        if (isRead) {
          callback(END)
          return
        }
        isRead = true
        callback(PIECE, this.bytes.slice().buffer)
      },
      setWakeup: () => {},
    }
  }
}
