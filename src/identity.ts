import type { FunctionConfig } from './function-config.ts'
import { GUEST_ROOT } from './protocol/bridge.ts'
import type { Caller } from './types.ts'

/** What every invocation of one deployment is told alike, as JSON text that the rest is added to. */
export interface IdentityTemplate {
  readonly contextHead: string
  readonly environmentHead: string
  readonly environHead: string
}

/** The name cloudlet's calls have in `SOURCE` when a function makes them. */
const FUNCTION_SOURCE = 'scf'
const CLIENT_SOURCE = 'wx_client'

/** A session's caller came through a client, with an openid or without. */
export function callerOfClient(caller: Caller): Caller {
  return { source: CLIENT_SOURCE, ...caller }
}

/** The same user, one function further: `wx_client` becomes `wx_client,scf` (wxcloud-spec §1.5). */
export function callerOfNested(caller: Caller): Caller {
  const source = sourceOf(caller)
  return { ...caller, source: source === undefined ? FUNCTION_SOURCE : `${source},${FUNCTION_SOURCE}` }
}

function sourceOf(caller: Caller): string | undefined {
  return caller.source ?? (caller.openid === undefined ? undefined : CLIENT_SOURCE)
}

/**
 * The event as the handler gets it. `userInfo` is the host's word: a direct call gets the caller's, or none;
 * in a nested call, where it may be a profile passed along, only its identity fields are taken out.
 */
export function identifyEvent(
  event: Readonly<Record<string, unknown>>,
  caller: Caller,
  isDirect: boolean,
): Record<string, unknown> {
  // A key named __proto__ would, copied by assignment, put a userInfo of its own behind ours.
  const { userInfo, ['__proto__']: _, ...rest } = event
  if (isDirect && caller.openid !== undefined) {
    return { ...rest, userInfo: { ...appIdOf(caller), openId: caller.openid } }
  }
  if (typeof userInfo !== 'object' || userInfo === null || Array.isArray(userInfo)) {
    return userInfo === undefined ? rest : { ...rest, userInfo }
  }
  const { openId, appId, openid, appid, unionId, unionid, ...profile } = userInfo as Record<string, unknown>
  return Object.keys(profile).length === 0 ? rest : { ...rest, userInfo: profile }
}

function appIdOf({ appid }: Caller): { appId?: string } {
  return appid === undefined ? {} : { appId: appid }
}

/** Made once per deployment: an invocation only adds what is its own (wxcloud-spec §1.4). */
export function makeIdentityTemplate(
  functionName: string,
  envId: string,
  config: FunctionConfig,
): IdentityTemplate {
  const context = {
    function_version: '$LATEST',
    function_name: functionName,
    time_limit_in_ms: config.timeoutMs,
    memory_limit_in_mb: config.memoryMb,
    namespace: envId,
  }
  const variables = { TCB_ENV: envId, TRIGGER_SRC: 'tcb' }
  const environment = {
    ...Object.fromEntries(Object.entries(config.environment).filter(([key]) => !isPlatformKey(key))),
    TENCENTCLOUD_RUNENV: 'SCF',
    TENCENTCLOUD_REGION: 'ap-shanghai',
    SCF_FUNCTIONNAME: functionName,
    SCF_NAMESPACE: envId,
    HOME: GUEST_ROOT,
    ...variables,
  }
  return {
    contextHead: JSON.stringify(context).slice(0, -1),
    environmentHead: JSON.stringify(environment).slice(0, -1),
    environHead: Object.entries(variables)
      .map(([key, value]) => `${key}=${value}`)
      .join(';'),
  }
}

/** Names the platform speaks through: a function's own variables can't use them. */
function isPlatformKey(key: string): boolean {
  return key.startsWith('WX_') || key.startsWith('TCB_')
}

/** The handler's `context` fields and `process.env` for one invocation, as JSON text (wxcloud-spec §1.4, §2.3). */
export function writeIdentity(
  template: IdentityTemplate,
  caller: Caller,
  requestId: string,
): { contextText: string; environmentText: string } {
  let environ = template.environHead
  let environmentText = template.environmentHead
  const add = (key: string, value: string | undefined): void => {
    if (value === undefined) return
    environ += `;${key}=${value}`
    environmentText += `,"${key}":${JSON.stringify(value)}`
  }
  const person: [key: string, value: string | undefined][] = [
    ['WX_OPENID', caller.openid],
    ['WX_APPID', caller.appid],
    ['WX_UNIONID', caller.unionid],
    ['WX_CLIENTIP', caller.clientIp],
  ]
  const known = person.filter(([, value]) => value !== undefined)
  for (const [key, value] of known) add(key, value)
  add('WX_CONTEXT_KEYS', known.map(([key]) => key).join(','))
  add('TCB_SEQID', requestId)
  add('TCB_SOURCE', sourceOf(caller))
  const contextText = `${template.contextHead},"request_id":"${requestId}","environ":${JSON.stringify(environ)}}`
  return { contextText, environmentText: `${environmentText}}` }
}
