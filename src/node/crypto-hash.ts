import type { OpArgs } from '../protocol/calls.ts'
import type { Failure } from '../protocol/calls-shapes.ts'
import type { CryptoHost, View } from './crypto-host.ts'
import { makeJob, opWork } from './crypto-job.ts'
import { KeyHandle } from './crypto-key.ts'
import type { CryptoNames } from './crypto-names.ts'
import { notOffered } from './not-offered.ts'
import type { Binding, Realm } from './realm.ts'

/** Kept here and hashed in one crossing at the end; more than this goes to the host as it comes. */
const KEPT_BYTES = 256 * 1024
/** One update crosses in pieces of this. */
const PIECE_BYTES = 4 * 1024 * 1024

type Setup = NonNullable<OpArgs<'crypto.hashStream'>['create']>
type Data = string | View

/** A hash or HMAC: what it was given so far, or its state on the host. */
class Digesting {
  readonly #host: CryptoHost
  readonly #key: Uint8Array
  setup: Setup
  #kept: Uint8Array[] = []
  #keptBytes = 0
  #id: string | undefined

  constructor(host: CryptoHost, setup: Setup, key: Uint8Array) {
    this.#host = host
    this.setup = setup
    this.#key = key
  }

  update(bytes: Uint8Array): void {
    if (this.#id === undefined && this.#keptBytes + bytes.length <= KEPT_BYTES) {
      this.#kept[this.#kept.length] = this.#host.copy(bytes)
      this.#keptBytes += bytes.length
      return
    }
    this.#send(this.#take())
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      this.#send(this.#host.part(bytes, at, at + PIECE_BYTES))
    }
  }

  digest(): Uint8Array {
    const id = this.#id
    const { content } =
      id === undefined
        ? this.#host.ask('crypto.hash', { ...this.setup, ...this.#host.join([this.#key, this.#take()]) })
        : this.#host.ask('crypto.hashStream', { id, end: true, ...this.#host.join([new Uint8Array()]) })
    this.#id = undefined
    return content as Uint8Array
  }

  /** Another that goes on from here. */
  copy(outputLength: number | undefined): Digesting {
    const { algorithm, hmac } = this.setup
    const setup = { algorithm, hmac, ...(outputLength !== undefined && { outputLength }) }
    const copy = new Digesting(this.#host, setup, this.#key)
    copy.#kept = [...this.#kept]
    copy.#keptBytes = this.#keptBytes
    const id = this.#id
    if (id !== undefined) {
      copy.#id = this.#host.ask('crypto.hashCopy', {
        id,
        ...(outputLength !== undefined && { outputLength }),
      }).id as string
    }
    return copy
  }

  #take(): Uint8Array {
    const { content } = this.#host.join(this.#kept)
    this.#kept = []
    this.#keptBytes = 0
    return content
  }

  #send(bytes: Uint8Array): void {
    const id = this.#id
    const { id: answered } = this.#host.ask(
      'crypto.hashStream',
      id === undefined
        ? { create: this.setup, end: false, ...this.#host.join([this.#key, bytes]) }
        : { id, end: false, ...this.#host.join([bytes]) },
    )
    this.#id = answered as string
  }
}

const empty = new Uint8Array()

/** What hashes read and write, as Node's modules hand it over. */
interface Forms {
  bytesOf(data: Data, encoding?: string): Uint8Array
  encoded(bytes: Uint8Array, encoding: string | undefined): unknown
}

export function makeHashBinding(realm: Realm, host: CryptoHost, names: CryptoNames): Binding {
  const bytesOf = (data: Data, encoding?: string): Uint8Array =>
    typeof data === 'string' ? realm.load('buffer').Buffer.from(data, encoding) : host.bytes(data)
  const encoded = (bytes: Uint8Array, encoding: string | undefined): unknown => {
    const buffer = host.buffer(bytes)
    return encoding === undefined || encoding === 'buffer' ? buffer : host.text(bytes, encoding)
  }
  /** An algorithm that may not exist is tried at once, as Node does. */
  const begin = (setup: Setup, key: Uint8Array): Digesting => {
    if (!names.hasDigest(setup.algorithm) || setup.outputLength !== undefined) {
      host.ask('crypto.hash', { ...setup, ...host.join([key, empty]) })
    }
    return new Digesting(host, setup, key)
  }
  const forms = { bytesOf, encoded }
  return {
    Hash: makeHash(host, forms, begin),
    Hmac: makeHmac(host, forms, begin),
    ...makeHashJobs(realm, host),
    getHashes: () => names.hashes,
    getCachedAliases: () => ({}),
    oneShotDigest: (
      algorithm: string,
      _id: number,
      _cache: unknown,
      input: Data,
      encoding: string,
      _encodingId: number,
      outputLength?: number,
      name?: View,
      customization?: View,
    ) => {
      refuseCustomization(name ?? customization)
      const setup = { algorithm, hmac: false, ...(outputLength !== undefined && { outputLength }) }
      const parts = host.join([empty, bytesOf(input, 'utf8')])
      const { content, failure } = realm.environment.askHost('crypto.hash', { ...setup, ...parts })
      if (failure !== undefined) throw host.error(withName(failure, algorithm))
      return encoded(content as Uint8Array, encoding)
    },
  }
}

type Begin = (setup: Setup, key: Uint8Array) => Digesting

function makeHash(host: CryptoHost, { bytesOf, encoded }: Forms, begin: Begin) {
  return class Hash {
    readonly #digesting: Digesting
    #digest: Uint8Array | undefined

    constructor(
      algorithm: string | Hash,
      outputLength: number | undefined,
      _id: number,
      _cache: unknown,
      name?: View,
      customization?: View,
    ) {
      refuseCustomization(name ?? customization)
      this.#digesting =
        typeof algorithm === 'string'
          ? begin({ algorithm, hmac: false, ...(outputLength !== undefined && { outputLength }) }, empty)
          : algorithm.#digesting.copy(outputLength)
    }

    update(data: Data, encoding?: string): boolean {
      this.#digesting.update(bytesOf(data, encoding))
      return true
    }

    digest(encoding?: string): unknown {
      // A stream may be asked for its digest once more.
      this.#digest ??= this.#digesting.digest()
      return encoded(host.copy(this.#digest), encoding)
    }
  }
}

function makeHmac(host: CryptoHost, { bytesOf, encoded }: Forms, begin: Begin) {
  return class Hmac {
    #digesting: Digesting | undefined

    init(algorithm: string, key: View | KeyHandle): void {
      const bytes = key instanceof KeyHandle ? key.secret : host.copy(key)
      this.#digesting = begin({ algorithm, hmac: true }, bytes)
    }

    update(data: Data, encoding?: string): boolean {
      this.#digesting?.update(bytesOf(data, encoding))
      return true
    }

    digest(encoding?: string): unknown {
      return encoded(this.#digesting?.digest() ?? empty, encoding)
    }
  }
}

function makeHashJobs(realm: Realm, host: CryptoHost): Binding {
  return {
    HashJob: makeJob(realm, (_mode, algorithm: string, data: View, bits?: number) =>
      opWork(
        host,
        'crypto.hash',
        {
          algorithm,
          hmac: false,
          ...(bits !== undefined && { outputLength: bits / 8 }),
          ...host.join([new Uint8Array(), host.bytes(data)]),
        },
        ({ content }) => host.arrayBuffer(content as Uint8Array),
      ),
    ),
    HmacJob: makeJob(
      realm,
      (_mode, signMode: number, algorithm: string, key: KeyHandle, data: View, signature?: View) =>
        opWork(
          host,
          'crypto.hash',
          { algorithm, hmac: true, ...host.join([key.secret, host.bytes(data)]) },
          ({ content }) => {
            const digest = content as Uint8Array
            return signMode === 0 ? host.arrayBuffer(digest) : isSame(digest, host.bytes(signature as View))
          },
        ),
    ),
  }
}

/** What a one-shot digest says of an algorithm that there isn't; host and guest may differ in how much it says. */
function withName(failure: Failure, algorithm: string): Failure {
  if (failure.message !== 'Digest method not supported') return failure
  return { ...failure, message: `Digest method ${algorithm} is not supported` }
}

/** In a time that tells nothing of where they differ. */
function isSame(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false
  let difference = 0
  for (let index = 0; index < left.length; index++)
    difference |= (left[index] as number) ^ (right[index] as number)
  return difference === 0
}

function refuseCustomization(given: View | undefined): void {
  if (given === undefined) return
  throw notOffered('functionName and customization of hashes', 'leave them out')
}
