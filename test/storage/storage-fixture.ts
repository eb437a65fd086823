import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { SignedFile } from '../../src/storage/signed-file.ts'
import { Storage } from '../../src/storage/storage.ts'
import type { StorageOptions } from '../../src/storage/storage-options.ts'

/** Where the storage under test keeps its files: every behaviour a user can see is the same on both. */
export const MEDIA = ['disk', 'memory'] as const

/** One empty storage with a clock that stands until the test moves it. */
export class StorageFixture implements AsyncDisposable {
  nowMs = 1_700_000_000_000
  readonly storage: Storage
  readonly #directory: string | undefined

  private constructor(directory: string | undefined) {
    this.#directory = directory
    this.storage = this.open()
  }

  static async create(medium: (typeof MEDIA)[number]): Promise<StorageFixture> {
    return new StorageFixture(
      medium === 'disk' ? await mkdtemp(join(tmpdir(), 'cloudlet-storage-')) : undefined,
    )
  }

  /** One more storage, on the same directory if there is one. */
  open(options: Partial<StorageOptions> = {}): Storage {
    return new Storage({
      envId: 'test-28farb',
      publicUrl: () => 'http://127.0.0.1:7780',
      now: () => this.nowMs,
      directory: this.#directory,
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
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true })
  }
}
