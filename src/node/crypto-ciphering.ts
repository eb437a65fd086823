import type { OpArgs } from '../protocol/calls.ts'
import type { CipherStep, Failure } from '../protocol/calls-shapes.ts'
import type { CryptoHost } from './crypto-host.ts'

/** Data of this size is given again rather than kept open on the host. */
const REPLAYED_BYTES = 64 * 1024
/** One update crosses in pieces of this. */
const PIECE_BYTES = 4 * 1024 * 1024

export type Setup = NonNullable<OpArgs<'crypto.cipher'>['create']>
type Outcome = { readonly failure?: Failure; readonly output: Uint8Array }
interface Step {
  readonly step: CipherStep
  readonly bytes?: Uint8Array
}

/**
 * A cipher that is only asked when it must answer: what goes before its first output goes along with it, and so does
 * the end that most programs ask for next. Only a second update keeps it open on the host.
 */
export class Ciphering {
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
    outputOf(this.#host, this.#run([], false).at(-1))
  }

  /** One without output. */
  set(step: CipherStep, bytes?: Uint8Array, isTried = false): void {
    this.#ahead = undefined
    const taken = bytes === undefined ? { step } : { step, bytes: this.#host.copy(bytes) }
    if (this.#id !== undefined) {
      outputOf(this.#host, this.#run([taken], true)[0])
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
      return outputOf(this.#host, outcomes.at(-1))
    }
    const wantsTag = this.#isAuthenticated && !this.#setup.encrypt
    const hasTag = this.#steps.some(({ step }) => step.step === 'setAuthTag')
    const ending = wantsTag && !hasTag ? [] : this.#ending()
    const outcomes = this.#run([update, ...ending], false)
    const output = outputOf(this.#host, outcomes[this.#steps.length])
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
    const output = outputOf(this.#host, outcomes[0])
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

function outputOf(host: CryptoHost, outcome: Outcome | undefined): Uint8Array {
  if (outcome?.failure !== undefined) throw host.error(outcome.failure)
  return outcome?.output ?? new Uint8Array()
}
