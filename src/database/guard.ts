import vm from 'node:vm'
import { DatabaseError } from '../errors.ts'

/**
 * Runs a function and stops it after `limitMs`, even inside a regular expression or a function SQLite calls.
 * The thread and the open transaction go on; the caller rolls back what the function began.
 *
 * @throws {DatabaseError} DATABASE_REQUEST_FAILED when it was stopped.
 */
export function runBounded<Result>(limitMs: number, run: () => Result): Result {
  let outcome: { readonly result: Result } | undefined
  slot.run = () => {
    outcome = { result: run() }
  }
  try {
    SCRIPT.runInContext(CONTEXT, { timeout: limitMs })
  } catch (error) {
    if (isTimeout(error)) {
      throw new DatabaseError(
        'DATABASE_REQUEST_FAILED',
        `The request was stopped after ${limitMs / 1000} seconds. Simplify its regular expression, expression or ` +
          'geometry, or narrow the query so that fewer documents need it.',
      )
    }
    throw error
  } finally {
    slot.run = undefined
  }
  if (outcome === undefined) throw new Error('The bounded run ended without an outcome.')
  return outcome.result
}

/** The only way V8 offers to stop code on its own thread is a script with a timeout: this one calls back. */
const slot: { run: (() => void) | undefined } = { run: undefined }
const CONTEXT = vm.createContext({ run: () => slot.run?.() })
const SCRIPT = new vm.Script('run()')

/** The error belongs to the script's own context, so it is no instance of this one's Error. */
function isTimeout(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  )
}
