import type { OpArgs } from '../protocol/calls.ts'
import type { CryptoHost, View } from './crypto-host.ts'
import { type JobClass, makeJob, opWork } from './crypto-job.ts'
import type { ReadKey } from './crypto-key.ts'
import type { CryptoNames } from './crypto-names.ts'
import type { Binding, Realm } from './realm.ts'

const MODE_SIGN = 0
const DSA_ENCODINGS = ['der', 'ieee-p1363'] as const
/** Parameters of binding functions that take a key. */
type Key = readonly [
  data: unknown,
  format: number | undefined,
  type: unknown,
  passphrase: View | undefined,
  namedCurve: string | undefined,
]

interface Options {
  readonly algorithm: string | null | undefined
  readonly padding: number | undefined
  readonly saltLength: number | undefined
  readonly dsaEncoding: number | undefined
  readonly context: View | undefined
}

export function makeSignBinding(
  realm: Realm,
  host: CryptoHost,
  names: CryptoNames,
  readKey: ReadKey,
): Binding {
  /** What it is given stays here until the key comes: then it is one op. */
  class Signing {
    #algorithm = ''
    #chunks: Uint8Array[] = []
    #isOver = false

    init(algorithm: string): void {
      if (!names.hasDigest(algorithm)) {
        // An algorithm that may not exist is tried at once, as Node does.
        try {
          host.ask('crypto.hash', {
            algorithm,
            hmac: false,
            ...host.join([new Uint8Array(), new Uint8Array()]),
          })
        } catch {
          // Whatever a hash says of it, of a signature Node says this.
          throw Object.assign(new TypeError('Invalid digest'), { code: 'ERR_CRYPTO_INVALID_DIGEST' })
        }
      }
      this.#algorithm = algorithm
    }

    update(data: string | View, encoding?: string): void {
      this.#refuseOver()
      const bytes =
        typeof data === 'string'
          ? (realm.load('buffer').Buffer.from(data, encoding) as Uint8Array)
          : host.copy(data)
      this.#chunks[this.#chunks.length] = bytes
    }

    sign(...args: [...Key, padding?: number, saltLength?: number, dsaEncoding?: number]): Uint8Array {
      const [data, format, type, passphrase, namedCurve, padding, saltLength, dsaEncoding] = args
      const options = { algorithm: this.#algorithm, padding, saltLength, dsaEncoding, context: undefined }
      const key: Key = [data, format, type, passphrase, namedCurve]
      const request = signArgs(host, readKey, key, this.#take(), options)
      const { content } = inPieces(() => host.ask('crypto.sign', request))
      return host.buffer(content as Uint8Array)
    }

    verify(
      ...args: [...Key, signature: View, padding?: number, saltLength?: number, dsaEncoding?: number]
    ): boolean {
      const [data, format, type, passphrase, namedCurve, signature, padding, saltLength, dsaEncoding] = args
      const options = { algorithm: this.#algorithm, padding, saltLength, dsaEncoding, context: undefined }
      const key: Key = [data, format, type, passphrase, namedCurve]
      const work = verifyArgs(host, readKey, key, this.#take(), options, signature)
      return inPieces(() => host.ask('crypto.verify', work)).valid === true
    }

    #take(): Uint8Array {
      this.#refuseOver()
      this.#isOver = true
      const { content } = host.join(this.#chunks)
      this.#chunks = []
      return content
    }

    #refuseOver(): void {
      if (!this.#isOver) return
      throw Object.assign(new Error('Not initialised'), { code: 'ERR_CRYPTO_INVALID_STATE' })
    }
  }

  return {
    Sign: Signing,
    Verify: class Verify extends Signing {},
    SignJob: makeSignJob(realm, host, readKey),
  }
}

/** Keys that sign their data whole, Ed25519 and the like, don't in pieces: Node says so in other words than OpenSSL. */
function inPieces<Result>(run: () => Result): Result {
  try {
    return run()
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_OSSL_INVALID_DIGEST') throw error
    throw Object.assign(new Error('Unsupported crypto operation'), {
      code: 'ERR_CRYPTO_UNSUPPORTED_OPERATION',
    })
  }
}

function makeSignJob(realm: Realm, host: CryptoHost, readKey: ReadKey): JobClass {
  return makeJob(
    realm,
    (
      _mode,
      signMode: number,
      keyData: unknown,
      format: number | undefined,
      type: unknown,
      passphrase: View | undefined,
      namedCurve: string | undefined,
      data: View,
      algorithm: string | null | undefined,
      saltLength: number | undefined,
      padding: number | undefined,
      dsaEncoding: number | undefined,
      context: View | undefined,
      signature: View | undefined,
    ) => {
      const key: Key = [keyData, format, type, passphrase, namedCurve]
      const options = { algorithm, padding, saltLength, dsaEncoding, context }
      const bytes = host.bytes(data)
      if (signMode === MODE_SIGN) {
        return opWork(host, 'crypto.sign', signArgs(host, readKey, key, bytes, options), ({ content }) =>
          host.arrayBuffer(content as Uint8Array),
        )
      }
      const args = verifyArgs(host, readKey, key, bytes, options, signature as View)
      return opWork(host, 'crypto.verify', args, ({ valid }) => valid)
    },
  )
}

function signArgs(
  host: CryptoHost,
  readKey: ReadKey,
  key: Key,
  data: Uint8Array,
  options: Options,
): OpArgs<'crypto.sign'> {
  const { bytes, spec } = readKey('private', ...key)
  return { key: spec, ...fields(options), ...host.join([bytes, data, contextOf(host, options)]) }
}

function verifyArgs(
  host: CryptoHost,
  readKey: ReadKey,
  key: Key,
  data: Uint8Array,
  options: Options,
  signature: View,
): OpArgs<'crypto.verify'> {
  const { bytes, spec } = readKey('public', ...key)
  const parts = [bytes, data, contextOf(host, options), host.bytes(signature)]
  return { key: spec, ...fields(options), ...host.join(parts) }
}

function fields({ algorithm, context, dsaEncoding, padding, saltLength }: Options) {
  const encoding = dsaEncoding === undefined ? undefined : DSA_ENCODINGS[dsaEncoding]
  return {
    ...(typeof algorithm === 'string' && { algorithm }),
    ...(padding !== undefined && { padding }),
    ...(saltLength !== undefined && { saltLength }),
    ...(encoding !== undefined && { dsaEncoding: encoding }),
    hasContext: context !== undefined,
  }
}

function contextOf(host: CryptoHost, { context }: Options): Uint8Array {
  return context === undefined ? new Uint8Array() : host.bytes(context)
}
