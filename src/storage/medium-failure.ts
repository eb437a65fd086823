import { CloudletError, StorageError } from '../errors.ts'
import { errnoOf } from './durable-file.ts'

/** Turns errors of the medium, which name paths and addresses of the host, into ones a function may see. */
export async function guard<Result>(action: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    throw mediumFailure(action, error)
  }
}

export function mediumFailure(action: string, error: unknown): CloudletError {
  if (error instanceof CloudletError) return error
  const cause = error instanceof Error ? error.cause : undefined
  const reason = errnoOf(error) ?? errnoOf(cause) ?? 'unknown error'
  return new StorageError('STORAGE_REQUEST_FAIL', `The storage could not ${action} (${reason}).`, {
    cause: error,
  })
}
