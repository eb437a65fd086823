import type { OpArgs } from '../protocol/calls.ts'
import type { CipherStep, Failure } from '../protocol/calls-crypto.ts'
import type { CryptoHost, View } from './crypto-host.ts'
import { KeyHandle, type ReadKey } from './crypto-key.ts'
import type { CryptoNames } from './crypto-names.ts'
import type { Binding, Realm } from './realm.ts'

/** Data of this size is given again rather than kept open on the host. */
const REPLAYED_BYTES = 64 * 1024
/** One update crosses in pieces of this. */
const PIECE_BYTES = 4 * 1024 * 1024
/** Of these an authentication tag is part. */
const AUTHENTICATED: ReadonlySet<string> = new Set(['gcm', 'ccm', 'ocb', 'siv'])
/** Their one key and initialization vector have the lengths told; those of others are tried on the host. */
const PLAIN: ReadonlySet<string> = new Set(['cbc', 'ctr', 'ecb', 'cfb', 'ofb', 'gcm'])

type Setup = NonNullable<OpArgs<'crypto.cipher'>['create']>
type Outcome = { readonly failure?: Failure; readonly output: Uint8Array }
interface Step {
  readonly step: CipherStep
  readonly bytes?: Uint8Array
}

/**
 * A cipher that is only asked when it must answer: what goes before its first output goes along with it, and so does
 * the end that most programs ask for next. Only a second update keeps it open on the host.
 */
class Ciphering {
  readonly #host: CryptoHost
  readonly #setup: Setup
  readonly #key: Uint8Array
  readonly #iv: Uint8Array
  readonly #isAuthenticated: boolean
  /** Taken since it was made, while it is not open on the host. */
  #steps: Step[] = []
  #hasUpdated = false
  /** What the end would answer after these steps. */
  #ahead: Outcome[] | undefined
  #id: string | undefined
  #tag: Uint8Array | undefined
  isOver = false

  constructor(host: CryptoHost, setup: Setup, key: Uint8Array, iv: Uint8Array, isAuthenticated: boolean) {
    this.#host = host
    this.#setup = setup
    this.#key = key
    this.#iv = iv
    this.#isAuthenticated = isAuthenticated
  }

  get tag(): Uint8Array | undefined {
    return this.#tag
  }

  /** Lets the host try it, with the steps taken so far. Throws what node:crypto throws. */
  try(): void {
    valueOf(this.#host, this.#run([], false).at(-1))
  }

  /** One without output. */
  set(step: CipherStep, bytes?: Uint8Array, isTried = false): void {
    this.#ahead = undefined
    const taken = bytes === undefined ? { step } : { step, bytes: this.#host.copy(bytes) }
    if (this.#id !== undefined) {
      valueOf(this.#host, this.#run([taken], true)[0])
      return
    }
    this.#steps = [...this.#steps, taken]
    if (!isTried) return
    try {
      this.try()
    } catch (error) {
      this.#steps = this.#steps.slice(0, -1)
      throw error
    }
  }

  update(bytes: Uint8Array): Uint8Array {
    if (bytes.length <= PIECE_BYTES) return this.#updateOnce(bytes)
    const outputs: Uint8Array[] = []
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      outputs[outputs.length] = this.#updateOnce(this.#host.part(bytes, at, at + PIECE_BYTES))
    }
    return this.#host.join(outputs).content
  }

  #updateOnce(bytes: Uint8Array): Uint8Array {
    const update: Step = { step: { step: 'update' }, bytes }
    if (this.#id !== undefined || this.#hasUpdated || bytes.length > REPLAYED_BYTES) {
      this.#ahead = undefined
      const outcomes = this.#run([update], true)
      this.#hasUpdated = true
      return valueOf(this.#host, outcomes.at(-1))
    }
    const wantsTag = this.#isAuthenticated && !this.#setup.encrypt
    const hasTag = this.#steps.some(({ step }) => step.step === 'setAuthTag')
    const ending = wantsTag && !hasTag ? [] : this.#ending()
    const outcomes = this.#run([update, ...ending], false)
    const output = valueOf(this.#host, outcomes[this.#steps.length])
    this.#hasUpdated = true
    if (ending.length > 0) this.#ahead = outcomes.slice(this.#steps.length + 1)
    this.#steps = [...this.#steps, { step: update.step, bytes: this.#host.copy(bytes) }]
    return output
  }

  final(): Uint8Array {
    let outcomes = this.#ahead
    if (outcomes === undefined) {
      const before = this.#id === undefined ? this.#steps.length : 0
      outcomes = this.#run(this.#ending(), false).slice(before)
    }
    this.isOver = true
    this.#ahead = undefined
    this.#steps = []
    const output = valueOf(this.#host, outcomes[0])
    this.#tag = outcomes[1]?.output
    return output
  }

  #ending(): Step[] {
    const final: Step = { step: { step: 'final' } }
    return this.#isAuthenticated && this.#setup.encrypt ? [final, { step: { step: 'getAuthTag' } }] : [final]
  }

  /** The outcomes of all steps that the host took, those taken before included if it is not open there. */
  #run(steps: readonly Step[], keep: boolean): Outcome[] {
    const id = this.#id
    const all = id === undefined ? [...this.#steps, ...steps] : steps
    const parts: Uint8Array[] = id === undefined ? [this.#key, this.#iv] : []
    for (let index = 0; index < all.length; index++) {
      const bytes = all[index]?.bytes
      if (bytes !== undefined) parts[parts.length] = bytes
    }
    const answer = this.#host.ask('crypto.cipher', {
      ...(id === undefined ? { create: this.#setup } : { id }),
      steps: all.map(({ step }) => step),
      keep,
      ...this.#host.join(parts),
    })
    if (answer.failure !== undefined) throw this.#host.error(answer.failure)
    this.#id = answer.id
    if (keep) this.#steps = []
    let offset = 0
    return answer.outcomes.map(({ failure, size = 0 }) => {
      offset += size
      const output = this.#host.part(answer.content as Uint8Array, offset - size, offset)
      return failure === undefined ? { output } : { output, failure }
    })
  }
}

function valueOf(host: CryptoHost, outcome: Outcome | undefined): Uint8Array {
  if (outcome?.failure !== undefined) throw host.error(outcome.failure)
  return outcome?.output ?? new Uint8Array()
}

export function makeCipherBinding(
  realm: Realm,
  host: CryptoHost,
  names: CryptoNames,
  readKey: ReadKey,
): Binding {
  const bytesOf = (data: string | View, encoding?: string): Uint8Array =>
    typeof data === 'string' ? realm.load('buffer').Buffer.from(data, encoding) : host.bytes(data)
  const isPlain = (setup: Setup, key: Uint8Array, iv: Uint8Array): boolean => {
    const info = names.cipher(setup.algorithm)
    if (info === undefined || !PLAIN.has(info.mode) || setup.authTagLength !== undefined) return false
    if (info.keyLength !== key.length || !setup.hasIv !== (info.ivLength === undefined)) return false
    return !setup.hasIv || info.ivLength === iv.length
  }

  class CipherBase {
    readonly #ciphering: Ciphering
    readonly #mode: string
    readonly #encrypt: boolean
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
        throw new (realm.load('internal/errors').codes.ERR_METHOD_NOT_IMPLEMENTED)('ctsMode and xtsStandard')
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
      this.#mode = names.cipher(algorithm)?.mode ?? this.#modeOf(algorithm)
      this.#ciphering = new Ciphering(host, setup, key, vector, this.#isAuthenticated)
      if (!isPlain(setup, key, vector)) this.#ciphering.try()
    }

    #modeOf(algorithm: string): string {
      return /poly1305$/i.test(algorithm) ? 'gcm' : ''
    }

    get #isAuthenticated(): boolean {
      return AUTHENTICATED.has(this.#mode) || this.#mode === 'stream'
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
      this.#ciphering.set({ step: 'setAuthTag' }, host.bytes(tag), true)
      this.#hasTag = true
      return true
    }

    getAuthTag(): Uint8Array | undefined {
      const { tag } = this.#ciphering
      return tag === undefined || !this.#ciphering.isOver ? undefined : host.buffer(host.copy(tag))
    }
  }

  return {
    CipherBase,
    getCiphers: () => names.ciphers,
    getSSLCiphers: () => [],
    getCipherInfo: (nameOrNid: string | number, keyLength?: number, ivLength?: number) => {
      const info = names.cipherInfo(nameOrNid, keyLength, ivLength)
      return info === undefined ? undefined : { __proto__: null, ...info }
    },
    ...makeRsa(realm, host, readKey),
  }
}

const RSA_ACTIONS = ['publicEncrypt', 'publicDecrypt', 'privateEncrypt', 'privateDecrypt'] as const

function makeRsa(realm: Realm, host: CryptoHost, readKey: ReadKey): Binding {
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
        throw new (realm.load('internal/errors').codes.ERR_METHOD_NOT_IMPLEMENTED)('mgf1Hash')
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
