import { ProtocolError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/**
 * What crosses between the host and a cell, the child process that isolates live in. Each message is a list that
 * begins with its type; what one side has to say in a tick crosses as one frame: four bytes of length, little-endian,
 * and a list of messages in MessagePack.
 *
 * Isolates, programs, compilers and tasks are numbered by the host. Neither callers nor capabilities are ever named: to
 * the host a cell is as much of an attacker as the guests in it.
 */
export type ToCell =
  /** Before all else. */
  | readonly ['configure', timeZone: string]
  /** The startup snapshot for isolates of that kind, before the first of them. */
  | readonly ['snapshot', runtime: string, bytes: Uint8Array]
  | readonly [
      'make',
      isolate: number,
      memoryMb: number,
      runtime: string,
      nodeNames: readonly string[],
      isSpare: boolean,
    ]
  | readonly ['program', program: number, source: string, code: Uint8Array | null, places: string | null]
  | readonly ['forget', program: number]
  | readonly ['load', isolate: number, program: number]
  /** See Entry in isolate/guest-isolate.ts. Each is answered by one `left`. */
  | readonly [
      'enter',
      isolate: number,
      text: string | null,
      buffers: readonly Uint8Array[],
      isQuick: boolean,
      isFresh: boolean,
    ]
  /** The answer for which the isolate's thread waits, and the next piece of it. */
  | readonly ['open', isolate: number, isReply: boolean, text: string, content: Uint8Array | null]
  | readonly ['next', isolate: number]
  | readonly ['measure', isolate: number]
  | readonly ['dispose', isolate: number]
  /** A request to a compiler, made with its first: see cells/remote-compiler.ts. */
  | readonly [
      'compile',
      task: number,
      compiler: number,
      runtime: string,
      request: CompileRequest,
      source: string,
      code: Uint8Array | null,
    ]
  | readonly ['closeCompiler', compiler: number]
  | readonly ['ping']

export type CompileRequest =
  | { readonly kind: 'program' | 'restore' }
  | {
      readonly kind: 'check'
      readonly path: string
      readonly parameters: readonly string[]
      readonly isAsync: boolean
    }

export type FromCell =
  /** It takes messages. */
  | readonly ['ready']
  /** It can't: why. Then it ends. */
  | readonly ['failed', message: string]
  /** What the guest's callback was given; null stands for the shared memory of its window. */
  | readonly ['sent', isolate: number, text: string, buffers: readonly (Uint8Array | null)[], cpuMs: number]
  /** An `enter` is over. Name and message of what went wrong, which may have ended the isolate. */
  | readonly ['left', isolate: number, problem: Problem | null, isDead: boolean, cpuMs: number]
  /** A quick entry among several went wrong, and the isolate lives. */
  | readonly ['rejected', isolate: number, problem: Problem]
  | readonly ['died', isolate: number, message: string]
  /** What a spare was to have evaluated ahead is there. */
  | readonly ['filled', isolate: number]
  | readonly ['measured', isolate: number, heapBytes: number | null]
  | readonly [
      'compiled',
      task: number,
      answer: string | null,
      code: Uint8Array | null,
      problem: string | null,
    ]
  /** The answer to `ping`. CPU time of isolates that run: number, milliseconds, number, milliseconds … */
  | readonly ['beat', rssBytes: number, cpuMs: readonly number[]]

export type Problem = readonly [name: string, message: string]

/** The longest text of an error that a cell tells, in characters. */
export const PROBLEM_CHARS = 2000

type Check = (value: unknown) => boolean

const isCount: Check = value => Number.isSafeInteger(value) && (value as number) >= 0
const isAmount: Check = value => typeof value === 'number' && value >= 0 && Number.isFinite(value)
const isFlag: Check = value => typeof value === 'boolean'
const isBytes: Check = value => value instanceof Uint8Array
const isText =
  (maxChars: number): Check =>
  value =>
    typeof value === 'string' && value.length <= maxChars
const orNull =
  (check: Check): Check =>
  value =>
    value === null || check(value)
const isList =
  (check: Check): Check =>
  value =>
    Array.isArray(value) && value.every(check)
const isShort = isText(PROBLEM_CHARS)
const isProblem: Check = value => Array.isArray(value) && value.length === 2 && value.every(isShort)

const FIELDS: Readonly<Record<FromCell[0], readonly Check[]>> = {
  ready: [],
  failed: [isShort],
  // As long as is let in of a guest, and a character for the one that would be too long.
  sent: [isCount, isText(LIMITS.crossingChars + 1), isList(orNull(isBytes)), isAmount],
  left: [isCount, orNull(isProblem), isFlag, isAmount],
  rejected: [isCount, isProblem],
  died: [isCount, isShort],
  filled: [isCount],
  measured: [isCount, orNull(isAmount)],
  compiled: [isCount, orNull(isText(LIMITS.failureFieldsChars)), orNull(isBytes), orNull(isShort)],
  beat: [isAmount, isList(isAmount)],
}

/**
 * The messages of one frame from a cell, each field checked.
 *
 * @throws {ProtocolError} for anything that is no list of such messages.
 */
export function parseFromCell(value: unknown): readonly FromCell[] {
  if (!Array.isArray(value) || value.length > LIMITS.cellMessages)
    throw new ProtocolError('A cell sent something that is no list of messages, or too long a one.')
  for (const message of value) {
    if (!isWellFormed(message)) throw new ProtocolError('A cell sent a malformed message.')
  }
  return value as FromCell[]
}

function isWellFormed(message: unknown): boolean {
  if (!Array.isArray(message)) return false
  const [type, ...fields] = message as unknown[]
  if (typeof type !== 'string' || !Object.hasOwn(FIELDS, type)) return false
  const checks = FIELDS[type as FromCell[0]]
  if (fields.length !== checks.length) return false
  return checks.every((check, index) => check(fields[index]))
}
