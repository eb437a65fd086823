import { DatabaseError } from '../errors.ts'
import { PERMISSION_MODES, type Permission, type PermissionMode } from '../types.ts'
import { isDocument } from './document.ts'
import { parseRule, type RuleNode } from './rule-syntax.ts'

/** What a client asks to do. */
export type Action = 'read' | 'create' | 'update' | 'delete'

/** A collection's permission, read once. A rule that is true or false is left as it is. */
export type CompiledPermission =
  | { readonly kind: 'mode'; readonly mode: PermissionMode }
  | { readonly kind: 'rules'; readonly rules: Readonly<Record<Action, RuleNode | boolean>> }

/** What a collection has until it is given another (wxcloud-spec §3.7). */
export const DEFAULT_PERMISSION: Permission = 'PRIVATE'

const RULE_NAMES = ['read', 'write', 'create', 'update', 'delete'] as const

/** @throws {DatabaseError} INVALID_PARAM for what is no mode and no object of rules, naming the rule at fault. */
export function compilePermission(permission: unknown): CompiledPermission {
  const mode = PERMISSION_MODES.find(known => known === permission)
  if (mode !== undefined) return { kind: 'mode', mode }
  if (!isDocument(permission)) {
    throw new DatabaseError(
      'INVALID_PARAM',
      `A permission is ${PERMISSION_MODES.join(', ')}, or an object of rules: { read, write }.`,
    )
  }
  const rules: Partial<Record<(typeof RULE_NAMES)[number], RuleNode | boolean>> = {}
  for (const [key, rule] of Object.entries(permission)) {
    const name = RULE_NAMES.find(known => known === key)
    if (name === undefined) {
      throw new DatabaseError(
        'INVALID_PARAM',
        `There is no rule ${JSON.stringify(key.slice(0, 40))}; the rules are ${RULE_NAMES.join(', ')}.`,
      )
    }
    if (rule !== undefined) rules[name] = compileRule(name, rule)
  }
  const { read = false, write = false, create = write, update = write, delete: remove = write } = rules
  return { kind: 'rules', rules: { read, create, update, delete: remove } }
}

function compileRule(name: string, rule: unknown): RuleNode | boolean {
  if (typeof rule === 'boolean') return rule
  if (typeof rule !== 'string') {
    throw new DatabaseError('INVALID_PARAM', `The rule "${name}" must be true, false or an expression.`)
  }
  try {
    return parseRule(rule)
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    throw new DatabaseError(error.reason, `In "${name}": ${error.message}`, { cause: error })
  }
}
