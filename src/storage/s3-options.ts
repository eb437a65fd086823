import { InvalidOptionError } from '../errors.ts'

/** A bucket of an S3-compatible service. */
export interface S3Options {
  /** Address of the service, e.g. `https://s3.eu-central-1.amazonaws.com`. */
  readonly endpoint: string
  /** The bucket's name, which is put behind the endpoint. Omitted: the endpoint names it, as `https://files.s3.example.com` does. */
  readonly bucket?: string
  /** @default 'auto' */
  readonly region?: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /**
   * What all keys start with, e.g. `cloudlet/`, so that a bucket may hold more than this storage.
   * @default ''
   */
  readonly prefix?: string
}

const KNOWN = ['endpoint', 'bucket', 'region', 'accessKeyId', 'secretAccessKey', 'prefix'] as const
const NEEDED = ['endpoint', 'accessKeyId', 'secretAccessKey'] as const

/** S3's 1024 bytes of a key, less a cloudPath and the folder it lies in. */
const PREFIX_BYTES = 150

/** @throws {InvalidOptionError} that names the option at fault. Never tells the secret. */
export function checkS3Options(options: unknown): asserts options is S3Options {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidOptionError('storage.s3', 'storage.s3 must be an object: { endpoint, bucket, … }.')
  }
  for (const [name, value] of Object.entries(options)) {
    if (!KNOWN.some(known => known === name)) {
      throw new InvalidOptionError(
        `storage.s3.${name}`,
        `There is no option storage.s3.${name}; the options are ${KNOWN.join(', ')}.`,
      )
    }
    if (value !== undefined && typeof value !== 'string') {
      throw new InvalidOptionError(`storage.s3.${name}`, `storage.s3.${name} must be a string.`)
    }
  }
  const given: Partial<S3Options> = options
  for (const name of NEEDED) {
    if (given[name] === undefined || given[name] === '') {
      throw new InvalidOptionError(`storage.s3.${name}`, `storage.s3.${name} is missing.`)
    }
  }
  checkEndpoint(given.endpoint)
  checkPrefix(given.prefix ?? '')
}

function checkEndpoint(endpoint = ''): void {
  const url = URL.parse(endpoint)
  if (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.search === '' &&
    url.hash === '' &&
    url.username === ''
  )
    return
  throw new InvalidOptionError(
    'storage.s3.endpoint',
    'storage.s3.endpoint is not an http or https URL without query and user. Give the address of the service.',
  )
}

function checkPrefix(prefix: string): void {
  if (
    prefix === '' ||
    (/^[\w.-][\w./-]*\/$/.test(prefix) && !prefix.includes('//') && prefix.length <= PREFIX_BYTES)
  ) {
    return
  }
  throw new InvalidOptionError(
    'storage.s3.prefix',
    `storage.s3.prefix has letters, digits, "_", "-", "." and "/", ${PREFIX_BYTES} at most, and ends with "/".`,
  )
}
