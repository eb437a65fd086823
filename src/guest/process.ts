import {
  CALLER_VARIABLES,
  type CallerVariables,
  type FixedIdentity,
  IDENTITY_VARIABLES,
  type IdentityVariable,
} from '../protocol/bridge.ts'
import { hrtime, uptime } from './clock.ts'
import {
  defineValue,
  ObjectAssign,
  ObjectDefineProperty,
  ObjectHasOwn,
  ObjectKeys,
  ReflectApply,
} from './intrinsics.ts'

type Variables = Readonly<Partial<Record<IdentityVariable, string | undefined>>>

/**
 * `process.env`: one object for the life of the instance, as in Node, so that a module may keep a reference.
 */
const environment: Record<string, string | undefined> = {}
/** Guest code's `process`. */
export const processObject: { env: Record<string, string | undefined> } & Record<string, unknown> = {
  env: environment,
}
let memoryMb = 0
let fixed: FixedIdentity['variables'] = {}
let caller: CallerVariables | undefined
/** Who asks; the request's id is each invocation's own. */
let values: Variables = valuesOf({}, {}, '')
/** `context.environ` before and after the request's id. */
let environHead = ''
let environTail = ''

/** What the function's memory may come to. */
export function memoryBytes(): number {
  return memoryMb * 1024 * 1024
}

/** The function's own variables, the platform's constant ones, and its memory: told once. */
export function setFixedIdentity({
  context,
  environment: own,
  variables,
}: Pick<FixedIdentity, 'context' | 'environment' | 'variables'>): void {
  memoryMb = context.memory_limit_in_mb as number
  fixed = variables
  caller = undefined
  const keys = ObjectKeys(own)
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string
    defineValue(environment, key, own[key])
  }
}

/**
 * Who asks, for the invocation that starts: what the last one was told, or the function wrote there, is gone. Returns
 * the same as `context.environ` has it.
 */
export function setIdentity(variables: CallerVariables, requestId: string): string {
  if (caller === undefined || !isSameCaller(variables, caller)) setCaller(variables)
  processObject.env = environment
  if (!isCallerTold(environment, values)) {
    for (let index = 0; index < IDENTITY_VARIABLES.length; index++) {
      const key = IDENTITY_VARIABLES[index] as IdentityVariable
      if (key !== 'TCB_SEQID') putBack(key, values[key])
    }
  }
  putBack('TCB_SEQID', requestId)
  return environHead + requestId + environTail
}

/** By name, which costs a tenth of a loop over the names. */
function isCallerTold(told: Variables, wanted: Variables): boolean {
  return (
    told.WX_OPENID === wanted.WX_OPENID &&
    told.WX_APPID === wanted.WX_APPID &&
    told.WX_UNIONID === wanted.WX_UNIONID &&
    told.WX_CLIENTIP === wanted.WX_CLIENTIP &&
    told.WX_CONTEXT_KEYS === wanted.WX_CONTEXT_KEYS &&
    told.TCB_SOURCE === wanted.TCB_SOURCE &&
    told.TCB_ENV === wanted.TCB_ENV &&
    told.TRIGGER_SRC === wanted.TRIGGER_SRC
  )
}

function putBack(key: IdentityVariable, value: string | undefined): void {
  if (value !== undefined && environment[key] === value) return
  const isThere = ObjectHasOwn(environment, key)
  if (value === undefined) {
    if (isThere) delete environment[key]
  } else {
    // Defining costs half a microsecond, so only where assigning does not do, since the function made it an accessor.
    if (isThere) environment[key] = value
    if (environment[key] !== value) defineValue(environment, key, value)
  }
}

function isSameCaller(one: CallerVariables, other: CallerVariables): boolean {
  if (one === other) return true
  for (let index = 0; index < CALLER_VARIABLES.length; index++) {
    const key = CALLER_VARIABLES[index] as (typeof CALLER_VARIABLES)[number]
    if (one[key] !== other[key]) return false
  }
  return one.TCB_SOURCE === other.TCB_SOURCE
}

function setCaller(variables: CallerVariables): void {
  caller = variables
  let names = ''
  for (let index = 0; index < CALLER_VARIABLES.length; index++) {
    const key = CALLER_VARIABLES[index] as (typeof CALLER_VARIABLES)[number]
    if (variables[key] !== undefined) names += names === '' ? key : `,${key}`
  }
  values = valuesOf(fixed, variables, names)
  writeEnviron()
}

function valuesOf(
  { TCB_ENV, TRIGGER_SRC }: FixedIdentity['variables'],
  { TCB_SOURCE, WX_APPID, WX_CLIENTIP, WX_OPENID, WX_UNIONID }: CallerVariables,
  names: string,
): Variables {
  return {
    TCB_ENV,
    TCB_SOURCE,
    TRIGGER_SRC,
    WX_APPID,
    WX_CLIENTIP,
    WX_CONTEXT_KEYS: names,
    WX_OPENID,
    WX_UNIONID,
  }
}

/** `K=V;K=V`, in the order of the names. */
function writeEnviron(): void {
  let written = ''
  for (let index = 0; index < IDENTITY_VARIABLES.length; index++) {
    const key = IDENTITY_VARIABLES[index] as IdentityVariable
    const value = values[key]
    if (key === 'TCB_SEQID') {
      environHead = `${written}${written === '' ? '' : ';'}${key}=`
      written = ';'
    } else if (value !== undefined) {
      written += written === '' || written === ';' ? `${key}=${value}` : `;${key}=${value}`
    }
  }
  environTail = written
}

/** Read at each use: the function may have changed it, and the next invocation has its own. */
export function currentEnvironment(): Readonly<Record<string, string | undefined>> {
  return processObject.env
}

/** Fills in what else Node's `process` has. */
export function completeProcess(queueMicrotask: (callback: unknown) => void, output: object): void {
  ObjectAssign(processObject, {
    argv: ['/usr/bin/node', '/var/user/index.js'],
    execArgv: [],
    pid: 1,
    platform: 'linux',
    arch: 'x64',
    title: 'node',
    // What the platform's older Node doesn't warn of.
    noDeprecation: true,
    version: 'v20.19.0',
    versions: { node: '20.19.0', openssl: '3.0.15', v8: '11.3.244.8-node.26', modules: '115' },
    release: { name: 'node', lts: 'Iron' },
    features: {},
    argv0: 'node',
    exitCode: undefined,
    hrtime,
    uptime,
    emit: () => false,
    listeners: () => [],
    listenerCount: () => 0,
    ...output,
    umask: () => 0o22,
    getuid: () => 0,
    getgid: () => 0,
    geteuid: () => 0,
    getegid: () => 0,
    cwd: () => '/var/user',
    nextTick: (callback: unknown, ...args: unknown[]) => {
      // What is no function it refuses.
      if (typeof callback !== 'function') queueMicrotask(callback)
      else queueMicrotask(() => ReflectApply(callback, undefined, args))
    },
    ...LISTENING,
  })
  // Packages tell by it whether they run in Node.
  void ObjectDefineProperty(processObject, Symbol.toStringTag, { value: 'process', configurable: true })
}

const LISTENING = {
  on: ignoreListener,
  once: ignoreListener,
  off: ignoreListener,
  addListener: ignoreListener,
  prependListener: ignoreListener,
  prependOnceListener: ignoreListener,
  removeListener: ignoreListener,
  removeAllListeners: ignoreListener,
  setMaxListeners: ignoreListener,
  getMaxListeners: () => 10,
  eventNames: () => [],
  rawListeners: () => [],
}

/** Process events never happen in an isolate: a listener for one is accepted and never called. */
function ignoreListener(this: unknown): unknown {
  return this
}
