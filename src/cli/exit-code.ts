import { CloudletError, type ErrorCode } from '../errors.ts'

/** What the `cloudlet` command exits with. */
export const EXIT_CODES = Object.freeze({
  ok: 0,
  /** The function failed, or the host did. */
  failed: 1,
  /** A bad argument, option, folder or JSON text. */
  usage: 2,
  /** No session with the host: nobody there, the login refused, or something else on that port. */
  unreachable: 3,
})

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES]

export function exitCodeOf(error: unknown): ExitCode {
  const code = error instanceof CloudletError ? error.code : undefined
  return (code && BY_ERROR[code]) ?? EXIT_CODES.failed
}

const BY_ERROR: Partial<Readonly<Record<ErrorCode, ExitCode>>> = Object.freeze({
  CLOUDLET_INVALID_OPTION: EXIT_CODES.usage,
  CLOUDLET_CONNECTION: EXIT_CODES.unreachable,
  CLOUDLET_PROTOCOL: EXIT_CODES.unreachable,
  CLOUDLET_UNAUTHENTICATED: EXIT_CODES.unreachable,
})
