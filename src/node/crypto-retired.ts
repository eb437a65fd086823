import { bytesToKey } from './crypto-encrypted-key.ts'
import { CryptoHost, type View } from './crypto-host.ts'
import type { Realm } from './realm.ts'

type Make = (algorithm: string, password: string | View, options?: object) => unknown

/**
 * `createCipher` and `createDecipher`, which Node had up to version 21: a key and an initialization vector out of a
 * password, by MD5, once and without salt. For data that old programs wrote; nothing new should.
 */
export function makeRetiredCiphers(realm: Realm): Readonly<Record<string, Make>> {
  const host = new CryptoHost(realm)
  const make =
    (name: 'createCipheriv' | 'createDecipheriv'): Make =>
    (algorithm, password, options) => {
      const crypto = realm.load('crypto')
      const info = typeof algorithm === 'string' ? crypto.getCipherInfo(algorithm) : undefined
      // For an algorithm there isn't, it throws what Node throws.
      if (info === undefined) return crypto[name](algorithm, '', '')
      const { Buffer } = realm.load('buffer')
      const bytes =
        typeof password === 'string' ? (Buffer.from(password) as Uint8Array) : host.bytes(password)
      const { ivLength = 0, keyLength } = info as { keyLength: number; ivLength?: number }
      const made = bytesToKey(host, bytes, new Uint8Array(), keyLength + ivLength)
      const iv = ivLength === 0 ? null : host.part(made, keyLength)
      return crypto[name](algorithm, host.part(made, 0, keyLength), iv, options)
    }
  return { createCipher: make('createCipheriv'), createDecipher: make('createDecipheriv') }
}
