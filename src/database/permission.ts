import { DatabaseError } from '../errors.ts'
import { RuleFault } from '../rules/fault.ts'
import { type CompiledPermission, readPermission } from '../rules/permission.ts'
import type { RuleWords } from '../rules/syntax.ts'
import type { Permission } from '../types.ts'

/** What a collection has until it is given another (wxcloud-spec §3.7). */
export const DEFAULT_PERMISSION: Permission = 'PRIVATE'

const WORDS: RuleWords = { variables: ['auth', 'doc', 'request', 'now'], hasGet: true }

/** @throws {DatabaseError} INVALID_PARAM for what is no mode and no object of rules, naming the rule at fault. */
export function compilePermission(permission: unknown): CompiledPermission {
  try {
    return readPermission(permission, WORDS)
  } catch (error) {
    if (!(error instanceof RuleFault)) throw error
    throw new DatabaseError('INVALID_PARAM', error.message, { cause: error })
  }
}
