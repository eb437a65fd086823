import { hash, randomBytes } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CloudPath } from './cloud-path.ts'
import type { DamageReports } from './damage.ts'
import {
  checkDirectory,
  createDurableFile,
  makeDirectory,
  readIfExists,
  syncDirectory,
} from './durable-file.ts'
import { type FileMetadata, formatMetadata, parseMetadata } from './file-metadata.ts'
import { formatNote } from './stage-note.ts'

/**
 * What lies where in the directory of a `DiskDriver`:
 *
 *     files/<key>.json           metadata; replacing it by rename is the commit point of a write
 *     blobs/<key>-<id>           bytes, written once, never changed after that commit
 *     uploads/<id>.json          notes of stages that last, whose bytes are the blob of that id
 *     paths-<boot>.db            which paths there are: see path-index.ts
 *     signing.key, permission.json, temporary.json
 *
 * where key is the SHA-256 of the path and id is random, so no user's text ever names a file.
 */
export class DiskLayout {
  readonly directory: string
  readonly files: string
  readonly blobs: string
  readonly uploads: string
  readonly #reports: DamageReports

  constructor(directory: string, reports: DamageReports) {
    this.directory = directory
    this.#reports = reports
    this.files = join(directory, 'files')
    this.blobs = join(directory, 'blobs')
    this.uploads = join(directory, 'uploads')
  }

  async make(): Promise<void> {
    for (const name of ['files', 'blobs', 'uploads'] as const) {
      await makeDirectory(this[name])
      await checkDirectory(this[name], name)
    }
  }

  metadataPath(key: string): string {
    return join(this.files, `${key}.json`)
  }

  blobPath(blob: string): string {
    return join(this.blobs, blob)
  }

  notePath(id: string): string {
    return join(this.uploads, `${id}.json`)
  }

  /** @throws {DamageError} of which the operator was told */
  async readMetadata(key: string): Promise<FileMetadata | undefined> {
    const text = await readIfExists(this.metadataPath(key))
    return this.#reports.watch(async () => text && parseMetadata(text.toString(), key))
  }

  /** The commit point of a write. */
  async commitMetadata(key: string, metadata: FileMetadata): Promise<void> {
    await this.replace(this.files, `${key}.json`, formatMetadata(metadata))
  }

  /** What is known of a stage that lasts. */
  async writeNote(
    { id, path }: { readonly id: string; readonly path: CloudPath },
    note: string,
    publishedSha256?: string,
  ): Promise<void> {
    await this.replace(this.uploads, `${id}.json`, formatNote(path, note, publishedSha256))
  }

  /** Puts a small file in the place of any older one, whole or not at all, durably. */
  async replace(directory: string, name: string, content: Uint8Array | string): Promise<void> {
    const staged = join(directory, `${name.replace(/\.json$/, '')}-${randomId()}.tmp`)
    try {
      await createDurableFile(staged, content)
      await rename(staged, join(directory, name))
    } catch (error) {
      await this.discard(staged)
      throw error
    }
    await syncDirectory(directory)
  }

  /** Removes files nobody names any more. One that can't be removed now harms nothing; the next sweep takes it. */
  async discard(...paths: readonly string[]): Promise<void> {
    await Promise.allSettled(paths.map(path => rm(path, { force: true })))
  }
}

export function keyOf(path: CloudPath): string {
  return hash('sha256', path, 'hex')
}

export function blobOf(path: CloudPath, id: string): string {
  return `${keyOf(path)}-${id}`
}

export function randomId(): string {
  return randomBytes(16).toString('hex')
}
