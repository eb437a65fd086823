import type { Binding, MakeBinding, Realm } from './realm.ts'

const nothing = (): undefined => undefined

/** Symbols under which Node's modules keep things on objects. */
function makeSymbolsBinding(): Binding {
  const names = [
    'fs_use_promises_symbol',
    'async_id_symbol',
    'constructor_key_symbol',
    'handle_onclose',
    'owner_symbol',
    'onpskexchange',
    'resource_symbol',
    'trigger_async_id_symbol',
    'vm_dynamic_import_default_internal',
    'vm_dynamic_import_main_context_default',
    'vm_dynamic_import_missing_flag',
    'vm_dynamic_import_no_callback',
    'vm_context_no_contextify',
    'messaging_deserialize_symbol',
    'messaging_transfer_symbol',
    'messaging_clone_symbol',
    'messaging_transfer_list_symbol',
    'oninit',
    'no_message_symbol',
    'imported_cjs_symbol',
    'entry_point_promise_private_symbol',
    'source_text_module_default_hdo',
  ]
  const symbols = Object.fromEntries(names.map(name => [name, Symbol(name)]))
  // Node's JavaScript knows some of them by shorter names.
  return { ...symbols, handle_onclose_symbol: symbols.handle_onclose, oninit_symbol: symbols.oninit }
}

/** Nobody watches asynchronous resources: ids are given, hooks are never called. */
function makeAsyncWrapBinding(): Binding {
  return {
    setupHooks: nothing,
    setCallbackTrampoline: nothing,
    registerDestroyHook: nothing,
    async_hook_fields: new Uint32Array(10),
    async_id_fields: new Float64Array(10),
    async_ids_stack: new Float64Array(32),
    execution_async_resources: [],
    constants: {
      kInit: 0,
      kBefore: 1,
      kAfter: 2,
      kDestroy: 3,
      kPromiseResolve: 4,
      kTotals: 5,
      kCheck: 6,
      kStackLength: 7,
      kUsesExecutionAsyncResource: 8,
      kExecutionAsyncId: 0,
      kTriggerAsyncId: 1,
      kAsyncIdCounter: 2,
      kDefaultTriggerAsyncId: 3,
    },
    pushAsyncContext: nothing,
    popAsyncContext: () => false,
    clearAsyncIdStack: nothing,
    executionAsyncResource: nothing,
    setPromiseHooks: nothing,
    getPromiseHooks: () => [undefined, undefined, undefined, undefined],
    Providers: {},
  }
}

/**
 * What goes along with a chain of callbacks. It is lost at `await`, which V8 lets nobody follow, and at the end of an
 * invocation: what `enterWith` was given in one is nothing of the next one's.
 */
function makeAsyncContextBinding({ environment }: Realm): Binding {
  let frame: unknown
  environment.onInvocationStart(() => {
    frame = undefined
  })
  return {
    getContinuationPreservedEmbedderData: () => frame,
    setContinuationPreservedEmbedderData: (value: unknown) => {
      frame = value
    },
  }
}

function makeErrorsBinding({ environment }: Realm): Binding {
  return {
    exitCodes: { kNoFailure: 0, kGenericUserError: 1 },
    noSideEffectsToString: String,
    triggerUncaughtException: environment.report,
    setPrepareStackTraceCallback: nothing,
    setGetSourceMapErrorSource: nothing,
    setSourceMapsEnabled: nothing,
    setMaybeCacheGeneratedSourceMap: nothing,
    setEnhanceStackForFatalException: nothing,
  }
}

/** Bindings that are constants, or have nothing to do here. */
export const PLAIN_BINDINGS: Readonly<Record<string, MakeBinding>> = {
  symbols: makeSymbolsBinding,
  async_wrap: makeAsyncWrapBinding,
  async_context_frame: makeAsyncContextBinding,
  errors: makeErrorsBinding,
  constants: realm => {
    const constants = realm.constants('constants')
    for (const group of Object.values(constants)) Object.setPrototypeOf(group, null)
    // The text they come from is JSON, which has no such number.
    constants.zlib.Z_MAX_CHUNK = Number.POSITIVE_INFINITY
    return constants
  },
  config: () => ({
    bits: 64,
    hasDtrace: false,
    hasInspector: false,
    hasIntl: false,
    hasNodeOptions: false,
    hasOpenSSL: true,
    hasCrypto: true,
    hasTracing: false,
    isDebugBuild: false,
    noBrowserGlobals: false,
    fipsMode: false,
  }),
  task_queue: ({ environment }) => ({
    enqueueMicrotask: environment.queueMicrotask,
    runMicrotasks: nothing,
    setTickCallback: nothing,
    tickInfo: new Int32Array(4),
    promiseRejectEvents: {},
    setPromiseRejectCallback: nothing,
  }),
  trace_events: () => ({
    available: false,
    trace: nothing,
    isTraceCategoryEnabled: () => false,
    setTraceCategoryStateUpdateHandler: nothing,
    getCategoryEnabledBuffer: () => new Uint8Array(1),
  }),
  diagnostics_channel: () => ({
    linkNativeChannel: nothing,
    getOrCreateChannelIndex: () => 0,
    subscribers: [],
  }),
  mksnapshot: () => ({ isBuildingSnapshotBuffer: [0] }),
  permission: () => ({ has: () => true }),
  url_pattern: () => ({ URLPattern: undefined }),
  /** Its own timers a function has without it (module-timers.ts). */
  timers: ({ environment }) => ({ getLibuvNow: () => Date.now() - environment.startMs() }),
  inspector: () => ({}),
  profiler: () => ({}),
}
