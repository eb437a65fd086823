import type { OpArgs } from '../protocol/calls.ts'
import { writeEcPoint } from './crypto-der.ts'
import type { CryptoHost, View } from './crypto-host.ts'
import { makeJob, opWork } from './crypto-job.ts'
import type { ReadKey } from './crypto-key.ts'
import type { CryptoNames } from './crypto-names.ts'
import type { Binding, Realm } from './realm.ts'

const FORMS = { 2: 'compressed', 4: 'uncompressed', 6: 'hybrid' } as const

export function makeExchangeBinding(
  realm: Realm,
  host: CryptoHost,
  names: CryptoNames,
  readKey: ReadKey,
): Binding {
  return {
    DHBitsJob: makeJob(realm, (_mode, ...keys: unknown[]) => {
      const [pub, pubFormat, pubType, pubPassphrase, pubCurve, ...rest] = keys
      const [priv, privFormat, privType, privPassphrase, privCurve] = rest
      const theirs = readKey(
        'public',
        pub,
        pubFormat as number,
        pubType,
        pubPassphrase as View,
        pubCurve as string,
      )
      const mine = readKey(
        'private',
        priv,
        privFormat as number,
        privType,
        privPassphrase as View,
        privCurve as string,
      )
      return opWork(
        host,
        'crypto.diffieHellman',
        { privateKey: mine.spec, publicKey: theirs.spec, ...host.join([mine.bytes, theirs.bytes]) },
        ({ content }) => host.arrayBuffer(content as Uint8Array),
      )
    }),
    ECDH: makeEcdh(host, names),
    ECDHConvertKey: (key: View, curve: string, form: keyof typeof FORMS) =>
      host.buffer(
        ask(host, { action: 'convert', curve, form: FORMS[form] }, [new Uint8Array(), host.bytes(key)]),
      ),
  }
}

type Request = Omit<OpArgs<'crypto.ecdh'>, 'content' | 'sizes'>

function ask(host: CryptoHost, request: Request, parts: readonly Uint8Array[]): Uint8Array {
  return host.ask('crypto.ecdh', { ...request, ...host.join(parts) }).content as Uint8Array
}

function makeEcdh(host: CryptoHost, names: CryptoNames): new (curve: string) => object {
  const none = new Uint8Array()
  return class Ecdh {
    readonly #curve: string
    #privateKey: Uint8Array | undefined
    /** Uncompressed. */
    #publicKey: Uint8Array | undefined

    constructor(curve: string) {
      this.#curve = curve
      // A curve that may not exist is tried at once, as Node does.
      if (!names.hasCurve(curve)) ask(host, { action: 'generate', curve }, [none, none])
    }

    generateKeys(): void {
      const { content, sizes } = host.ask('crypto.ecdh', {
        action: 'generate',
        curve: this.#curve,
        ...host.join([none, none]),
      })
      const bytes = content as Uint8Array
      const middle = sizes?.[0] ?? 0
      this.#privateKey = host.copy(host.part(bytes, 0, middle))
      this.#publicKey = host.copy(host.part(bytes, middle))
    }

    computeSecret(theirs: View): Uint8Array {
      const key = this.#privateKey
      if (key === undefined)
        throw Object.assign(new Error('Invalid key pair'), { code: 'ERR_CRYPTO_INVALID_KEYPAIR' })
      const request = { action: 'secret', curve: this.#curve } as const
      return host.buffer(ask(host, request, [key, host.bytes(theirs)]))
    }

    getPublicKey(form: number): Uint8Array {
      return host.buffer(host.copy(writeEcPoint(host, this.#publicKey ?? missing('public'), form)))
    }

    getPrivateKey(): Uint8Array {
      return host.buffer(host.copy(this.#privateKey ?? missing('private')))
    }

    setPrivateKey(key: View): void {
      const bytes = host.copy(key)
      const request = { action: 'publicKey', curve: this.#curve, form: 'uncompressed' } as const
      this.#publicKey = ask(host, request, [bytes, none])
      this.#privateKey = bytes
    }

    setPublicKey(key: View): void {
      const request = { action: 'convert', curve: this.#curve, form: 'uncompressed' } as const
      this.#publicKey = ask(host, request, [none, host.bytes(key)])
    }
  }
}

function missing(kind: 'public' | 'private'): never {
  throw Object.assign(new Error(`Failed to get ECDH ${kind} key`), { code: 'ERR_CRYPTO_OPERATION_FAILED' })
}
