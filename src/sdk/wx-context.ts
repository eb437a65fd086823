import { setField } from '../protocol/value.ts'
import { type Environment, readCurrentEnv } from './environment.ts'

/** Who calls, as the platform tells the function. Only the keys the platform lists are present. */
export interface WxContext {
  readonly OPENID?: string
  readonly APPID?: string
  readonly UNIONID?: string
  /** Environment id. */
  readonly ENV?: string
  /** `wx_client`, `scf`, … or a comma chain of them, outermost first. */
  readonly SOURCE?: string
  readonly CLIENTIP?: string
  readonly [key: string]: string | number | undefined
}

/** Secrets of the platform among the context keys. */
const HIDDEN_KEYS: readonly string[] = ['API_TOKEN', 'TRIGGER_API_TOKEN_V0']

/** `cloud.getWXContext()`: the keys named by WX_CONTEXT_KEYS without their prefix, then ENV and SOURCE. */
export function readWxContext(environment: Environment): WxContext {
  const context: Record<string, string | number> = {}
  for (const key of (environment['WX_CONTEXT_KEYS'] ?? '').split(',')) {
    const name = key.startsWith('WX_') ? key.slice(3) : key
    const value = key === '' ? undefined : environment[key]
    if (value !== undefined && !HIDDEN_KEYS.includes(name)) {
      setField(context, name, isNumeric(name, value) ? Number(value) : value)
    }
  }
  const env = readCurrentEnv(environment)
  if (env !== undefined) context['ENV'] = env
  if (environment['TCB_SOURCE']) context['SOURCE'] = environment['TCB_SOURCE']
  return context
}

/**
 * The platform turns numeric text into numbers. Identities are spared: real ones are never numeric, but
 * those of tests and simulators are, and must still equal the `_openid` of what they wrote.
 */
function isNumeric(name: string, value: string): boolean {
  return /^\d+$/.test(value) && !/(?:OPENID|APPID|UNIONID)$/.test(name)
}
