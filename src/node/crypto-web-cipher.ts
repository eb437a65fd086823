import type { CipherStep } from '../protocol/calls-shapes.ts'
import type { CryptoHost, View } from './crypto-host.ts'
import { makeJob, opWork, type Work } from './crypto-job.ts'
import type { KeyHandle } from './crypto-key.ts'
import type { Binding, Realm } from './realm.ts'

const ENCRYPT = 0
const OAEP_PADDING = 4
/** By Node's numbers for its variants: mode and size, the sizes going round. */
const AES_MODES = ['ctr', 'cbc', 'gcm', 'kw', 'ocb'] as const
const AES_SIZES = [128, 192, 256] as const
/** RFC 3394, section 2.2.3.1. */
const WRAP_VECTOR = new Uint8Array(8).fill(0xa6)
const none = new Uint8Array()

interface Request {
  readonly encrypt: boolean
  readonly algorithm: string
  readonly key: Uint8Array
  readonly iv: Uint8Array
  readonly data: Uint8Array
  /** Of an authenticated mode. */
  readonly tagBytes?: number | undefined
  readonly aad?: Uint8Array | undefined
}

/** Web Crypto's ciphers, each one op: with authenticated modes the tag stands behind the text. */
export function makeWebCipherBinding(realm: Realm, host: CryptoHost): Binding {
  return {
    AESCipherJob: makeJob(
      realm,
      (
        _mode,
        direction: number,
        key: KeyHandle,
        data: View,
        variant: number,
        iv?: View,
        ...rest: unknown[]
      ) => {
        const mode = AES_MODES[Math.floor(variant / 3)] as string
        const size = AES_SIZES[variant % 3] as number
        const request = {
          encrypt: direction === ENCRYPT,
          key: key.secret,
          data: host.bytes(data),
          iv: iv === undefined ? none : host.bytes(iv),
        }
        if (mode === 'ctr') return counterWork(host, request, size, rest[0] as number)
        if (mode === 'kw') {
          return cipherWork(host, { ...request, algorithm: `id-aes${size}-wrap`, iv: WRAP_VECTOR })
        }
        const [tagBytes, aad] = rest as [number | undefined, View | undefined]
        return cipherWork(host, {
          ...request,
          algorithm: `aes-${size}-${mode}`,
          tagBytes,
          aad: aad === undefined ? undefined : host.bytes(aad),
        })
      },
    ),
    ChaCha20Poly1305CipherJob: makeJob(
      realm,
      (_mode, direction: number, key: KeyHandle, data: View, iv: View, aad?: View) =>
        cipherWork(host, {
          encrypt: direction === ENCRYPT,
          algorithm: 'chacha20-poly1305',
          key: key.secret,
          iv: host.bytes(iv),
          data: host.bytes(data),
          tagBytes: 16,
          aad: aad === undefined ? undefined : host.bytes(aad),
        }),
    ),
    RSACipherJob: makeJob(
      realm,
      (
        _mode,
        direction: number,
        key: KeyHandle,
        data: View,
        _variant: number,
        hash: string,
        label?: View,
      ) => {
        const isEncrypting = direction === ENCRYPT
        const { bytes, spec } = key.input(isEncrypting ? 'public' : 'private')
        const parts = [bytes, host.bytes(data), label === undefined ? none : host.bytes(label)]
        return opWork(
          host,
          'crypto.rsa',
          {
            action: isEncrypting ? 'publicEncrypt' : 'privateDecrypt',
            key: spec,
            padding: OAEP_PADDING,
            oaepHash: hash,
            hasLabel: label !== undefined,
            ...host.join(parts),
          },
          ({ content }) => host.arrayBuffer(content as Uint8Array),
        )
      },
    ),
  }
}

function cipherWork(host: CryptoHost, request: Request): Work {
  const { aad, algorithm, encrypt, iv, key, tagBytes } = request
  const steps: CipherStep[] = []
  const parts = [key, iv]
  let { data } = request
  if (tagBytes !== undefined && !encrypt) {
    if (data.length < tagBytes) throw new Error('The provided data is too small')
    steps[steps.length] = { step: 'setAuthTag' }
    parts[parts.length] = host.part(data, data.length - tagBytes)
    data = host.part(data, 0, data.length - tagBytes)
  }
  if (aad !== undefined) {
    steps[steps.length] = { step: 'setAAD' }
    parts[parts.length] = aad
  }
  steps[steps.length] = { step: 'update' }
  parts[parts.length] = data
  steps[steps.length] = { step: 'final' }
  if (tagBytes !== undefined && encrypt) steps[steps.length] = { step: 'getAuthTag' }
  const create = {
    encrypt,
    algorithm,
    hasIv: true,
    ...(tagBytes !== undefined && { authTagLength: tagBytes }),
  }
  const args = { create, steps, keep: false, ...host.join(parts) }
  return opWork(host, 'crypto.cipher', args, ({ content, failure, outcomes }) => {
    const failed = failure ?? outcomes.find(outcome => outcome.failure !== undefined)?.failure
    if (failed !== undefined) throw host.error(failed)
    return host.arrayBuffer(content as Uint8Array)
  })
}

/**
 * The counter is the last `bits` of the block and goes round within them, where OpenSSL counts through the whole
 * block: data that goes past the turn is done in two parts.
 */
function counterWork(
  host: CryptoHost,
  request: Omit<Request, 'algorithm'>,
  size: number,
  bits: number,
): Work {
  const { data, iv } = request
  const algorithm = `aes-${size}-ctr`
  let counter = 0n
  for (let index = 0; index < 16; index++) counter = (counter << 8n) | BigInt(iv[index] as number)
  const range = 1n << BigInt(bits)
  const used = counter % range
  const blocks = BigInt(Math.ceil(data.length / 16))
  if (blocks > range) throw new Error('The counter would repeat')
  const before = range - used
  if (blocks <= before) return cipherWork(host, { ...request, algorithm })
  const middle = Number(before) * 16
  const turned = counter - used
  const first = cipherWork(host, { ...request, algorithm, data: host.part(data, 0, middle) })
  const second = cipherWork(host, {
    ...request,
    algorithm,
    iv: blockOf(turned),
    data: host.part(data, middle),
  })
  const join = (left: unknown, right: unknown): ArrayBuffer =>
    host.arrayBuffer(host.join([host.bytes(left as ArrayBuffer), host.bytes(right as ArrayBuffer)]).content)
  return {
    ask: () => join(first.ask(), second.ask()),
    call: async () => join(await first.call(), await second.call()),
  }
}

function blockOf(value: bigint): Uint8Array {
  const block = new Uint8Array(16)
  for (let index = 15, rest = value; index >= 0; index--, rest >>= 8n) block[index] = Number(rest & 255n)
  return block
}
