import type { Binding, Realm } from './realm.ts'

/** Which properties: the numbers are V8's. */
const ONLY_ENUMERABLE = 2
const SKIP_SYMBOLS = 16
const INDEX = /^(?:0|[1-9]\d{0,9})$/
/** A promise's state can't be seen from within JavaScript. */
const PENDING = 0

/** What Node asks V8 of values and frames, as far as JavaScript can tell. */
export function makeUtilBinding({ load, environment }: Realm): Binding {
  return {
    constants: {
      kPending: PENDING,
      kFulfilled: 1,
      kRejected: 2,
      kExiting: 0,
      kExitCode: 1,
      kHasExitCode: 2,
      ALL_PROPERTIES: 0,
      ONLY_WRITABLE: 1,
      ONLY_ENUMERABLE,
      ONLY_CONFIGURABLE: 4,
      SKIP_STRINGS: 8,
      SKIP_SYMBOLS,
      kDisallowCloneAndTransfer: 0,
      kTransferable: 1,
      kCloneable: 2,
    },
    privateSymbols: makePrivateSymbols(),
    shouldAbortOnUncaughtToggle: [0],
    getOwnNonIndexProperties,
    getPromiseDetails: () => [PENDING, undefined],
    getProxyDetails: () => undefined,
    getCallerLocation: () => undefined,
    previewEntries: (_value: object, isIterator?: boolean) => (isIterator === true ? [[], false] : []),
    getConstructorName,
    getExternalValue: () => 0n,
    isInsideNodeModules: () => false,
    getCallSites: () => [],
    isConstructor,
    guessHandleType: () => 'PIPE',
    toUSVString: (text: string) => text.toWellFormed(),
    sleep: (delayMs: number) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delayMs)
    },
    constructSharedArrayBuffer: (sizeBytes: number) => new SharedArrayBuffer(sizeBytes),
    arrayBufferViewHasBuffer: () => true,
    defineLazyProperties: (target: object, id: string, keys: readonly string[], enumerable = true) => {
      for (const key of keys) defineLazy(target, key, enumerable, () => load(id)[key])
    },
    WeakReference: StrongReference,
    parseEnv: (text: string) => load('internal/dotenv').parse(text),
    markPromiseAsHandled: (promise: Promise<unknown>) => {
      promise.catch(() => {})
    },
    getSystemErrorMessage: (code: number) => load('internal/util').getSystemErrorMessage(code),
    log: environment.log,
  }
}

/** Node's hidden symbols are ordinary ones here: V8's private ones are out of reach. */
function makePrivateSymbols(): Record<string, symbol> {
  const names = [
    'arrow_message_private_symbol',
    'contextify_context_private_symbol',
    'decorated_private_symbol',
    'transfer_mode_private_symbol',
    'host_defined_option_symbol',
    'js_transferable_wrapper_private_symbol',
    'entry_point_module_private_symbol',
    'entry_point_promise_private_symbol',
    'module_source_private_symbol',
    'module_export_names_private_symbol',
    'module_circular_visited_private_symbol',
    'module_export_private_symbol',
    'module_parent_private_symbol',
    'module_first_parent_private_symbol',
    'napi_type_tag',
    'napi_wrap',
    'untransferable_object_private_symbol',
    'exit_info_private_symbol',
    'promise_trace_id',
    'source_map_data_private_symbol',
  ]
  return Object.fromEntries(names.map(name => [name, Symbol(name)]))
}

function getOwnNonIndexProperties(value: object, filter: number): PropertyKey[] {
  return Reflect.ownKeys(value).filter(key => {
    if (typeof key === 'string' && INDEX.test(key) && Number(key) < 2 ** 32 - 1) return false
    return filter !== ONLY_ENUMERABLE || Object.prototype.propertyIsEnumerable.call(value, key)
  })
}

function getConstructorName(value: object): string {
  for (let holder: object | null = value; holder !== null; holder = Object.getPrototypeOf(holder)) {
    const made: unknown = Object.getOwnPropertyDescriptor(holder, 'constructor')?.value
    if (typeof made === 'function' && made.name !== '') return made.name
  }
  return 'Object'
}

function isConstructor(value: unknown): boolean {
  try {
    Reflect.construct(Object, [], value as new () => unknown)
    return true
  } catch {
    // It can't be a new.target: that is the answer.
    return false
  }
}

function defineLazy(target: object, key: string, enumerable: boolean, make: () => unknown): void {
  const settle = (value: unknown): void => {
    Object.defineProperty(target, key, { value, writable: true, configurable: true, enumerable })
  }
  Object.defineProperty(target, key, {
    configurable: true,
    enumerable,
    get() {
      const value = make()
      settle(value)
      return value
    },
    set: settle,
  })
}

/** Node's WeakReference for what it means to keep anyway. */
class StrongReference {
  readonly #target: unknown

  constructor(target: unknown) {
    this.#target = target
  }

  get(): unknown {
    return this.#target
  }

  incRef(): void {}

  decRef(): void {}
}
