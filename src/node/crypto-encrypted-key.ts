import { readElements, readSequence, toHex } from './crypto-der.ts'
import type { CryptoHost } from './crypto-host.ts'

/*
 * Private keys under a passphrase. How long one takes to be opened stands in the key itself, so the host never opens
 * one: it is done here, by ops of which each is bounded.
 */

const PBES2 = '2a864886f70d01050d'
const PBKDF2 = '2a864886f70d01050c'
const SCRYPT = '2b06010401da47040b'
const DIGESTS: Readonly<Record<string, string>> = {
  '2a864886f70d0207': 'sha1',
  '2a864886f70d0208': 'sha224',
  '2a864886f70d0209': 'sha256',
  '2a864886f70d020a': 'sha384',
  '2a864886f70d020b': 'sha512',
}
const CIPHERS: Readonly<Record<string, string>> = {
  '60864801650304012a': 'aes-256-cbc',
  '608648016503040116': 'aes-192-cbc',
  '608648016503040102': 'aes-128-cbc',
  '2a864886f70d0307': 'des-ede3-cbc',
}
const KEY_BYTES: Readonly<Record<string, number>> = {
  'aes-256-cbc': 32,
  'aes-192-cbc': 24,
  'aes-128-cbc': 16,
  'des-ede3-cbc': 24,
  'des-cbc': 8,
}
const PEM = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n([\s\S]*?)-----END \1-----/
const DEK_INFO = /DEK-Info:\s*([\w-]+),([0-9A-Fa-f]+)/

/** What the guest's own Buffer decodes. */
export type DecodeBase64 = (text: string) => Uint8Array

export interface Opened {
  readonly der: Uint8Array
  readonly type: 'pkcs8' | 'pkcs1' | 'sec1'
}

/** The key inside PEM; undefined when it is not encrypted, or in a way that isn't known. */
export function openPem(
  host: CryptoHost,
  text: string,
  passphrase: Uint8Array,
  decode: DecodeBase64,
): Opened | undefined {
  const match = PEM.exec(text)
  const label = match?.[1]
  const body = match?.[2] ?? ''
  if (label === 'ENCRYPTED PRIVATE KEY') return openDer(host, decode(body), passphrase)
  const info = DEK_INFO.exec(body)
  if (info === null || !body.includes('ENCRYPTED')) return undefined
  const cipher = (info[1] as string).toLowerCase()
  const keyBytes = KEY_BYTES[cipher]
  if (keyBytes === undefined) return undefined
  const iv = decodeHex(info[2] as string)
  const key = bytesToKey(host, passphrase, host.part(iv, 0, 8), keyBytes)
  const encrypted = decode(body.slice(body.search(/\r?\n\r?\n/)))
  const type = label === 'RSA PRIVATE KEY' ? 'pkcs1' : label === 'EC PRIVATE KEY' ? 'sec1' : 'pkcs8'
  return { der: decrypt(host, cipher, key, iv, encrypted), type }
}

/** The key inside PKCS#8; undefined as above. */
export function openDer(host: CryptoHost, der: Uint8Array, passphrase: Uint8Array): Opened | undefined {
  const parts = readSequence(host, der)
  const algorithm = parts?.[0]
  const encrypted = parts?.[1]
  if (algorithm?.tag !== 0x30 || encrypted?.tag !== 0x04) return undefined
  const scheme = readElements(host, algorithm.content)
  if (scheme?.[0] === undefined || toHex(scheme[0].content) !== PBES2 || scheme[1] === undefined)
    return undefined
  const methods = readElements(host, scheme[1].content)
  const derivation = methods?.[0] && readElements(host, methods[0].content)
  const encryption = methods?.[1] && readElements(host, methods[1].content)
  const cipher = encryption?.[0] && CIPHERS[toHex(encryption[0].content)]
  const iv = encryption?.[1]?.content
  if (
    derivation?.[0] === undefined ||
    derivation[1] === undefined ||
    cipher === undefined ||
    iv === undefined
  ) {
    return undefined
  }
  const size = KEY_BYTES[cipher] as number
  const key = derive(host, toHex(derivation[0].content), derivation[1].content, passphrase, size)
  if (key === undefined) return undefined
  return { der: decrypt(host, cipher, key, iv, encrypted.content), type: 'pkcs8' }
}

function derive(
  host: CryptoHost,
  method: string,
  encoded: Uint8Array,
  passphrase: Uint8Array,
  size: number,
): Uint8Array | undefined {
  const parameters = readElements(host, encoded)
  const salt = parameters?.[0]?.content
  if (parameters === undefined || salt === undefined) return undefined
  const number = (index: number): number =>
    Number.parseInt(toHex(parameters[index]?.content ?? new Uint8Array()), 16)
  const bytes = host.join([passphrase, salt])
  if (method === SCRYPT) {
    const [N, r, p] = [number(1), number(2), number(3)]
    return host.ask('crypto.derive', {
      method: { name: 'scrypt', N, r, p, maxmem: 129 * N * r + 2 ** 20 },
      size,
      ...bytes,
    }).content
  }
  if (method !== PBKDF2) return undefined
  const prf = parameters.find(({ tag }) => tag === 0x30)
  const digestId = prf && readElements(host, prf.content)?.[0]
  const digest = digestId === undefined ? 'sha1' : DIGESTS[toHex(digestId.content)]
  if (digest === undefined) return undefined
  return host.ask('crypto.derive', {
    method: { name: 'pbkdf2', iterations: number(1), digest },
    size,
    ...bytes,
  }).content
}

function decrypt(
  host: CryptoHost,
  algorithm: string,
  key: Uint8Array,
  iv: Uint8Array,
  encrypted: Uint8Array,
): Uint8Array {
  const { content, failure, outcomes } = host.ask('crypto.cipher', {
    create: { encrypt: false, algorithm, hasIv: true },
    steps: [{ step: 'update' }, { step: 'final' }],
    keep: false,
    ...host.join([key, iv, encrypted]),
  })
  const failed = failure ?? outcomes.find(outcome => outcome.failure !== undefined)?.failure
  if (failed !== undefined) throw host.error(failed)
  return content as Uint8Array
}

/** OpenSSL's EVP_BytesToKey with MD5 and one iteration: what old keys, and createCipher, make of a passphrase. */
export function bytesToKey(
  host: CryptoHost,
  passphrase: Uint8Array,
  salt: Uint8Array,
  size: number,
): Uint8Array {
  let made: Uint8Array = new Uint8Array()
  let last: Uint8Array = new Uint8Array()
  while (made.length < size) {
    const { content } = host.join([last, passphrase, salt])
    last = host.ask('crypto.hash', {
      algorithm: 'md5',
      hmac: false,
      ...host.join([new Uint8Array(), content]),
    }).content as Uint8Array
    made = host.join([made, last]).content
  }
  return host.part(made, 0, size)
}

function decodeHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1)
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16)
  }
  return bytes
}
