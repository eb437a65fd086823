import { CloudletError, NetworkError } from '../errors.ts'

/** What Node says of itself in the errors of sockets, resolvers and TLS. */
interface NodeError extends Error {
  readonly code?: unknown
  readonly errno?: unknown
  readonly syscall?: unknown
  readonly library?: unknown
  readonly reason?: unknown
}

/** An error of Node's as one that may cross: code and message as Node has them. Anything else stays as it is. */
export function toNetworkError(error: unknown): unknown {
  if (error instanceof CloudletError) return error
  const { code, message, syscall, library, reason } = error as NodeError
  if (!(error instanceof Error) || typeof code !== 'string') return error
  return new NetworkError(
    code,
    // OpenSSL puts the number of a thread and a line of its source before what it says.
    message
      .replace(/[0-9A-F]{8,16}:error:/g, 'error:')
      .replace(/:\.\.\/[^\s:]+:\d+:/g, ':')
      .trim(),
    {
      ...(typeof syscall === 'string' ? { syscall } : {}),
      ...(typeof library === 'string' ? { library } : {}),
      ...(typeof reason === 'string' ? { opensslReason: reason } : {}),
    },
    { cause: error },
  )
}
