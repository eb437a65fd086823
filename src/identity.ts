import type { FunctionConfig } from './function-config.ts'
import { GUEST_ROOT, type InvokeMessage } from './protocol/bridge.ts'
import type { Caller } from './types.ts'

/** What one invocation is told of itself and its caller. */
export interface InvocationIdentity {
  readonly functionName: string
  readonly requestId: string
  readonly envId: string
  readonly caller: Caller
  /** Called by a client or the embedder on a client's behalf, not by another function. */
  readonly isDirect: boolean
  readonly config: FunctionConfig
}

/** The name cloudlet's calls have in `SOURCE` when a function makes them. */
const FUNCTION_SOURCE = 'scf'
const CLIENT_SOURCE = 'wx_client'

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
  { caller, isDirect }: Pick<InvocationIdentity, 'caller' | 'isDirect'>,
): Record<string, unknown> {
  const { userInfo, ...rest } = event
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

/** `process.env` of one invocation (wxcloud-spec §1.4, §2.3): the function's own variables can't shadow identity. */
export function environmentOf(identity: InvocationIdentity): Record<string, string> {
  return {
    ...identity.config.environment,
    TENCENTCLOUD_RUNENV: 'SCF',
    TENCENTCLOUD_REGION: 'ap-shanghai',
    SCF_FUNCTIONNAME: identity.functionName,
    SCF_NAMESPACE: identity.envId,
    HOME: GUEST_ROOT,
    ...identityVariables(identity),
  }
}

function identityVariables({ caller, envId, requestId }: InvocationIdentity): Record<string, string> {
  const person: Record<string, string | undefined> = {
    WX_OPENID: caller.openid,
    WX_APPID: caller.appid,
    WX_UNIONID: caller.unionid,
    WX_CLIENTIP: caller.clientIp,
  }
  const known = Object.fromEntries(
    Object.entries(person).filter(([, value]) => value !== undefined),
  ) as Record<string, string>
  const source = sourceOf(caller)
  return {
    ...known,
    WX_CONTEXT_KEYS: Object.keys(known).join(','),
    TCB_ENV: envId,
    TCB_SEQID: requestId,
    ...(source === undefined ? undefined : { TCB_SOURCE: source }),
    TRIGGER_SRC: 'tcb',
  }
}

/** The platform's fields of the handler's `context` (wxcloud-spec §1.4). */
export function contextOf(identity: InvocationIdentity): InvokeMessage['context'] {
  return {
    function_version: '$LATEST',
    function_name: identity.functionName,
    time_limit_in_ms: identity.config.timeoutMs,
    memory_limit_in_mb: identity.config.memoryMb,
    request_id: identity.requestId,
    namespace: identity.envId,
    environ: Object.entries(identityVariables(identity))
      .map(([key, value]) => `${key}=${value}`)
      .join(';'),
  }
}
