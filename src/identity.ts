import type { FunctionConfig } from './function-config.ts'
import { type FixedIdentity, GUEST_ROOT, type GuestLimits } from './protocol/bridge.ts'
import type { Caller } from './types.ts'

/** What every invocation of one deployment is told alike. */
export interface IdentityTemplate {
  /** Crosses once per instance, as JSON text. */
  readonly fixedText: string
}

/** The name cloudlet's calls have in `SOURCE` when a function makes them. */
const FUNCTION_SOURCE = 'scf'
const CLIENT_SOURCE = 'wx_client'

/** Callers belong to the host's mini-program unless they say another. */
export function completeCaller(caller: Caller, appid: string | undefined): Caller {
  return appid === undefined ? caller : { appid, ...caller }
}

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
): Readonly<Record<string, unknown>> {
  const isPlain = !Object.hasOwn(event, 'userInfo') && !Object.hasOwn(event, '__proto__')
  const isUsers = isDirect && caller.openid !== undefined
  if (isPlain) return isUsers ? { ...event, userInfo: userInfoOf(caller) } : event
  // A key named __proto__ would, copied by assignment, put a userInfo of its own behind ours.
  const { userInfo, ['__proto__']: _, ...rest } = event
  if (isUsers) return { ...rest, userInfo: userInfoOf(caller) }
  if (typeof userInfo !== 'object' || userInfo === null || Array.isArray(userInfo)) {
    return userInfo === undefined ? rest : { ...rest, userInfo }
  }
  const { openId, appId, openid, appid, unionId, unionid, ...profile } = userInfo as Record<string, unknown>
  return Object.keys(profile).length === 0 ? rest : { ...rest, userInfo: profile }
}

function userInfoOf({ appid, openid }: Caller): object {
  return appid === undefined ? { openId: openid } : { appId: appid, openId: openid }
}

/** Made once per deployment: an invocation only adds what is its own (wxcloud-spec §1.4). */
export function makeIdentityTemplate(
  functionName: string,
  envId: string,
  config: FunctionConfig,
  { logLines, logChars, timers }: GuestLimits,
): IdentityTemplate {
  const fixed: FixedIdentity = {
    context: {
      function_version: '$LATEST',
      function_name: functionName,
      time_limit_in_ms: config.timeoutMs,
      memory_limit_in_mb: config.memoryMb,
      namespace: envId,
    },
    environment: {
      ...config.environment,
      TENCENTCLOUD_RUNENV: 'SCF',
      TENCENTCLOUD_REGION: 'ap-shanghai',
      SCF_FUNCTIONNAME: functionName,
      SCF_NAMESPACE: envId,
      HOME: GUEST_ROOT,
    },
    variables: { TCB_ENV: envId, TRIGGER_SRC: 'tcb' },
    limits: { logLines, logChars, timers },
  }
  return { fixedText: JSON.stringify(fixed) }
}

/** What was written last: those who call again and again are told by a session, whose caller stays the same object. */
let lastCaller: Caller | undefined
let lastText = ''

/** Who asks, as the environment variables of one invocation, in JSON text (wxcloud-spec §2.3). */
export function writeVariables(caller: Caller): string {
  if (caller !== lastCaller) {
    lastText = composeVariables(caller)
    lastCaller = caller
  }
  return lastText
}

function composeVariables(caller: Caller): string {
  const source = sourceOf(caller)
  const { openid, appid, unionid, clientIp } = caller
  let text = source === undefined ? '' : `,"TCB_SOURCE":${JSON.stringify(source)}`
  if (openid !== undefined) text += `,"WX_OPENID":${JSON.stringify(openid)}`
  if (appid !== undefined) text += `,"WX_APPID":${JSON.stringify(appid)}`
  if (unionid !== undefined) text += `,"WX_UNIONID":${JSON.stringify(unionid)}`
  if (clientIp !== undefined) text += `,"WX_CLIENTIP":${JSON.stringify(clientIp)}`
  return `{${text.slice(1)}}`
}
