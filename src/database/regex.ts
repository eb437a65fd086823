import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/**
 * Compiles a pattern from a filter. What it costs to run is not bounded here: ops with patterns run under
 * `databasePatternMs` (guard.ts).
 *
 * @throws {DatabaseError} INVALID_PARAM for an invalid or oversized pattern, or options other than `imsu`.
 */
export function compileRegex(pattern: unknown, options: unknown): RegExp {
  if (typeof pattern !== 'string' || typeof options !== 'string') {
    throw new DatabaseError(
      'INVALID_PARAM',
      'A regular expression needs a pattern and options, both strings.',
    )
  }
  if (pattern.length > LIMITS.regexChars) {
    throw new DatabaseError(
      'INVALID_PARAM',
      `A regular expression may have ${LIMITS.regexChars} characters, not ${pattern.length}.`,
    )
  }
  // Global, sticky and indices are about the position in a subject; they mean nothing in a filter.
  const flags = options.replaceAll(/[gyd]/g, '')
  if (!/^[imsu]*$/.test(flags)) {
    throw new DatabaseError(
      'INVALID_PARAM',
      `Regular expression options are i, m, s and u, not "${options}".`,
    )
  }
  try {
    return new RegExp(pattern, flags)
  } catch (error) {
    throw new DatabaseError('INVALID_PARAM', error instanceof Error ? error.message : String(error), {
      cause: error,
    })
  }
}
