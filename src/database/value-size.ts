import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/** Levels a value may reach while a pipeline builds it; what is stored or returned has `LIMITS.valueDepth`. */
const DEPTH = LIMITS.valueDepth * 2

/**
 * About how many bytes of memory a decoded value takes.
 *
 * @throws {DatabaseError} DATABASE_REQUEST_FAILED for a value nested too deep to be returned or compared.
 */
export function sizeOf(value: unknown, depth = 0): number {
  if (typeof value === 'string') return 16 + value.length * 2
  if (typeof value !== 'object' || value === null) return 8
  if (depth > DEPTH) {
    throw new DatabaseError(
      'DATABASE_REQUEST_FAILED',
      `The pipeline nests a value more than ${DEPTH} levels deep.`,
    )
  }
  let size = 32
  if (Array.isArray(value)) {
    for (const item of value) size += 8 + sizeOf(item, depth + 1)
    return size
  }
  // Names are shared between documents of one form.
  for (const name in value) size += 8 + sizeOf(Reflect.get(value, name), depth + 1)
  return size
}
