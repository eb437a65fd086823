import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { SignedFile } from '../../src/storage/signed-file.ts'
import { Storage } from '../../src/storage/storage.ts'
import type { StorageOptions } from '../../src/storage/storage-options.ts'
import { S3Server } from './s3-server.ts'

/** Where the storage under test keeps its files: every behaviour a user can see is the same on all. */
export const MEDIA = ['disk', 'memory', 's3'] as const

/** One empty storage with a clock that stands until the test moves it. */
export class StorageFixture implements AsyncDisposable {
  nowMs = 1_700_000_000_000
  readonly warnings: string[] = []
  readonly storage: Storage
  readonly directory: string | undefined
  readonly s3: S3Server | undefined

  private constructor(place: { directory?: string; s3?: S3Server }) {
    this.directory = place.directory
    this.s3 = place.s3
    this.storage = this.open()
  }

  static async create(medium: (typeof MEDIA)[number]): Promise<StorageFixture> {
    switch (medium) {
      case 'disk':
        return new StorageFixture({ directory: await mkdtemp(join(tmpdir(), 'cloudlet-storage-')) })
      case 'memory':
        return new StorageFixture({})
      case 's3':
        return new StorageFixture({ s3: await S3Server.start() })
    }
  }

  /** One more storage, of the same files if they outlive the first. */
  open(options: Partial<StorageOptions> = {}): Storage {
    return new Storage({
      envId: 'test-28farb',
      publicUrl: () => 'http://127.0.0.1:7780',
      now: () => this.nowMs,
      onWarning: message => this.warnings.push(message),
      directory: this.directory,
      s3: this.s3?.options,
      ...options,
    })
  }

  async put(cloudPath: string, content: string, owner?: string): Promise<string> {
    return (await this.storage.upload({ cloudPath, content: Buffer.from(content), owner })).fileID
  }

  async textOf(fileID: string): Promise<string> {
    return Buffer.from((await this.storage.download({ fileID })).content).toString()
  }

  async urlOf(fileID: string, maxAgeSeconds?: number): Promise<URL> {
    const { files } = await this.storage.getTempUrls({ files: [{ fileID, maxAgeSeconds }] })
    const [file] = files
    if (file === undefined || !('url' in file)) throw new Error(`No URL for ${fileID}.`)
    return new URL(file.url)
  }

  follow(url: URL): Promise<SignedFile> {
    return this.storage.openSigned(url.pathname.replace('/storage/', ''), url.searchParams)
  }

  async bodyOf(file: SignedFile): Promise<string> {
    if (file.kind !== 'found') throw new Error(file.message)
    const content = await file.open()
    return Buffer.from(content instanceof Uint8Array ? content : await buffer(content)).toString()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.storage.close()
    await this.s3?.[Symbol.asyncDispose]()
    if (this.directory !== undefined) await rm(this.directory, { recursive: true })
  }
}
