import { ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/** ASN.1's numbers of what a key is made of. */
const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const CONSTRUCTED = 0x20
/** Of DSA, and of Diffie-Hellman in its two forms. */
const COMPUTED = ['06072a8648ce380401', '06092a864886f70d010301', '06072a8648ce3e0201'].map(hex =>
  Buffer.from(hex, 'hex'),
)
/** Deeper than any key or certificate nests. */
const DEPTH = 32

/**
 * Refuses a key with a number of more than `maxBits` in it, and one of DSA or Diffie-Hellman whose numbers are long
 * together: of these OpenSSL makes the public one when it reads the private one, at once, in time that grows with
 * the third power of their length, before anybody could ask how long they are.
 *
 * What is no DER is for OpenSSL to refuse.
 *
 * @throws {ValueError}
 */
export function requireShortNumbers(format: 'pem' | 'der', bytes: Uint8Array, maxBits: number): void {
  const blocks = format === 'der' ? [bytes] : blocksOf(Buffer.from(bytes).toString('latin1'))
  for (const der of blocks) {
    const bits = walk(der, maxBits, 0)
    const isComputed = COMPUTED.some(oid => Buffer.from(der.buffer, der.byteOffset, der.length).includes(oid))
    if (isComputed) requireBits(bits, LIMITS.cryptoComputedBits)
  }
}

/** The same of the fields of a JWK. */
export function requireShortFields(jwk: Readonly<Record<string, string>>, maxBits: number): void {
  for (const text of Object.values(jwk)) requireBits(text.length * 6 - 16, maxBits)
}

/** What may be base64 in each block: with its headers and without them, for OpenSSL takes the rest of a line for data. */
function blocksOf(text: string): Uint8Array[] {
  return text.split('-----BEGIN').flatMap(block => {
    const [body = ''] = block.slice(block.indexOf('-----') + 5).split('-')
    const parts = body.split(/\n[\t\r ]*\n/)
    return [body, ...(parts.length > 1 ? parts : [])].map(part => Buffer.from(part, 'base64'))
  })
}

/** The bits of all numbers together. */
function walk(bytes: Uint8Array, maxBits: number, depth: number): number {
  if (depth > DEPTH) throw new ValueError('key', 'The key nests too deep.')
  let bits = 0
  let at = 0
  while (at + 2 <= bytes.length) {
    const tag = bytes[at] as number
    const first = bytes[at + 1] as number
    const lengthBytes = first > 0x80 ? first & 0x7f : 0
    at += 2 + lengthBytes
    let length = first
    // Without a length it goes on till its end is said, and what follows it can be walked with it.
    if (first === 0x80) length = bytes.length - at
    else if (lengthBytes > 0) {
      length = bytes.subarray(at - lengthBytes, at).reduce((sum, byte) => sum * 256 + byte, 0)
    }
    if (at + length > bytes.length) break
    if (tag === INTEGER) {
      // Its first byte may be but the sign.
      requireBits((length - 1) * 8, maxBits)
      bits += length * 8
    }
    if (tag === (OCTET_STRING | CONSTRUCTED) || tag === (BIT_STRING | CONSTRUCTED)) {
      throw new ValueError('key', 'The key is not DER: it has a string in several pieces.')
    }
    if (tag === OCTET_STRING || tag & CONSTRUCTED) {
      bits += walk(bytes.subarray(at, at + length), maxBits, depth + 1)
    }
    // Its first byte tells how many bits of the last are unused.
    else if (tag === BIT_STRING) bits += walk(bytes.subarray(at + 1, at + length), maxBits, depth + 1)
    at += length
  }
  return bits
}

function requireBits(bits: number, most: number): void {
  if (bits <= most) return
  throw new ValueError('key', `The key has numbers of ${bits} bits; the limit is ${most}.`)
}
