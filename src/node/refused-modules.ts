import { notOffered } from './not-offered.ts'
import type { MakeModule, Realm } from './realm.ts'

/** A module of Node's that a function can't have, in a shape that packages can load: what they call of it throws. */
interface RefusedModule {
  /** Why, and what to do instead. */
  readonly because: string
  readonly functions?: readonly string[]
  readonly classes?: readonly string[]
  /** What is true of it all the same: constants, and answers that say that nothing is there. */
  readonly values?: (realm: Realm) => object
}

const NO_PROCESSES =
  'a function has no processes of its own. Call another function with cloud.callFunction, or a service over HTTP'
const NO_THREADS =
  'an instance has one thread. Call another function with cloud.callFunction for work beside it'
const NO_UDP = 'functions have TCP connections only. Use net, tls, http or fetch'
const NO_HTTP2 = 'functions speak HTTP/1.1. Use https or fetch'
const NO_DEBUGGER = "a function can't be stopped or looked into from outside. Use console.log"
const NO_TERMINAL = 'a function has no terminal. Use console.log'
const NO_HEAP = "V8 is the host's. What an invocation used is in its result and in host.stats()"
const NO_FILES_TO_SQL = 'functions keep data in the database. Use cloud.database()'
const NO_TESTS = 'tests run beside a function, not in it. Run them with Node'
const NO_MACHINE_CODE = 'machine code can’t run in an isolate. Use a package in JavaScript or WebAssembly'
const NO_SYSTEM = 'there is no system for it to call. Use WebAssembly with imports of your own'

const REFUSED: Readonly<Record<string, RefusedModule>> = {
  child_process: {
    because: NO_PROCESSES,
    functions: ['exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync', '_forkChild'],
    classes: ['ChildProcess'],
  },
  cluster: {
    because: NO_PROCESSES,
    functions: ['fork', 'setupPrimary', 'setupMaster', 'disconnect'],
    classes: ['Worker'],
    values: ({ load }) =>
      Object.assign(new (load('events'))(), {
        isWorker: false,
        isMaster: true,
        isPrimary: true,
        workers: {},
        settings: {},
        SCHED_NONE: 1,
        SCHED_RR: 2,
        schedulingPolicy: 2,
      }),
  },
  dgram: { because: NO_UDP, functions: ['createSocket'], classes: ['Socket'] },
  http2: {
    because: NO_HTTP2,
    functions: [
      'connect',
      'createSecureServer',
      'createServer',
      'getDefaultSettings',
      'getPackedSettings',
      'getUnpackedSettings',
      'performServerHandshake',
    ],
    classes: ['Http2ServerRequest', 'Http2ServerResponse'],
    values: ({ constants }) => ({
      constants: constants('http2'),
      sensitiveHeaders: Symbol('nodejs.http2.sensitiveHeaders'),
    }),
  },
  inspector: inspectorModule(),
  'inspector/promises': inspectorModule(),
  repl: {
    because: NO_TERMINAL,
    functions: ['start', 'isValidSyntax'],
    classes: ['REPLServer', 'Recoverable'],
    values: ({ load }) => ({
      writer: load('internal/util/inspect').inspect,
      REPL_MODE_SLOPPY: Symbol('repl-sloppy'),
      REPL_MODE_STRICT: Symbol('repl-strict'),
    }),
  },
  trace_events: {
    because: NO_DEBUGGER,
    functions: ['createTracing'],
    values: () => ({ getEnabledCategories: () => undefined }),
  },
  v8: {
    because: NO_HEAP,
    functions: [
      ...['cachedDataVersionTag', 'deserialize', 'getCppHeapStatistics', 'getHeapCodeStatistics'],
      ...['getHeapSnapshot', 'getHeapSpaceStatistics', 'getHeapStatistics', 'isStringOneByteRepresentation'],
      ...['queryObjects', 'serialize', 'setFlagsFromString', 'setHeapProfileNearHeapLimit'],
      ...['setHeapSnapshotNearHeapLimit', 'startCpuProfile', 'startHeapProfile', 'stopCoverage'],
      ...['takeCoverage', 'writeHeapSnapshot'],
    ],
    classes: ['DefaultDeserializer', 'DefaultSerializer', 'Deserializer', 'GCProfiler', 'Serializer'],
    values: () => ({
      promiseHooks: refusing('v8.promiseHooks', NO_HEAP, [
        'createHook',
        'onAfter',
        'onBefore',
        'onInit',
        'onSettled',
      ]),
      startupSnapshot: {
        ...refusing('v8.startupSnapshot', NO_HEAP, [
          'addDeserializeCallback',
          'addSerializeCallback',
          'setDeserializeMainFunction',
        ]),
        isBuildingSnapshot: () => false,
      },
    }),
  },
  wasi: { because: NO_SYSTEM, classes: ['WASI'] },
  worker_threads: {
    because: NO_THREADS,
    functions: ['moveMessagePortToContext', 'postMessageToThread', 'receiveMessageOnPort'],
    classes: ['BroadcastChannel', 'MessageChannel', 'MessagePort', 'Worker'],
    values: () => ({
      ...threadFacts(),
      locks: refusing('worker_threads.locks', NO_THREADS, ['query', 'request']),
    }),
  },
  'node:ffi': {
    because: NO_MACHINE_CODE,
    functions: [
      ...['dlclose', 'dlopen', 'dlsym', 'exportArrayBuffer', 'exportArrayBufferView', 'exportBuffer'],
      ...['exportString', 'getCurrentEventLoop', 'getRawPointer', 'toArrayBuffer', 'toBuffer', 'toString'],
      ...[
        'Float32',
        'Float64',
        'Int8',
        'Int16',
        'Int32',
        'Int64',
        'Uint8',
        'Uint16',
        'Uint32',
        'Uint64',
      ].flatMap(type => [`get${type}`, `set${type}`]),
    ],
    classes: ['DynamicLibrary'],
    values: () => ({ suffix: 'so', types: {} }),
  },
  'node:sea': {
    because: 'a function is no executable. Read its files with fs',
    functions: ['getAsset', 'getAssetAsBlob', 'getAssetKeys', 'getRawAsset'],
    values: () => ({ isSea: () => false }),
  },
  'node:sqlite': {
    because: NO_FILES_TO_SQL,
    functions: ['backup'],
    classes: ['DatabaseSync', 'Session', 'StatementSync'],
    values: () => ({ constants: {} }),
  },
  'node:test/reporters': {
    because: NO_TESTS,
    functions: ['dot', 'junit', 'lcov', 'spec', 'tap'],
  },
}

function inspectorModule(): RefusedModule {
  const none = [
    'dataReceived',
    'dataSent',
    'loadingFailed',
    'loadingFinished',
    'requestWillBeSent',
    'responseReceived',
  ]
  return {
    because: NO_DEBUGGER,
    functions: ['open', 'waitForDebugger'],
    classes: ['Session'],
    values: ({ environment }) => ({
      url: () => undefined,
      close: () => {},
      console: environment.globals.console,
      Network: refusing('inspector.Network', NO_DEBUGGER, none),
      NetworkResources: refusing('inspector.NetworkResources', NO_DEBUGGER, ['put']),
      DOMStorage: {},
    }),
  }
}

/** What is true of the one thread there is. */
function threadFacts(): object {
  const data = new Map<unknown, unknown>()
  const marked = new WeakSet<object>()
  return {
    isMainThread: true,
    isInternalThread: false,
    parentPort: null,
    workerData: null,
    threadId: 0,
    threadName: '',
    resourceLimits: {},
    SHARE_ENV: Symbol.for('nodejs.worker_threads.SHARE_ENV'),
    getEnvironmentData: (key: unknown) => data.get(key),
    setEnvironmentData: (key: unknown, value: unknown) => {
      if (value === undefined) data.delete(key)
      else data.set(key, value)
    },
    // Nothing is ever sent anywhere, so a mark only needs to be remembered.
    markAsUncloneable: () => {},
    markAsUntransferable: (value: unknown) => {
      if (typeof value === 'object' && value !== null) marked.add(value)
    },
    isMarkedAsUntransferable: (value: unknown) =>
      typeof value === 'object' && value !== null && marked.has(value),
  }
}

/** `node:test` is a function that has the others as its properties. */
function makeTestModule(): object {
  const names = ['after', 'afterEach', 'before', 'beforeEach', 'describe', 'expectFailure', 'it', 'only']
  names.push('run', 'skip', 'suite', 'test', 'todo', 'getTestContext')
  const functions = refusing('test', NO_TESTS, names)
  return Object.assign(functions.test as object, functions, {
    assert: refusing('test.assert', NO_TESTS, ['register']),
    mock: refusing('test.mock', NO_TESTS, ['fn', 'getter', 'method', 'module', 'property', 'setter']),
    snapshot: refusing('test.snapshot', NO_TESTS, [
      'setDefaultSnapshotSerializers',
      'setResolveSnapshotPath',
    ]),
  })
}

/** Functions that throw, by name. */
function refusing(module: string, because: string, names: readonly string[]): Record<string, unknown> {
  const made: Record<string, unknown> = {}
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string
    const refuse = (): never => {
      throw notOffered(`${module}.${name}`, because)
    }
    made[name] = Object.defineProperty(refuse, 'name', { value: name, configurable: true })
  }
  return made
}

function refusingClass(module: string, name: string, because: string): unknown {
  const refuse = class {
    constructor() {
      throw notOffered(`${module}.${name}`, because)
    }
  }
  return Object.defineProperty(refuse, 'name', { value: name, configurable: true })
}

function makeRefused(name: string, { because, functions, classes, values }: RefusedModule): MakeModule {
  return realm => {
    const shown = name.replace(/^node:/, '')
    const module: Record<string, unknown> = { ...refusing(shown, because, functions ?? []) }
    for (const type of classes ?? []) module[type] = refusingClass(shown, type, because)
    return values === undefined ? module : Object.assign(values(realm), module)
  }
}

/** Modules of Node's that only say why they can't be had, by name; `node:` where Node insists on it. */
export const REFUSED_MODULES: Readonly<Record<string, MakeModule>> = {
  ...Object.fromEntries(Object.entries(REFUSED).map(([name, refused]) => [name, makeRefused(name, refused)])),
  'node:test': makeTestModule,
}
