import type { CryptoHost } from './crypto-host.ts'

/*
 * As much of ASN.1's DER as keys need. Forms that a key may have and node:crypto's public functions don't read, or not
 * in each version, are written in one that they do.
 */

const SEQUENCE = 0x30
const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const OID = 0x06

/** What stands before the raw key in SPKI and in PKCS#8, in hexadecimal, and the length of the raw key. */
const RAW_KEYS: Readonly<Record<string, { spki: string; pkcs8: string; size: number }>> = {
  ed25519: { spki: '302a300506032b6570032100', pkcs8: '302e020100300506032b657004220420', size: 32 },
  x25519: { spki: '302a300506032b656e032100', pkcs8: '302e020100300506032b656e04220420', size: 32 },
  ed448: { spki: '3043300506032b6571033a00', pkcs8: '3047020100300506032b6571043b0439', size: 57 },
  x448: { spki: '3042300506032b656f033900', pkcs8: '3046020100300506032b656f043a0438', size: 56 },
}

const EC_PUBLIC_KEY = '2a8648ce3d0201'
const CURVES: Readonly<Record<string, string>> = {
  'P-256': '2a8648ce3d030107',
  prime256v1: '2a8648ce3d030107',
  secp256r1: '2a8648ce3d030107',
  'P-384': '2b81040022',
  secp384r1: '2b81040022',
  'P-521': '2b81040023',
  secp521r1: '2b81040023',
  secp256k1: '2b8104000a',
}

/** Names that ECDH doesn't know. */
const OPENSSL_CURVES: Readonly<Record<string, string>> = {
  'P-256': 'prime256v1',
  secp256r1: 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
}

export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2)
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16)
  }
  return bytes
}

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (let index = 0; index < bytes.length; index++)
    text += (bytes[index] as number).toString(16).padStart(2, '0')
  return text
}

/** One element, its content of parts. */
function write(host: CryptoHost, tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const { content } = host.join(parts)
  const size = content.length
  const head = size < 128 ? [tag, size] : size < 256 ? [tag, 0x81, size] : [tag, 0x82, size >> 8, size & 255]
  return host.join([new Uint8Array(head), content]).content
}

/** A number that is not negative, of big-endian bytes. */
function writeInteger(host: CryptoHost, bytes: Uint8Array): Uint8Array {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const digits = host.part(bytes, start)
  const needsZero = digits.length === 0 || (digits[0] as number) >= 128
  return write(host, INTEGER, needsZero ? new Uint8Array(1) : new Uint8Array(), digits)
}

/** A raw key as SPKI or PKCS#8, on a curve as SPKI or SEC 1; undefined for a kind or length it can't have. */
export function writeRawKey(
  host: CryptoHost,
  kind: string,
  curve: string | undefined,
  bytes: Uint8Array,
  isPublic: boolean,
): { der: Uint8Array; type: 'spki' | 'pkcs8' | 'sec1' } | undefined {
  if (kind === 'ec') return writeEcKey(host, curve ?? '', bytes, isPublic)
  const form = RAW_KEYS[kind]
  if (form === undefined || form.size !== bytes.length) return undefined
  const type = isPublic ? 'spki' : 'pkcs8'
  return { der: host.join([fromHex(form[type]), bytes]).content, type }
}

function writeEcKey(host: CryptoHost, curve: string, bytes: Uint8Array, isPublic: boolean) {
  const id = CURVES[curve]
  if (id === undefined) return undefined
  const curveId = write(host, OID, fromHex(id))
  if (isPublic) {
    const algorithm = write(host, SEQUENCE, write(host, OID, fromHex(EC_PUBLIC_KEY)), curveId)
    const point = write(host, BIT_STRING, new Uint8Array(1), bytes)
    return { der: write(host, SEQUENCE, algorithm, point), type: 'spki' } as const
  }
  const version = writeInteger(host, new Uint8Array([1]))
  const parameters = write(host, 0xa0, curveId)
  const point = host.ask('crypto.ecdh', {
    action: 'publicKey',
    curve: OPENSSL_CURVES[curve] ?? curve,
    form: 'uncompressed',
    ...host.join([bytes, new Uint8Array()]),
  }).content as Uint8Array
  const publicKey = write(host, 0xa1, write(host, BIT_STRING, new Uint8Array(1), point))
  return {
    der: write(host, SEQUENCE, version, write(host, OCTET_STRING, bytes), parameters, publicKey),
    type: 'sec1',
  } as const
}

/** The raw key at the end of SPKI or PKCS#8, of kinds that have one. */
export function readDerTail(host: CryptoHost, kind: string, der: Uint8Array): Uint8Array | undefined {
  const form = RAW_KEYS[kind]
  return form === undefined ? undefined : host.part(der, der.length - form.size)
}

/** The point of two coordinates, of which each has its full length. */
export function readEcPoint(host: CryptoHost, x: Uint8Array, y: Uint8Array): Uint8Array {
  return host.join([new Uint8Array([4]), x, y]).content
}

/** A point in another form: 2 compressed, 4 uncompressed, 6 hybrid, as OpenSSL numbers them. */
export function writeEcPoint(host: CryptoHost, point: Uint8Array, form: number): Uint8Array {
  if (form === 4) return point
  const half = (point.length - 1) / 2
  const parity = (point[point.length - 1] as number) & 1
  const rest = host.part(point, 1, form === 2 ? 1 + half : undefined)
  return host.join([new Uint8Array([form | parity]), rest]).content
}

export interface Element {
  readonly tag: number
  readonly content: Uint8Array
}

/** The elements that stand in `bytes`, one behind the other; undefined when it is no DER. */
export function readElements(host: CryptoHost, bytes: Uint8Array): Element[] | undefined {
  const elements: Element[] = []
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] as number
    let size = bytes[at + 1] ?? 0x80
    let start = at + 2
    if (size >= 0x80) {
      const count = size & 0x7f
      if (count === 0 || count > 3) return undefined
      size = 0
      for (let index = 0; index < count; index++) size = size * 256 + (bytes[start + index] ?? 0)
      start += count
    }
    if (start + size > bytes.length) return undefined
    elements[elements.length] = { tag, content: host.part(bytes, start, start + size) }
    at = start + size
  }
  return elements
}

/** The parts of one sequence. */
export function readSequence(host: CryptoHost, bytes: Uint8Array): Element[] | undefined {
  const elements = readElements(host, bytes)
  const first = elements?.[0]
  return first?.tag === SEQUENCE ? readElements(host, first.content) : undefined
}

/** PKCS#3 keys: the prime, the generator, and the public number or the private one. */
export function writeDiffieHellmanKey(
  host: CryptoHost,
  { generator, number, prime }: { prime: Uint8Array; generator: Uint8Array; number: Uint8Array },
  isPublic: boolean,
): Uint8Array {
  const parameters = write(host, SEQUENCE, writeInteger(host, prime), writeInteger(host, generator))
  const algorithm = write(host, SEQUENCE, write(host, OID, fromHex('2a864886f70d010301')), parameters)
  const integer = writeInteger(host, number)
  if (isPublic) {
    return write(host, SEQUENCE, algorithm, write(host, BIT_STRING, new Uint8Array(1), integer))
  }
  const version = writeInteger(host, new Uint8Array(1))
  return write(host, SEQUENCE, version, algorithm, write(host, OCTET_STRING, integer))
}

/** What writeDiffieHellmanKey wrote, or OpenSSL did. */
export function readDiffieHellmanKey(
  host: CryptoHost,
  der: Uint8Array,
  isPublic: boolean,
): { prime: Uint8Array; generator: Uint8Array; number: Uint8Array } | undefined {
  const parts = readSequence(host, der)
  const algorithm = parts?.[isPublic ? 0 : 1]
  const key = parts?.[isPublic ? 1 : 2]
  if (algorithm === undefined || key === undefined) return undefined
  const parameters = readElements(host, algorithm.content)?.[1]
  const numbers = parameters === undefined ? undefined : readElements(host, parameters.content)
  const number = readElements(host, isPublic ? host.part(key.content, 1) : key.content)?.[0]
  const prime = numbers?.[0]
  const generator = numbers?.[1]
  if (prime === undefined || generator === undefined || number === undefined) return undefined
  return {
    prime: unsigned(host, prime.content),
    generator: unsigned(host, generator.content),
    number: unsigned(host, number.content),
  }
}

function unsigned(host: CryptoHost, bytes: Uint8Array): Uint8Array {
  return host.copy(bytes.length > 1 && bytes[0] === 0 ? host.part(bytes, 1) : bytes)
}
