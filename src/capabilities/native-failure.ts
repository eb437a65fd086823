import { randomFillSync } from 'node:crypto'
import { CloudletError } from '../errors.ts'
import type { Failure } from '../protocol/calls-shapes.ts'

/** Texts of OpenSSL and zlib are short; one with a part of the function's own arguments may not be. */
const MESSAGE_CHARS = 2048
const STACK_ENTRIES = 16
const FIELDS = ['code', 'errno', 'reason', 'library', 'function', 'opensslErrorStack'] as const

/**
 * What `run` answers, or, as a value, what the built-in module threw in it: the guest throws the same again. `run` is
 * to hold calls of the module alone, on checked arguments, so that no error of ours is taken for one of the function's.
 */
export async function attempt<Result extends object>(
  run: () => Result | Promise<Result>,
): Promise<Result | { failure: Failure }> {
  try {
    const running = run()
    forgetErrors()
    return await running
  } catch (error) {
    return { failure: failureOf(error) }
  } finally {
    forgetErrors()
  }
}

export function attemptSync<Result extends object>(run: () => Result): Result | { failure: Failure } {
  try {
    return run()
  } catch (error) {
    return { failure: failureOf(error) }
  } finally {
    forgetErrors()
  }
}

const scratch = new Uint8Array(1)

/**
 * Empties OpenSSL's list of errors of this thread. Some calls that fail leave theirs, and then the next key of somebody
 * else is refused for it; of those that empty the list, this is the cheapest.
 */
function forgetErrors(): void {
  randomFillSync(scratch)
}

/** An error of a built-in module as data, without its stack. One of ours is thrown on. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error) || error instanceof CloudletError) throw error
  const fields: Failure['fields'] = {}
  for (const key of FIELDS) {
    const value = (error as unknown as Record<string, unknown>)[key]
    if (typeof value === 'string') fields[key] = value.slice(0, MESSAGE_CHARS)
    else if (typeof value === 'number') fields[key] = value
    else if (Array.isArray(value)) {
      fields[key] = value.slice(0, STACK_ENTRIES).map(entry => String(entry).slice(0, MESSAGE_CHARS))
    }
  }
  return { name: error.name, message: error.message.slice(0, MESSAGE_CHARS), fields }
}
