import {
  type CipherGCM,
  createCipheriv,
  createDecipheriv,
  type DecipherGCM,
  getCipherInfo,
} from 'node:crypto'
import { ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { OpArgs, OpResult } from '../protocol/calls.ts'
import type { CipherStep } from '../protocol/calls-shapes.ts'
import { requireSize, splitBytes } from './byte-parts.ts'
import type { Handlers, Scope } from './capability.ts'
import { attempt, attemptSync } from './native-failure.ts'
import type { OpenHandles } from './open-handles.ts'
import { inSlices, makePause } from './slices.ts'

/** Done at once on the host's thread: half a millisecond with the slowest, 3DES. */
const SLICE_BYTES = 16 * 1024
/** Of modes that take bit by bit, or byte by byte, what others take by blocks. */
const SLOW_MODES = /cfb[18]$/i
const SLOW_SLICE_BYTES = 512
const HANDLE_BYTES = 2048
/** Modes that take their data in one piece, however long. */
const WHOLE_MODES = /ccm|wrap|siv|xts|cts/i
const NOTHING = new Uint8Array()

type Args = OpArgs<'crypto.cipher'>
type Result = OpResult<'crypto.cipher'>

/** One of any mode: those that a mode has not throw. */
type Cipher = CipherGCM | DecipherGCM

class Ciphering {
  readonly cipher: Cipher
  readonly isWhole: boolean
  readonly sliceBytes: number

  constructor(cipher: Cipher, algorithm: string) {
    this.cipher = cipher
    this.isWhole = WHOLE_MODES.test(`${algorithm} ${getCipherInfo(algorithm)?.mode}`)
    this.sliceBytes = SLOW_MODES.test(algorithm) ? SLOW_SLICE_BYTES : SLICE_BYTES
  }
}

export function cipherHandlers(open: OpenHandles): Handlers<'crypto.cipher' | 'crypto.cipherInfo'> {
  return {
    'crypto.cipherInfo': async ({ nameOrNid, ...lengths }) => {
      const info = getCipherInfo(nameOrNid as string, lengths)
      return info === undefined ? {} : { info }
    },
    'crypto.cipher': (args, scope) => run(open, args, scope),
  }
}

async function run(open: OpenHandles, args: Args, scope: Scope): Promise<Result> {
  const parts = splitBytes('crypto.cipher', args)
  const { create, keep, steps } = args
  let { id } = args
  let ciphering: Ciphering
  if (create === undefined) {
    ciphering = open.get(scope, id ?? '', Ciphering)
  } else {
    const [key, iv] = [parts.shift() ?? NOTHING, parts.shift() ?? NOTHING]
    requireSize('crypto.cipher.key', key, LIMITS.cryptoKeyBytes)
    requireSize('crypto.cipher.iv', iv, LIMITS.cryptoPartBytes)
    const made = attemptSync(() => ({ ciphering: begin(create, key, iv) }))
    if ('failure' in made) return { failure: made.failure, outcomes: [] }
    ciphering = made.ciphering
  }
  const { outcomes, outputs } = await takeSteps(ciphering, steps, parts)
  if (!keep && id !== undefined) open.close(scope, id)
  if (keep && id === undefined) id = open.open(scope, ciphering, HANDLE_BYTES)
  return { outcomes, content: Buffer.concat(outputs), ...(keep && id !== undefined && { id }) }
}

function begin(
  { algorithm, authTagLength, encrypt, hasIv }: NonNullable<Args['create']>,
  key: Uint8Array,
  iv: Uint8Array,
): Ciphering {
  const make = (encrypt ? createCipheriv : createDecipheriv) as (...args: unknown[]) => unknown
  const options = authTagLength === undefined ? undefined : { authTagLength }
  const cipher = make(algorithm, key, hasIv ? iv : null, options) as Cipher
  return new Ciphering(cipher, algorithm)
}

async function takeSteps(ciphering: Ciphering, steps: readonly CipherStep[], parts: Uint8Array[]) {
  const outcomes: Result['outcomes'] = []
  const outputs: Uint8Array[] = []
  const pause = makePause()
  for (const step of steps) {
    await pause()
    const needsBytes = step.step === 'update' || step.step === 'setAAD' || step.step === 'setAuthTag'
    const bytes = needsBytes ? parts.shift() : NOTHING
    if (bytes === undefined) throw new ValueError('crypto.cipher.sizes', 'A step has no bytes.')
    if (step.step !== 'update') requireSize(`crypto.cipher.${step.step}`, bytes, LIMITS.cryptoPartBytes)
    const taken = await attempt(async () => ({ output: await take(ciphering, step, bytes) }))
    if ('failure' in taken) {
      outcomes.push({ failure: taken.failure })
      break
    }
    outcomes.push({ size: taken.output.byteLength })
    outputs.push(taken.output)
  }
  return { outcomes, outputs }
}

async function take(ciphering: Ciphering, step: CipherStep, bytes: Uint8Array): Promise<Uint8Array> {
  const { cipher } = ciphering
  switch (step.step) {
    case 'setAutoPadding':
      cipher.setAutoPadding(step.value)
      return NOTHING
    case 'setAAD':
      cipher.setAAD(bytes, (step.plaintextLength === undefined ? undefined : step) as never)
      return NOTHING
    case 'setAuthTag':
      ;(cipher as DecipherGCM).setAuthTag(bytes)
      return NOTHING
    case 'update':
      return update(ciphering, bytes)
    case 'final':
      return cipher.final()
    case 'getAuthTag':
      return (cipher as CipherGCM).getAuthTag()
  }
}

async function update({ cipher, isWhole, sliceBytes }: Ciphering, bytes: Uint8Array): Promise<Uint8Array> {
  if (isWhole) requireSize('crypto.cipher.data', bytes, LIMITS.cryptoWholeBytes)
  if (isWhole || bytes.byteLength <= sliceBytes) return cipher.update(bytes)
  const outputs: Uint8Array[] = []
  await inSlices(bytes, sliceBytes, slice => outputs.push(cipher.update(slice)))
  return Buffer.concat(outputs)
}
