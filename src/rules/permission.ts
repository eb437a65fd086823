import { PERMISSION_MODES, type PermissionMode } from '../types.ts'
import { RuleFault } from './fault.ts'
import { parseRule, type RuleNode, type RuleWords } from './syntax.ts'

/** What a client asks to do. */
export type Action = 'read' | 'create' | 'update' | 'delete'

/** A permission, read once. A rule that is true or false is left as it is. */
export type CompiledPermission =
  | { readonly kind: 'mode'; readonly mode: PermissionMode }
  | { readonly kind: 'rules'; readonly rules: Readonly<Record<Action, RuleNode | boolean>> }

const RULE_NAMES = ['read', 'write', 'create', 'update', 'delete'] as const

/** @throws {RuleFault} for what is no mode and no object of rules, naming the rule at fault. */
export function readPermission(permission: unknown, words: RuleWords): CompiledPermission {
  const mode = PERMISSION_MODES.find(known => known === permission)
  if (mode !== undefined) return { kind: 'mode', mode }
  if (!isPlainObject(permission)) {
    throw new RuleFault(
      `A permission is ${PERMISSION_MODES.join(', ')}, or an object of rules: { read, write }.`,
    )
  }
  const rules: Partial<Record<(typeof RULE_NAMES)[number], RuleNode | boolean>> = {}
  for (const [key, rule] of Object.entries(permission)) {
    const name = RULE_NAMES.find(known => known === key)
    if (name === undefined) {
      throw new RuleFault(
        `There is no rule ${JSON.stringify(key.slice(0, 40))}; the rules are ${RULE_NAMES.join(', ')}.`,
      )
    }
    if (rule !== undefined) rules[name] = readRule(name, rule, words)
  }
  const { read = false, write = false, create = write, update = write, delete: remove = write } = rules
  return { kind: 'rules', rules: { read, create, update, delete: remove } }
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

function readRule(name: string, rule: unknown, words: RuleWords): RuleNode | boolean {
  if (typeof rule === 'boolean') return rule
  if (typeof rule !== 'string') {
    throw new RuleFault(`The rule "${name}" must be true, false or an expression.`)
  }
  try {
    return parseRule(rule, words)
  } catch (error) {
    if (!(error instanceof RuleFault)) throw error
    throw new RuleFault(`In "${name}": ${error.message}`, { cause: error })
  }
}
