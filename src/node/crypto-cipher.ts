import { Ciphering, type Setup } from './crypto-ciphering.ts'
import type { CryptoHost, View } from './crypto-host.ts'
import { KeyHandle, type ReadKey } from './crypto-key.ts'
import type { CryptoNames } from './crypto-names.ts'
import { notOffered } from './not-offered.ts'
import type { Binding, Realm } from './realm.ts'

/** Of these an authentication tag is part. */
const AUTHENTICATED: ReadonlySet<string> = new Set(['gcm', 'ccm', 'ocb', 'siv'])
const AUTHENTICATED_NAMES = /siv|poly1305/i
/** Their one key and initialization vector have the lengths told; those of others are tried on the host. */
const PLAIN: ReadonlySet<string> = new Set(['cbc', 'ctr', 'ecb', 'cfb', 'ofb', 'gcm'])

export function makeCipherBinding(
  realm: Realm,
  host: CryptoHost,
  names: CryptoNames,
  readKey: ReadKey,
): Binding {
  return {
    CipherBase: makeCipherBase(realm, host, names),
    getCiphers: () => names.ciphers,
    getSSLCiphers: () => [],
    getCipherInfo: (nameOrNid: string | number, keyBytes?: number, ivBytes?: number) => {
      const info = names.cipherInfo(nameOrNid, keyBytes, ivBytes)
      if (info === undefined) return undefined
      const { blockSize, ivLength, keyLength, mode, name, nid } = info
      return { __proto__: null, mode, name, nid, keyLength, blockSize, ivLength }
    },
    ...makeRsa(host, readKey),
  }
}

function makeCipherBase(realm: Realm, host: CryptoHost, names: CryptoNames) {
  const bytesOf = (data: string | View, encoding?: string): Uint8Array =>
    typeof data === 'string' ? realm.load('buffer').Buffer.from(data, encoding) : host.bytes(data)

  return class CipherBase {
    readonly #ciphering: Ciphering
    readonly #mode: string
    readonly #encrypt: boolean
    readonly #isAuthenticated: boolean
    readonly #hasTagLength: boolean
    #hasTag = false

    constructor(
      encrypt: boolean,
      algorithm: string,
      credential: View | KeyHandle,
      iv: View | null,
      authTagLength: number,
      ctsMode?: string,
      xtsStandard?: string,
    ) {
      if (ctsMode !== undefined || xtsStandard !== undefined) {
        throw notOffered('ctsMode and xtsStandard of ciphers', 'leave them out')
      }
      const setup: Setup = {
        encrypt,
        algorithm,
        hasIv: iv !== null,
        ...(authTagLength >= 0 && { authTagLength }),
      }
      const key = KeyHandle.isOne(credential) ? credential.secret : host.copy(credential)
      const vector = iv === null ? new Uint8Array() : host.copy(iv)
      this.#encrypt = encrypt
      this.#hasTagLength = authTagLength >= 0
      this.#mode = names.cipher(algorithm)?.mode ?? ''
      this.#isAuthenticated = AUTHENTICATED.has(this.#mode) || AUTHENTICATED_NAMES.test(algorithm)
      this.#ciphering = new Ciphering(host, setup, key, vector, this.#isAuthenticated)
      if (!isPlain(names, setup, key, vector)) this.#ciphering.try()
    }

    update(data: string | View, encoding?: string): Uint8Array {
      if (this.#ciphering.isOver) throw new Error('Trying to add data in unsupported state')
      return host.buffer(this.#ciphering.update(bytesOf(data, encoding)))
    }

    final(): Uint8Array {
      if (this.#ciphering.isOver) {
        throw Object.assign(new Error('Invalid state'), { code: 'ERR_CRYPTO_INVALID_STATE' })
      }
      return host.buffer(this.#ciphering.final())
    }

    setAutoPadding(value: boolean): boolean {
      if (this.#ciphering.isOver) return false
      this.#ciphering.set({ step: 'setAutoPadding', value })
      return true
    }

    setAAD(aad: View, plaintextLength: number): boolean {
      if (this.#ciphering.isOver || !this.#isAuthenticated) return false
      const step = { step: 'setAAD', ...(plaintextLength >= 0 && { plaintextLength }) } as const
      this.#ciphering.set(step, host.bytes(aad), this.#mode === 'ccm')
      return true
    }

    setAuthTag(tag: View): boolean {
      if (this.#ciphering.isOver || !this.#isAuthenticated || this.#encrypt || this.#hasTag) return false
      const bytes = host.bytes(tag)
      const isUsual = this.#mode === 'gcm' && !this.#hasTagLength && bytes.length === 16
      this.#ciphering.set({ step: 'setAuthTag' }, bytes, !isUsual)
      this.#hasTag = true
      return true
    }

    getAuthTag(): Uint8Array | undefined {
      const { tag } = this.#ciphering
      return tag === undefined || !this.#ciphering.isOver ? undefined : host.buffer(host.copy(tag))
    }
  }
}

/** Whether there is nothing that Node could refuse. */
function isPlain(names: CryptoNames, setup: Setup, key: Uint8Array, iv: Uint8Array): boolean {
  const info = names.cipher(setup.algorithm)
  if (info === undefined || !PLAIN.has(info.mode) || setup.authTagLength !== undefined) return false
  if (info.keyLength !== key.length || !setup.hasIv !== (info.ivLength === undefined)) return false
  return !setup.hasIv || info.ivLength === iv.length
}

const RSA_ACTIONS = ['publicEncrypt', 'publicDecrypt', 'privateEncrypt', 'privateDecrypt'] as const

function makeRsa(host: CryptoHost, readKey: ReadKey): Binding {
  const binding: Binding = {}
  for (const action of RSA_ACTIONS) {
    const role = action.startsWith('public') ? 'public' : 'private'
    binding[action] = (
      data: unknown,
      format: number | undefined,
      type: unknown,
      passphrase: View | undefined,
      namedCurve: string | undefined,
      buffer: View,
      padding: number,
      oaepHash?: string,
      oaepLabel?: View,
      mgf1Hash?: string,
    ) => {
      if (mgf1Hash !== undefined) {
        throw notOffered('mgf1Hash of RSA encryption', 'it is the hash of OAEP')
      }
      const { bytes, spec } = readKey(role, data, format, type, passphrase, namedCurve)
      const label = oaepLabel === undefined ? new Uint8Array() : host.bytes(oaepLabel)
      const { content } = host.ask('crypto.rsa', {
        action,
        key: spec,
        padding,
        ...(oaepHash !== undefined && { oaepHash }),
        hasLabel: oaepLabel !== undefined,
        ...host.join([bytes, host.bytes(buffer), label]),
      })
      return host.buffer(content as Uint8Array)
    }
  }
  return binding
}
