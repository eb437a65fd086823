import { setTimeout as sleep } from 'node:timers/promises'
import type { S3mini } from 's3mini'
import { InvalidOptionError, StorageError } from '../errors.ts'
import type { S3Options } from './s3-options.ts'

/** Time one request may take, its body included. */
const REQUEST_MS = 60_000

/** How often a request is made that fails for a reason that may pass, and the pause before it is made again. */
const ATTEMPTS = 4
const PAUSE_MS = 200

/** Keys of one page of a listing: S3's own bound. */
const PAGE_KEYS = 1000

/** One object of a listing. */
export interface S3Entry {
  readonly key: string
  readonly sizeBytes: number
}

/** Bytes of an object, and which version of it they are of. */
export interface S3Part {
  readonly bytes: Uint8Array
  /** Undefined where the service doesn't say, as for a part beyond the end. */
  readonly etag: string | undefined
}

/** A bucket, as far as a storage needs it. Keys are behind the prefix. Requests that fail for a passing reason are repeated. */
export class S3Bucket {
  readonly #s3: S3mini
  readonly #prefix: string

  private constructor(s3: S3mini, prefix: string) {
    this.#s3 = s3
    this.#prefix = prefix
  }

  /** @throws {InvalidOptionError} when the package that speaks S3 is not installed */
  static async open(options: S3Options): Promise<S3Bucket> {
    const { endpoint, bucket, region = 'auto', accessKeyId, secretAccessKey, prefix = '' } = options
    const { S3mini } = await loadPackage()
    const address = `${endpoint.replace(/\/+$/, '')}${bucket === undefined ? '' : `/${bucket}`}`
    const settings = { endpoint: address, region, accessKeyId, secretAccessKey }
    return new S3Bucket(new S3mini({ ...settings, requestAbortTimeout: REQUEST_MS }), prefix)
  }

  /** @throws {StorageError} STORAGE_REQUEST_FAIL when there is no such bucket for these keys */
  async check(): Promise<void> {
    if (await repeat(() => this.#s3.bucketExists())) return
    throw new StorageError(
      'STORAGE_REQUEST_FAIL',
      'The bucket of storage.s3 does not exist, or these keys may not use it. Make it, or correct the options.',
    )
  }

  /** Fewer bytes where the object ends; undefined when there is none. */
  async get(key: string, start: number, end: number): Promise<S3Part | undefined> {
    return repeat(async () => {
      try {
        const response = await this.#s3.getObjectRaw(this.#prefix + key, false, start, end)
        const bytes = new Uint8Array(await response.arrayBuffer())
        return { bytes, etag: response.headers.get('etag') ?? undefined }
      } catch (error) {
        const status = statusOf(error)
        if (status === 404) return undefined
        if (status === 416) return { bytes: new Uint8Array(), etag: undefined }
        throw error
      }
    })
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await repeat(async () => {
      const response = await this.#s3.putObject(this.#prefix + key, bytes)
      await response.arrayBuffer()
    })
  }

  /** Also when there is no such object. */
  async remove(key: string): Promise<void> {
    await repeat(() => this.#s3.deleteObject(this.#prefix + key))
  }

  /**
   * Objects whose keys start so, in the order of their keys as UTF-8, behind `after`.
   *
   * @param pageKeys How many are asked for at once. @default 1000, and at most
   */
  async *list(prefix: string, after?: string, pageKeys = PAGE_KEYS): AsyncGenerator<S3Entry, void> {
    const query = after === undefined ? {} : { 'start-after': this.#prefix + after }
    let token: string | undefined
    do {
      const page = await repeat(() =>
        this.#s3.listObjectsPaged('/', this.#prefix + prefix, Math.min(pageKeys, PAGE_KEYS), token, query),
      )
      for (const { Key: key, Size: sizeBytes } of page?.objects ?? []) {
        yield { key: key.slice(this.#prefix.length), sizeBytes }
      }
      token = page?.nextContinuationToken
    } while (token !== undefined)
  }

  /** Begins an object of several parts, of which nothing is seen before it is complete. */
  async startParts(key: string): Promise<S3Parts> {
    const uploadId = await repeat(() => this.#s3.getMultipartUploadId(this.#prefix + key))
    return new S3Parts(this.#s3, this.#prefix + key, uploadId)
  }
}

/** An object that comes in parts. */
export class S3Parts {
  readonly #s3: S3mini
  readonly #key: string
  readonly #uploadId: string
  readonly #etags = new Map<number, string>()

  constructor(s3: S3mini, key: string, uploadId: string) {
    this.#s3 = s3
    this.#key = key
    this.#uploadId = uploadId
  }

  /** @param number From 1 on, in any order. */
  async put(number: number, bytes: Uint8Array): Promise<void> {
    const part = await repeat(() => this.#s3.uploadPart(this.#key, this.#uploadId, bytes, number))
    this.#etags.set(number, part.etag)
  }

  /** Not repeated: the first request may have done it although no answer came. */
  async complete(): Promise<void> {
    const parts = [...this.#etags].sort(([one], [other]) => one - other)
    const { etag }: { etag?: unknown } = await this.#s3.completeMultipartUpload(
      this.#key,
      this.#uploadId,
      parts.map(([partNumber, etag]) => ({ partNumber, etag })),
    )
    // S3 may say 200 before it begins, and tell of a failure in the body. Only what is there has an etag.
    if (typeof etag === 'string' && etag !== '') return
    throw new StorageError(
      'STORAGE_REQUEST_FAIL',
      'The bucket did not put the parts of the file together. Upload it again.',
    )
  }

  async abort(): Promise<void> {
    await this.#s3.abortMultipartUpload(this.#key, this.#uploadId)
  }
}

async function loadPackage(): Promise<typeof import('s3mini')> {
  try {
    return await import('s3mini')
  } catch (error) {
    throw new InvalidOptionError(
      'storage.s3',
      `Files in an S3 bucket need the package s3mini, which can't be loaded (${codeOf(error)}). Install it: npm install s3mini`,
    )
  }
}

async function repeat<Result>(request: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await request()
    } catch (error) {
      if (attempt === ATTEMPTS || !isPassing(error)) throw error
      await sleep(PAUSE_MS * 2 ** (attempt - 1))
    }
  }
}

/** The network, a server in trouble, and one that is asked too much. */
function isPassing(error: unknown): boolean {
  const status = statusOf(error)
  return status === undefined || status >= 500 || status === 429
}

function statusOf(error: unknown): number | undefined {
  const status = error instanceof Error && 'status' in error ? error.status : undefined
  return typeof status === 'number' ? status : undefined
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
