import { ValueError } from '../errors.ts'

/**
 * A result as JSON text.
 *
 * @throws {ValueError} for one nested so deep that writing it overflows the stack.
 */
export function writeResult(result: unknown): string {
  try {
    return JSON.stringify(result)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ValueError('result', `The result can't be made JSON: ${reason}`)
  }
}
