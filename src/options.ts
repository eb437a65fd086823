import { InvalidOptionError } from './errors.ts'
import type { InvocationReport } from './invocation.ts'
import { type CellOptions, checkIsolation, type Isolation } from './isolation.ts'
import { checkKnownOptions } from './known-options.ts'
import { LIMITS } from './limits.ts'
import { checkHostNetwork, type HostNetworkOptions } from './network-options.ts'
import { checkRanges } from './option-ranges.ts'
import { checkStorageOptions, type HostStorageOptions } from './storage-options.ts'
import { checkWechatHandlers, type WechatHandlers } from './wechat/handlers.ts'
import {
  type ResolvedWechatOptions,
  resolveWechatOptions,
  type WechatOptions,
} from './wechat/wechat-options.ts'

export interface FunctionHostOptions {
  /** Where database and files are kept. Omitted: in memory, gone with the process. */
  readonly dataDirectory?: string
  /**
   * The environment's id: in fileIDs, `getWXContext().ENV` and `DYNAMIC_CURRENT_ENV`.
   * @default 'local'
   */
  readonly envId?: string
  /** The mini-program's appid: in fileIDs, and given to callers who don't bring their own. Default: that of `wechat`. */
  readonly appid?: string
  /** WeChat, for the login of mini-programs' users and for its API. Without it, neither is there. */
  readonly wechat?: WechatOptions
  /** Answers of your own to what functions ask of WeChat: `openapi`, `cloudPay`, `getOpenData` and the signatures. */
  readonly wechatHandlers?: WechatHandlers
  /**
   * Where functions run: in V8 isolates of this process, or of child processes that are supervised, and replaced when a
   * function takes one down. `process` is for code you don't know: the README says when to choose which.
   * @default 'in-process'
   */
  readonly isolation?: Isolation
  /** Those processes, with `isolation: 'process'`. */
  readonly cells?: CellOptions
  /**
   * Heap one instance may use, in megabytes; "memorySize" in a function's config.json overrides it.
   *
   * A guide, not a wall: V8 may overshoot before it stops the guest (native-notes/memory.md). Over the limit
   * the invocation fails with `CLOUDLET_MEMORY_LIMIT` and the instance is recycled.
   *
   * @default 128
   */
  readonly memoryMb?: number
  /**
   * Wall-clock limit of one invocation, in milliseconds; "timeout" (seconds) in config.json overrides it.
   * @default 20000
   */
  readonly timeoutMs?: number
  /**
   * Time one invocation may use the CPU, across its awaits, in milliseconds; "cpuMs" in config.json overrides it.
   * Omitted: as long as its timeout.
   */
  readonly cpuMs?: number
  /**
   * Memory of all instances together, in megabytes, by measured heaps. Idle ones are evicted to stay below.
   * @default 1024
   */
  readonly memoryBudgetMb?: number
  /**
   * Instances alive at once. Each takes up to 13 of the 65,530 memory maps that Linux lets a process have; the host
   * refuses to go beyond them, whatever is set here.
   * @default 4000
   */
  readonly maxInstances?: number
  /**
   * Isolates made ahead of need, at most, so that a cold start only loads the function: one for the next cold start,
   * and as many more as there were cold starts in the last ten seconds. 0 switches them off.
   * @default 4
   */
  readonly spareIsolates?: number
  /**
   * Invocations running at once on the host; nested ones run in their caller's place.
   * @default 64
   */
  readonly maxConcurrency?: number
  /**
   * Instances of one function running at once, each with one invocation at a time; "concurrency" in config.json overrides it.
   * @default 20
   */
  readonly functionConcurrency?: number
  /**
   * Invocations waiting for a place at once; one more fails with `CLOUDLET_OVERLOADED`.
   * @default 1000
   */
  readonly maxQueued?: number
  /**
   * Host calls one invocation may make in all; one more fails with `CLOUDLET_VALUE`.
   * @default 10000
   */
  readonly maxHostCalls?: number
  /**
   * Megabytes of files and arguments that one invocation may send with them in all.
   * @default 256
   */
  readonly maxHostCallMb?: number
  /**
   * Lines of `console.*` kept for one invocation; the last one says that the rest was dropped.
   * @default 1000
   */
  readonly maxLogLines?: number
  /**
   * Characters of them together, in UTF-16 units.
   * @default 262144
   */
  readonly maxLogChars?: number
  /**
   * Timers an invocation may have set at once; one more is a RangeError.
   * @default 10000
   */
  readonly maxTimers?: number
  /**
   * Makes a missing collection at its first use, with a warning, instead of failing with -502005 as the real cloud does.
   * @default false
   */
  readonly autoCreateCollections?: boolean
  /**
   * Where functions may connect and how much they may receive, unless their deployment says otherwise: to public
   * addresses by default.
   */
  readonly network?: HostNetworkOptions
  /** Where files are kept and what they may take. */
  readonly storage?: HostStorageOptions
  /**
   * What happens at deploy with the packages in a function's package.json when it brings no node_modules: `auto` installs
   * them with npm, `offline` does so from npm's cache only, `never` takes what was installed before and runs nothing.
   * @default 'auto'
   */
  readonly install?: 'auto' | 'offline' | 'never'
  /**
   * Where they are kept; several hosts may share it. Omitted: `packages` in dataDirectory, and without one a temporary
   * folder that goes when the host is closed.
   */
  readonly packagesDirectory?: string
  /**
   * Time npm has for the packages of one function, in milliseconds.
   * @default 300000
   */
  readonly installTimeoutMs?: number
  /**
   * Megabytes they may take on disk.
   * @default 1024
   */
  readonly maxPackagesMb?: number
  /** Base of temp URLs, where the door is reached through a proxy: `https://api.example.com/cloudlet`. */
  readonly publicUrl?: string
  /** Hears of each finished invocation, before its caller does. */
  readonly onInvocation?: (report: InvocationReport) => void
  /** Hears what an operator should know and no caller is told. @default process.emitWarning */
  readonly onWarning?: (message: string) => void
  /** Hears the cause of each InternalError. @default process.emitWarning with the incident id and stack */
  readonly onInternalError?: (incidentId: string, cause: unknown) => void
}

type InstallMode = NonNullable<FunctionHostOptions['install']>
const INSTALL_MODES: readonly InstallMode[] = ['auto', 'offline', 'never']

/** Every default, once. */
export const DEFAULTS = Object.freeze({
  autoCreateCollections: false,
  envId: 'local',
  functionConcurrency: 20,
  install: 'auto' as InstallMode,
  installTimeoutMs: 300_000,
  isolation: 'in-process' as Isolation,
  maxConcurrency: 64,
  maxHostCallMb: 256,
  maxHostCalls: 10_000,
  maxInstances: 4000,
  maxLogChars: 262_144,
  maxLogLines: 1000,
  maxPackagesMb: 1024,
  maxQueued: 1000,
  maxTimers: 10_000,
  memoryBudgetMb: 1024,
  memoryMb: 128,
  spareIsolates: 4,
  timeoutMs: 20_000,
})

export type ResolvedOptions = Readonly<
  typeof DEFAULTS &
    Omit<FunctionHostOptions, keyof typeof DEFAULTS | 'wechat'> & {
      envId: string
      wechat?: ResolvedWechatOptions
    }
>

/** Whole numbers and their ranges, both ends included. */
const RANGES: Readonly<Record<string, readonly [min: number, max: number]>> = {
  cpuMs: [1, 900_000],
  functionConcurrency: [1, 1000],
  installTimeoutMs: [1, 3_600_000],
  maxConcurrency: [1, 10_000],
  maxHostCallMb: [1, 1_048_576],
  maxHostCalls: [0, 1_000_000_000],
  maxInstances: [1, 100_000],
  maxLogChars: [0, LIMITS.logChars],
  maxLogLines: [0, 100_000],
  maxPackagesMb: [1, 1_048_576],
  maxQueued: [0, 1_000_000],
  maxTimers: [1, 100_000],
  memoryBudgetMb: [16, 1_048_576],
  memoryMb: [8, 4096],
  spareIsolates: [0, 64],
  timeoutMs: [1, 900_000],
}

const STRINGS = ['dataDirectory', 'envId', 'appid', 'packagesDirectory', 'publicUrl'] as const
const FUNCTIONS = ['onInvocation', 'onWarning', 'onInternalError'] as const
const KNOWN: readonly string[] = [
  ...Object.keys(DEFAULTS),
  'cells',
  'cpuMs',
  'network',
  'storage',
  'wechat',
  'wechatHandlers',
  ...STRINGS,
  ...FUNCTIONS,
]

/** @throws {InvalidOptionError} for an unknown option, a wrong type, or a number out of range. Nothing is coerced. */
export function resolveOptions(given: FunctionHostOptions): ResolvedOptions {
  checkKnownOptions('options', given, KNOWN)
  const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const wechat = given.wechat === undefined ? {} : { wechat: resolveWechatOptions(given.wechat) }
  const options: ResolvedOptions = {
    ...DEFAULTS,
    ...(wechat.wechat && { appid: wechat.wechat.appid }),
    ...defined,
    ...wechat,
  }
  checkRanges('', options, RANGES)
  if (options.network !== undefined) checkHostNetwork(options.network)
  if (options.storage !== undefined) checkStorageOptions(options.storage)
  if (options.wechatHandlers !== undefined) checkWechatHandlers(options.wechatHandlers)
  checkIsolation(options.isolation, options.cells)
  for (const key of STRINGS) checkType(key, options[key], 'string')
  for (const key of FUNCTIONS) checkType(key, options[key], 'function')
  checkType('autoCreateCollections', options.autoCreateCollections, 'boolean')
  if (!INSTALL_MODES.includes(options.install)) {
    throw new InvalidOptionError('install', `install is one of ${INSTALL_MODES.join(', ')}.`)
  }
  if (!/^[A-Za-z0-9][\w-]{0,63}$/.test(options.envId)) {
    throw new InvalidOptionError(
      'envId',
      'envId has 1 to 64 letters, digits, - or _, and starts with a letter or digit.',
    )
  }
  return Object.freeze(options)
}

function checkType(key: string, value: unknown, type: 'string' | 'function' | 'boolean'): void {
  if (value !== undefined && typeof value !== type) {
    throw new InvalidOptionError(
      key,
      `${key} must be a ${type}, not ${value === null ? 'null' : typeof value}.`,
    )
  }
}
