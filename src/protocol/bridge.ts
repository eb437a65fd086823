import type { ErrorData, GuestFailure } from '../errors.ts'
import type { LogLevel } from '../types.ts'
import type { PlacePart } from './places.ts'

/**
 * What crosses between host and guest. Each crossing is one JSON array of messages and, beside it, the
 * byte buffers its messages refer to by index. The host sends one crossing at a time per isolate and
 * waits for the turn to end, so that V8 can let go of what it carried (native-notes/memory.md).
 *
 * A crossing may carry several `invoke` messages: the guest starts the first, and each of the others when every
 * microtask of the one before has run, if that is over by then. If not, the guest drops those of the crossing that it
 * has not started, and says so with `unstarted`. Of such crossings alone a bounded number may follow each other without
 * a pause.
 */
export type ToGuest =
  | InvokeMessage
  | { readonly type: 'reply'; readonly id: number; readonly value: unknown; readonly buffer?: number }
  | { readonly type: 'refuse'; readonly id: number; readonly error: ErrorData }
  /** A timer asked for with `wait` is due. */
  | { readonly type: 'wake' }
  /** The answer to `idle`, in a turn of its own: every microtask of the turn that said it has run. */
  | { readonly type: 'drained' }

export interface InvokeMessage {
  readonly type: 'invoke'
  readonly event: unknown
  /** What no invocation of this instance is told differently: only with its first. */
  readonly fixed?: FixedIdentity
  readonly requestId: string
  /**
   * Who asks, as the platform's environment variables; those it doesn't name are gone. Left out where those of
   * the invocation before it are the same: in the same crossing, or in one before, of which all are over.
   */
  readonly variables?: CallerVariables
}

export type CallerVariables = Readonly<Partial<Record<CallerVariable, string>>>

export interface FixedIdentity {
  /** Fields of the handler's second argument (wxcloud-spec §1.4), without `request_id` and `environ`. */
  readonly context: Readonly<Record<string, unknown>>
  /** `process.env`: the function's own variables and the platform's constant ones. */
  readonly environment: Readonly<Record<string, string>>
  /** Constant too, but put back at each invocation, whatever the function wrote there. */
  readonly variables: Readonly<Partial<Record<IdentityVariable, string>>>
  readonly limits: GuestLimits
}

/** What the runtime lets one invocation have. */
export interface GuestLimits {
  /** Lines and UTF-16 units written with `console.*` that are kept. */
  readonly logLines: number
  readonly logChars: number
  /** Timers set at once. */
  readonly timers: number
}

/** Names through which the platform tells who asks: the host's alone, also where it says nothing. */
export const IDENTITY_VARIABLES = [
  'TCB_ENV',
  'TCB_SEQID',
  'TCB_SOURCE',
  'TRIGGER_SRC',
  'WX_APPID',
  'WX_CLIENTIP',
  'WX_CONTEXT_KEYS',
  'WX_OPENID',
  'WX_UNIONID',
] as const
export type IdentityVariable = (typeof IDENTITY_VARIABLES)[number]

/** Those that say who asks, in the order in which `WX_CONTEXT_KEYS` lists what there is of them (wxcloud-spec §2.3). */
export const CALLER_VARIABLES = ['WX_OPENID', 'WX_APPID', 'WX_UNIONID', 'WX_CLIENTIP'] as const
/** `TCB_SOURCE` is the caller's too, and in no list. */
export type CallerVariable = (typeof CALLER_VARIABLES)[number] | 'TCB_SOURCE'

/**
 * How an invocation ended, unless it is said with `results`. `over`: as the message of that type, which then doesn't
 * come.
 */
export type Answer = (
  | { readonly type: 'done'; readonly result: unknown }
  /** The handler threw, rejected, or called back with an error. */
  | { readonly type: 'threw'; readonly failure: GuestFailure }
  /** The function's files threw while loading, or export no handler. */
  | { readonly type: 'unloadable'; readonly failure: GuestFailure }
  /** The handler's result can't cross. */
  | { readonly type: 'unsendable'; readonly path: string; readonly message: string }
) & { readonly over?: true }

export type ToHost =
  | Answer
  | {
      readonly type: 'call'
      readonly id: number
      readonly op: string
      readonly args: unknown
      readonly buffer?: number
      /**
       * The guest's thread waits for the answer, at its window: where that is among the buffers, the first time; then -1.
       */
      readonly window?: number
      /** Nothing waits for its answer once the invocation has answered; at the end it is given up. */
      readonly background?: true
    }
  /** The guest has read what the window held of the answer to call `id`, and waits for the rest. */
  | { readonly type: 'more'; readonly id: number }
  | { readonly type: 'log'; readonly level: LogLevel; readonly message: string; readonly timeMs: number }
  /** Wake me after so many milliseconds; null takes an earlier wish back. */
  | { readonly type: 'wait'; readonly afterMs: number | null }
  /** The handler returned nothing to wait for, and nothing is awaited from the host or set on a timer. */
  | { readonly type: 'idle' }
  /** The turn that the host's last crossing began, or the one before it if there are two, has said what it had to say. */
  | { readonly type: 'turned' }
  /**
   * The invocation under way, and those after it, completed with these, one each, and left nothing behind. `turned`: and
   * what the message of that name says.
   */
  | { readonly type: 'results'; readonly results: readonly unknown[]; readonly turned?: true }
  /** The invocation has answered and left nothing behind that it waits for. What follows is the next one's. */
  | { readonly type: 'over' }
  /** The function called `process.exit`: its thread goes no further, and the isolate is to be ended. */
  | { readonly type: 'exit' }
  /** So many invocations, those that crossed right after the one under way, were not started and never will be. */
  | { readonly type: 'unstarted'; readonly count: number }

/**
 * The window through which a host call is answered while the guest's thread waits: shared memory of so many bytes.
 * It begins with WINDOW_HEADER_BYTES of 32-bit integers: the state (0: the guest waits, 1: a piece of the answer is
 * there), the kind (1: reply, 2: refuse), the UTF-16 units of the answer's text and the bytes of its content and one, or
 * nothing if it has none. Then
 * come as many bytes as fit of both, one behind the other; the rest comes piece by piece, each asked for with `more`.
 */
export const WINDOW_BYTES = 64 * 1024
export const WINDOW_HEADER_BYTES = 16
export const WINDOW_REPLY = 1
export const WINDOW_REFUSE = 2

/** A deployment's code as the guest's module loader wants it: what the program script hands to `START`. */
export interface Program {
  /** Where the entry's `exports.main` is: `/var/user/index.js`. */
  readonly entry: string
  /** By absolute guest path. Pairs, not fields, so that V8 infers no function name from the key. */
  readonly modules: readonly (readonly [path: string, code: ModuleCode])[]
  /** What a literal `require(specifier)` in a file means: from path → specifier → path. */
  readonly resolutions: Resolutions
  /**
   * First line of each script module inside the program script, ascending, for stack traces, and where the file's own
   * lines are in the places, if the script was made from it.
   */
  readonly lines: readonly ProgramLine[]
  /** The loader for what CommonJS with literal names doesn't need: a body that returns the exports of guest/modules.ts. */
  readonly loader?: () => unknown
  /** What that loader knows: the meaning of `import`, names CommonJS files export, package.json of packages. */
  readonly imports?: Resolutions
  readonly names?: Readonly<Record<string, readonly string[]>>
  readonly packages?: Readonly<Record<string, PackageManifest>>
}

export type Resolutions = Readonly<Record<string, Readonly<Record<string, string>>>>
export type ProgramLine = readonly [line: number, path: string, part?: PlacePart]

/** What resolution reads of a package.json. */
export interface PackageManifest {
  readonly name?: unknown
  readonly main?: unknown
  readonly exports?: unknown
  readonly imports?: unknown
}

/**
 * A CommonJS wrapper, an ES module, the text of a JSON file, or the error that loading the file gives: what compiling
 * it said, or another of that name and code.
 */
export type ModuleCode =
  | ModuleWrapper
  | EsModuleCode
  | { readonly json: string }
  | { readonly syntaxError: string }
  | { readonly error: string; readonly code?: string; readonly name: string }

export interface EsModuleCode {
  /** Returns when the module has run, or a promise of that. Its parameter stands for `import` (src/program-text.ts). */
  readonly es: (imported: unknown) => unknown
  /** What it imports, in order; of what is built in with the names that it must have. */
  readonly needs: readonly (string | readonly string[])[]
  readonly waits?: true
}

export type ModuleWrapper = (
  exports: unknown,
  require: unknown,
  module: unknown,
  __filename: string,
  __dirname: string,
  /** Only where a file has `import(…)`. */
  imported?: unknown,
) => void

/** In the place of a crossing's number: the guest's thread stays in the isolate until that is ended. */
export const TO_THE_END = -1

/** The name of the functions that ES modules are, which stack traces leave out. */
export const ES_WRAPPER = 'cloudlet$module'
/** What the loader's own lines are in `Program.lines`: stack traces leave those frames out too. */
export const LOADER_PATH = ''

/** The script name of every program; stack traces replace it by the module's own file and line. */
export const PROGRAM_SCRIPT = 'cloudlet:program'
/** The script name of the guest runtime; stack traces leave its frames out. */
export const RUNTIME_SCRIPT = 'cloudlet:runtime'
/** The global that holds the guest's one callback, put there by the host; gone before user code runs. */
export const SEND = '__cloudletSend'
/** The global that holds the door in, which the host takes when it makes the isolate; gone before user code runs. */
export const DOOR = '__cloudletDoor'
/** The global that holds what runs all microtasks (isolate/snapshot-source.ts); gone once the runtime has taken it. */
export const MICROTASKS = '__cloudletMicrotasks'
/** The global the program script calls with its Program; gone before user code runs. */
export const START = '__cloudletStart'
/** The global that holds the program's places, if it has any (places.ts); gone before user code runs. */
export const PLACES = '__cloudletPlaces'
/** Globals that hold the sources of packages which the runtime evaluates at first use; gone before user code runs. */
export const PACKAGE_SOURCES = {
  sdk: '__cloudletSdk',
  node: '__cloudletNode',
  library: '__cloudletLibrary',
  request: '__cloudletRequest',
} as const
export type PackageName = keyof typeof PACKAGE_SOURCES
/**
 * The global that takes the exports of wx-server-sdk while a snapshot is made, for functions that require it; they come
 * with it evaluated. Gone once called, and before user code runs.
 */
export const PRELOAD_SDK = '__cloudletPreloadSdk'
/**
 * The global that evaluates parts of Node's library while a snapshot is made. It takes the exports of the package that
 * stands it up, the library's modules by name, and the names of what is to be evaluated. Gone once called,
 * and before user code runs.
 */
export const SNAPSHOT_NODE = '__cloudletSnapshotNode'
/** The global that tells the warm-up which kind of snapshot is in the making. */
export const WARM_UP_KIND = '__cloudletWarmUpKind'
/**
 * The global that makes a spare isolate ready ahead of need, and evaluates parts of Node's library in it, by names of
 * modules and globals: called before a function is in it. Gone before user code runs.
 */
export const PRELOAD_NODE = '__cloudletPreloadNode'
/** Where a function's folder appears to be mounted (wxcloud-spec §1.1). */
export const GUEST_ROOT = '/var/user'
