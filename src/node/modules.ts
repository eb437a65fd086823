import { makeInternalTimers, makeTimers, makeTimersPromises } from './module-timers.ts'
import { makeTty } from './module-tty.ts'
import { makeVm } from './module-vm.ts'
import { makeZip } from './module-zip.ts'
import type { MakeModule, Realm } from './realm.ts'
import { REFUSED_MODULES } from './refused-modules.ts'

/** Command-line options that Node's modules ask for, and their defaults; all others are off. */
const OPTIONS: Readonly<Record<string, unknown>> = {
  '--async-context-frame': true,
  '--max-http-header-size': 16 * 1024,
  '--network-family-autoselection': true,
  '--network-family-autoselection-attempt-timeout': 250,
  '--stack-trace-limit': 10,
  '--dns-result-order': 'verbatim',
  '--unhandled-rejections': 'throw',
  '--tls-min-v1.2': true,
}

/** Modules of ours in the place of Node's: parts of the process that a function has differently, or not at all. */
export const MODULES: Readonly<Record<string, MakeModule>> = {
  ...REFUSED_MODULES,
  tty: makeTty,
  vm: makeVm,
  timers: makeTimers,
  'timers/promises': makeTimersPromises,
  'internal/timers': makeInternalTimers,
  'internal/zip': makeZip,
  'internal/options': ({ constants }) => ({
    getOptionValue: (name: string) =>
      name === '--tls-cipher-list'
        ? constants('constants').crypto.defaultCoreCipherList
        : (OPTIONS[name] ?? false),
    getAllowUnauthorized: () => false,
    getEmbedderOptions: () => ({}),
    refreshOptions: () => {},
  }),
  'internal/bootstrap/realm': ({ binding }) => ({
    BuiltinModule: {
      exists: (name: string) => name.startsWith('internal/'),
      canBeRequiredByUsers: () => false,
      canBeRequiredByUsersWithoutScheme: () => false,
      getSchemeOnlyModuleNames: () => [],
    },
    internalBinding: binding,
  }),
  'internal/v8/startup_snapshot': () => ({
    namespace: { isBuildingSnapshot: () => false },
    isBuildingSnapshot: () => false,
    addSerializeCallback: () => {},
    addAfterUserSerializeDeserializeSnapshot: () => {},
    addDeserializeCallback: () => {},
    runDeserializeCallbacks: () => {},
  }),
  'internal/process/task_queues': ({ environment }) => ({
    nextTick: environment.process.nextTick,
    queueMicrotask: environment.queueMicrotask,
    runNextTicks: () => {},
  }),
  'internal/worker/js_transferable': makeTransferable,
  'internal/worker/io': makeMessagePorts,
  'internal/worker': () => ({ isMainThread: true, isInternalThread: false, threadId: 0 }),
  'internal/trace_events': () => ({
    traceBegin: () => {},
    traceEnd: () => {},
    trace: () => {},
    categoryEnabledChecker: () => () => false,
    nodeTraceEventCategory: (name: string) => name,
  }),
  'internal/trace_events_async_hooks': () => ({}),
  'internal/source_map/source_map_cache': () => ({ findSourceMap: () => undefined }),
  'internal/modules/helpers': ({ load }) => ({
    urlToFilename: (url: string) => (url.startsWith('file:') ? load('internal/url').fileURLToPath(url) : url),
    getRequireStack: () => [],
  }),
  'internal/process/per_thread': ({ environment }) => ({ platform: environment.process.platform }),
  'internal/process/warning': ({ environment }) => ({
    emitWarning: environment.process.emitWarning,
    emitWarningSync: environment.process.emitWarning,
  }),
}

function makeTransferable(realm: Realm): object {
  return {
    setup: () => {},
    markTransferMode: () => {},
    structuredClone: (value: unknown, options?: { transfer?: Iterable<unknown> }) =>
      realm.binding('messaging').structuredClone(value, options),
    kClone: Symbol('kClone'),
    kDeserialize: Symbol('kDeserialize'),
    kTransfer: Symbol('kTransfer'),
    kTransferList: Symbol('kTransferList'),
  }
}

/** There are no other threads to send to. */
function makeMessagePorts({ load }: Realm): object {
  const refuse = (name: string): (new () => object) =>
    class {
      constructor() {
        throw new (load('internal/errors').codes.ERR_METHOD_NOT_IMPLEMENTED)(`new ${name}()`)
      }
    }
  return {
    MessageChannel: refuse('MessageChannel'),
    MessagePort: refuse('MessagePort'),
    BroadcastChannel: refuse('BroadcastChannel'),
  }
}
