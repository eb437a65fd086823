import type { KeyDetails, KeySpec } from '../protocol/calls-shapes.ts'
import { readDerTail, readEcPoint, writeEcPoint } from './crypto-der.ts'
import type { CryptoHost, View } from './crypto-host.ts'
import { type KeyInput, makeKeyReader } from './crypto-key-input.ts'
import type { Binding, Realm } from './realm.ts'

export const KEY_SECRET = 0
export const KEY_PUBLIC = 1
export const KEY_PRIVATE = 2
export const FORMAT_DER = 0
export const FORMAT_PEM = 1
export const FORMAT_JWK = 2
/** By Node's numbers for them. */
export const ENCODINGS = ['pkcs1', 'pkcs8', 'spki', 'sec1'] as const

interface Material {
  readonly type: number
  /** Of a secret itself, of others PKCS#8 or SPKI as DER. */
  readonly bytes: Uint8Array
}

export interface KeyInfo {
  readonly asymmetricKeyType: string
  readonly details: KeyDetails
}

/** What reads and writes keys, for one realm. */
interface Tools {
  readonly host: CryptoHost
  readonly realm: Realm
  readonly read: (role: KeySpec['role'], input: KeyInput) => { spec: KeySpec; bytes: Uint8Array }
}

let tools: Tools

/**
 * A key's material, which stays in the guest: the host is given it with each op that needs it. Nothing outside of this
 * class reads a private field, so what is not extractable can't be taken out.
 */
export class KeyHandle {
  #material: Material = { type: KEY_SECRET, bytes: new Uint8Array() }
  #info: KeyInfo | undefined

  /** One of material that needs no reading. */
  static of(type: number, bytes: Uint8Array): KeyHandle {
    const handle = new KeyHandle()
    handle.#material = { type, bytes }
    return handle
  }

  static isOne(value: unknown): value is KeyHandle {
    return typeof value === 'object' && value !== null && #material in value
  }

  /** The bytes of a secret key. Not to be given away. */
  get secret(): Uint8Array {
    return this.#material.bytes
  }

  /** As the host takes it. */
  input(role: KeySpec['role']): { spec: KeySpec; bytes: Uint8Array } {
    const { bytes, type } = this.#material
    return { spec: { role, format: 'der', type: type === KEY_PRIVATE ? 'pkcs8' : 'spki' }, bytes }
  }

  init(
    type: number,
    data: unknown,
    format?: number,
    encoding?: unknown,
    passphrase?: View,
    namedCurve?: string,
  ): void {
    const { host, read } = tools
    if (type === KEY_SECRET) {
      const bytes = format === FORMAT_JWK ? fromBase64Url((data as { k: string }).k) : host.copy(data as View)
      this.#material = { type, bytes }
      return
    }
    const role = type === KEY_PUBLIC ? 'public' : 'private'
    const { bytes, spec } = KeyHandle.isOne(data)
      ? data.input(role)
      : read(role, { data, format, type: encoding, passphrase, namedCurve })
    this.#import(type, spec, bytes)
  }

  #import(type: number, spec: KeySpec, bytes: Uint8Array): void {
    const { host } = tools
    const {
      content,
      details,
      type: keyType,
    } = host.ask('crypto.importKey', { key: spec, ...host.join([bytes]) })
    this.#material = { type, bytes: content as Uint8Array }
    this.#info = { asymmetricKeyType: keyType as string, details: details ?? {} }
  }

  getKeyType(): number {
    return this.#material.type
  }

  getSymmetricKeySize(): number {
    return this.#material.bytes.length
  }

  getAsymmetricKeyType(): string {
    return this.#known().asymmetricKeyType
  }

  /** The host reads no point that is not on its curve. */
  checkEcKeyData(): boolean {
    return true
  }

  keyDetail(target: Record<string, unknown>): object {
    const { modulusLength, publicExponent, ...details } = this.#known().details
    if (modulusLength !== undefined) target.modulusLength = modulusLength
    if (publicExponent !== undefined) target.publicExponent = fromHex(publicExponent)
    return Object.assign(target, details)
  }

  equals(other: KeyHandle): boolean {
    const left = this.#material.bytes
    const right = other.#material.bytes
    if (left.length !== right.length) return false
    let difference = 0
    for (let index = 0; index < left.length; index++) {
      difference |= (left[index] as number) ^ (right[index] as number)
    }
    return difference === 0
  }

  export(format?: number, encoding?: number, cipher?: string | null, passphrase?: View | null): unknown {
    const { host } = tools
    const { bytes, type } = this.#material
    if (type === KEY_SECRET) return host.buffer(host.copy(bytes))
    const written = ENCODINGS[encoding as number] ?? 'spki'
    const { spec } = this.input(type === KEY_PRIVATE ? 'private' : 'public')
    if (format === FORMAT_DER && written === spec.type && typeof cipher !== 'string') {
      return host.buffer(host.copy(bytes))
    }
    const isText = format === FORMAT_PEM
    const { content } = host.ask('crypto.exportKey', {
      key: spec,
      encoding: {
        format: isText ? 'pem' : 'der',
        type: written,
        ...(typeof cipher === 'string' && { cipher }),
      },
      ...host.join([bytes, passphrase == null ? new Uint8Array() : host.bytes(passphrase)]),
    })
    const buffer = host.buffer(content as Uint8Array)
    return isText ? host.text(buffer, 'utf8') : buffer
  }

  exportJwk(target: Record<string, unknown>): object {
    const { bytes, type } = this.#material
    if (type === KEY_SECRET) return Object.assign(target, { kty: 'oct', k: toBase64Url(bytes) })
    return Object.assign(target, this.#jwk())
  }

  rawPublicKey(): Uint8Array {
    return this.#tail()
  }

  rawPrivateKey(): Uint8Array {
    return this.#tail()
  }

  exportECPublicRaw(form: number): Uint8Array {
    const { x, y } = this.#jwk()
    const point = readEcPoint(tools.host, fromBase64Url(x as string), fromBase64Url(y as string))
    return tools.host.buffer(writeEcPoint(tools.host, point, form))
  }

  exportECPrivateRaw(): Uint8Array {
    return tools.host.buffer(fromBase64Url(this.#jwk().d as string))
  }

  rawSeed(): never {
    const { codes } = tools.realm.load('internal/errors')
    throw new codes.ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS(this.getAsymmetricKeyType(), 'has no seed')
  }

  #tail(): Uint8Array {
    const tail = readDerTail(tools.host, this.getAsymmetricKeyType(), this.#material.bytes)
    if (tail !== undefined) return tools.host.buffer(tools.host.copy(tail))
    const { codes } = tools.realm.load('internal/errors')
    throw new codes.ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS(this.getAsymmetricKeyType(), 'has no raw form')
  }

  #jwk(): Record<string, string> {
    const { host } = tools
    const { bytes, type } = this.#material
    const { spec } = this.input(type === KEY_PRIVATE ? 'private' : 'public')
    const args = { key: spec, encoding: 'jwk', ...host.join([bytes, new Uint8Array()]) } as const
    return host.ask('crypto.exportKey', args).jwk ?? {}
  }

  #known(): KeyInfo {
    if (this.#info === undefined) {
      const { bytes, type } = this.#material
      const { spec } = this.input(type === KEY_PRIVATE ? 'private' : 'public')
      this.#import(type, spec, bytes)
    }
    return this.#info as unknown as KeyInfo
  }
}

/** Of what Node's modules hand over as a key: its spec and bytes for an op. */
export type ReadKey = (
  role: KeySpec['role'],
  data: unknown,
  format?: number,
  type?: unknown,
  passphrase?: View,
  namedCurve?: string,
) => { spec: KeySpec; bytes: Uint8Array }

export function makeKeyBinding(realm: Realm, host: CryptoHost): { binding: Binding; readKey: ReadKey } {
  const read = makeKeyReader(realm, host)
  tools = { realm, host, read }
  return {
    binding: { KeyObjectHandle: KeyHandle },
    readKey: (role, data, format, type, passphrase, namedCurve) =>
      KeyHandle.isOne(data) ? data.input(role) : read(role, { data, format, type, passphrase, namedCurve }),
  }
}

function fromBase64Url(text: string): Uint8Array {
  return tools.host.copy(tools.realm.load('buffer').Buffer.from(text, 'base64url'))
}

function toBase64Url(bytes: Uint8Array): string {
  return tools.host.text(bytes, 'base64url')
}

function fromHex(text: string): ArrayBuffer {
  const even = text.length % 2 === 0 ? text : `0${text}`
  return tools.host.arrayBuffer(tools.realm.load('buffer').Buffer.from(even, 'hex'))
}
