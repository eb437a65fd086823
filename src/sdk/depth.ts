import { ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Encoded } from '../protocol/value.ts'

/**
 * Commands encode themselves one by one, so only the finished whole shows how deep they were put together.
 *
 * @throws {ValueError} for more than 100 levels.
 */
export function requireDepth(encoded: Encoded, what: string): void {
  if (!fits(encoded, LIMITS.valueDepth)) {
    throw new ValueError(what, `The ${what} is nested more than ${LIMITS.valueDepth} levels deep.`)
  }
}

function fits(encoded: Encoded, levels: number): boolean {
  if (typeof encoded !== 'object' || encoded === null) return true
  return levels > 0 && Object.values(encoded).every(item => fits(item, levels - 1))
}
