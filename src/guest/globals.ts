import {
  CALLER_VARIABLES,
  type FixedIdentity,
  IDENTITY_VARIABLES,
  type IdentityVariable,
  type InvokeMessage,
} from '../protocol/bridge.ts'
import { makeConsole } from './console.ts'
import { installStackTraces } from './errors.ts'
import { installGuards } from './guards.ts'
import {
  defineValue,
  ErrorCtor,
  ObjectAssign,
  ObjectDefineProperty,
  ObjectHasOwn,
  ObjectKeys,
  PromiseCtor,
  PromiseThen,
  ReflectApply,
  TypeErrorCtor,
} from './intrinsics.ts'
import { loadBuffer } from './lazy.ts'
import { defineBuiltin } from './require.ts'
import { installTimers } from './timers.ts'

export type IdentityVariables = Readonly<Record<IdentityVariable, string | undefined>>

/**
 * `process.env`: one object for the life of the instance, as in Node, so that a module may keep a reference.
 */
const environment: Record<string, string | undefined> = {}

/** The function's own variables, and the platform's constant ones: set once. */
export function setFixedEnvironment(values: Readonly<Record<string, string>>): void {
  const keys = ObjectKeys(values)
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string
    defineValue(environment, key, values[key])
  }
}

/**
 * Who asks, for the invocation that starts: what the last one was told, or the function wrote there, is gone. Returns
 * the variables as they now are.
 */
export function setIdentity(fixed: FixedIdentity['variables'], message: InvokeMessage): IdentityVariables {
  const variables = writeIdentity(fixed, message)
  for (let index = 0; index < IDENTITY_VARIABLES.length; index++) {
    const key = IDENTITY_VARIABLES[index] as IdentityVariable
    const value = variables[key]
    if (value === undefined) {
      if (ObjectHasOwn(environment, key)) delete environment[key]
    } else if (environment[key] !== value) {
      // Defining costs two microseconds, so only where assigning does not do, since the function made it an accessor.
      if (ObjectHasOwn(environment, key)) environment[key] = value
      if (environment[key] !== value) defineValue(environment, key, value)
    }
  }
  processObject.env = environment
  return variables
}

function writeIdentity(
  { TCB_ENV, TRIGGER_SRC }: FixedIdentity['variables'],
  { requestId, variables }: InvokeMessage,
): IdentityVariables {
  let keys = ''
  for (let index = 0; index < CALLER_VARIABLES.length; index++) {
    const key = CALLER_VARIABLES[index] as (typeof CALLER_VARIABLES)[number]
    if (variables[key] !== undefined) keys += keys === '' ? key : `,${key}`
  }
  const { TCB_SOURCE, WX_APPID, WX_CLIENTIP, WX_OPENID, WX_UNIONID } = variables
  return {
    TCB_ENV,
    TCB_SEQID: requestId,
    TCB_SOURCE,
    TRIGGER_SRC,
    WX_APPID,
    WX_CLIENTIP,
    WX_CONTEXT_KEYS: keys,
    WX_OPENID,
    WX_UNIONID,
  }
}

/** Read at each use: the function may have changed it, and the next invocation has its own. */
export function currentEnvironment(): Readonly<Record<string, string | undefined>> {
  return processObject.env
}

const processObject: { env: Record<string, string | undefined> } & Record<string, unknown> = {
  env: environment,
}

/** Puts on the global object what guest code expects of Node, in this order. */
export function installGlobals(target: Record<string, unknown>, report: (error: unknown) => void): void {
  const queueMicrotask = makeQueueMicrotask(report)
  installStackTraces()
  installGuards()
  define(target, 'global', target)
  define(target, 'console', makeConsole())
  ObjectAssign(processObject, makeProcess(queueMicrotask))
  define(target, 'process', processObject)
  defineLazily(target, 'Buffer', loadBuffer)
  define(target, 'TextEncoder', TextEncoder)
  define(target, 'TextDecoder', TextDecoder)
  define(target, 'atob', (text: unknown) => loadBuffer().from(String(text), 'base64').toString('latin1'))
  define(target, 'btoa', (text: unknown) => loadBuffer().from(String(text), 'latin1').toString('base64'))
  define(target, 'queueMicrotask', queueMicrotask)
  installTimers(target)
  defineBuiltin('buffer', () => ({ Buffer: loadBuffer(), SlowBuffer: loadBuffer(), kMaxLength: 0x7fffffff }))
  defineBuiltin('process', () => target.process)
  defineBuiltin('console', () => target.console)
  defineBuiltin('timers', () => {
    const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = target
    return { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate }
  })
}

function define(target: Record<string, unknown>, name: string, value: unknown): void {
  ObjectDefineProperty(target, name, { value, writable: true, configurable: true, enumerable: false })
}

/** A global made when it is first read; writing it before is as good. */
function defineLazily(target: Record<string, unknown>, name: string, make: () => unknown): void {
  ObjectDefineProperty(target, name, {
    get: () => {
      const value = make()
      defineValue(target, name, value)
      return value
    },
    set: value => defineValue(target, name, value),
    configurable: true,
    enumerable: false,
  })
}

function makeQueueMicrotask(report: (error: unknown) => void): (callback: unknown) => void {
  const settled = PromiseCtor.resolve()
  return callback => {
    if (typeof callback !== 'function') {
      throw new TypeErrorCtor('The "callback" argument must be of type function.')
    }
    void PromiseThen(settled, () => {
      try {
        callback()
      } catch (error) {
        report(error)
      }
    })
  }
}

function makeProcess(queueMicrotask: (callback: unknown) => void): Record<string, unknown> {
  return {
    argv: ['/usr/bin/node', '/var/user/index.js'],
    execArgv: [],
    pid: 1,
    platform: 'linux',
    arch: 'x64',
    title: 'node',
    version: 'v20.19.0',
    versions: { node: '20.19.0' },
    cwd: () => '/var/user',
    nextTick: (callback: unknown, ...args: unknown[]) => {
      if (typeof callback !== 'function') {
        throw new TypeErrorCtor('The "callback" argument must be of type function.')
      }
      queueMicrotask(() => ReflectApply(callback, undefined, args))
    },
    exit: () => {
      throw new ErrorCtor(
        'process.exit() is not offered to functions by this version of cloudlet. Return from the handler instead.',
      )
    },
    on: ignoreListener,
    once: ignoreListener,
    off: ignoreListener,
    removeListener: ignoreListener,
  }
}

/** Process events never happen in an isolate: a listener for one is accepted and never called. */
function ignoreListener(this: unknown): unknown {
  return this
}

/** UTF-8 only, as the platform's TextEncoder is. */
class TextEncoder {
  get encoding(): string {
    return 'utf-8'
  }

  encode(text: unknown = ''): Uint8Array {
    return new Uint8Array(loadBuffer().from(`${text}`, 'utf8'))
  }
}

class TextDecoder {
  get encoding(): string {
    return 'utf-8'
  }

  constructor(label: unknown = 'utf-8') {
    const name = `${label}`.toLowerCase()
    if (name !== 'utf-8' && name !== 'utf8') {
      throw new RangeError(
        `The "${name}" encoding is not offered to functions by this version of cloudlet; utf-8 is.`,
      )
    }
  }

  decode(bytes: Uint8Array | ArrayBuffer = new Uint8Array(0)): string {
    const view = ArrayBuffer.isView(bytes)
      ? loadBuffer().from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength)
      : loadBuffer().from(bytes)
    const start = view[0] === 0xef && view[1] === 0xbb && view[2] === 0xbf ? 3 : 0
    return view.toString('utf8', start)
  }
}
