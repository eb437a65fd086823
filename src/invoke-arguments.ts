import { InvalidOptionError, ValueError } from './errors.ts'
import { checkKnownOptions } from './known-options.ts'
import { CALLER_FIELDS, readCaller } from './transport/auth.ts'
import type { Caller } from './types.ts'

export interface InvokeOptions {
  /** Who asks. Each field is 1 to 256 characters without control characters. */
  readonly caller?: Caller
  /** Aborting it ends the invocation with `CLOUDLET_CANCELLED`. */
  readonly signal?: AbortSignal
}

export interface ResolvedInvokeOptions {
  readonly caller: Caller
  readonly signal: AbortSignal | undefined
}

const OPTIONS = ['caller', 'signal']
/** The same for all, which is cheaper to tell a function (identity.ts). */
const NOBODY: Caller = Object.freeze({})

/**
 * @throws {InvalidOptionError} for a name that is no text, and an option or field that is unknown or of the wrong type;
 * {ValueError} for an event that is no object.
 */
export function resolveInvocation(
  name: string,
  event: object,
  options: InvokeOptions,
): ResolvedInvokeOptions {
  if (typeof name !== 'string') throw new InvalidOptionError('name', 'The name of a function must be text.')
  if (typeof event !== 'object' || event === null || Array.isArray(event)) {
    throw new ValueError('event', 'The event must be an object.')
  }
  checkKnownOptions('options', options, OPTIONS)
  const { caller, signal } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new InvalidOptionError('signal', 'signal must be an AbortSignal, such as controller.signal.')
  }
  if (caller === undefined) return { caller: NOBODY, signal }
  // A misspelt openid would make a user an administrator.
  checkKnownOptions('caller', caller, CALLER_FIELDS)
  return { caller: readCaller('caller', caller), signal }
}
