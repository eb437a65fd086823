/**
 * The built-ins the runtime uses after user code has run, captured before it runs. User code may replace
 * any global or prototype method; the runtime must neither break nor hand its own values to a replacement.
 * So the runtime's own files loop by index (iterators can be replaced) and call through these.
 */
const { apply, construct } = Reflect

type Method<This, Args extends readonly unknown[], Result> = (this: This, ...args: Args) => Result

/** `uncurry(String.prototype.slice)(text, 1)` is `text.slice(1)` whatever the prototype has become. */
const uncurry = Function.prototype.bind.bind(Function.prototype.call) as unknown as <
  This,
  Args extends readonly unknown[],
  Result,
>(
  method: Method<This, Args, Result>,
) => (self: This, ...args: Args) => Result

export const ReflectApply = apply
export const ReflectConstruct = construct as (
  target: object,
  args: ArrayLike<unknown>,
  newTarget: object,
) => object
export const FunctionHasInstance = uncurry(Function.prototype[Symbol.hasInstance]) as (
  self: object,
  value: unknown,
) => boolean
export const ProxyCtor = Proxy
export const ReflectGet = Reflect.get as (target: object, key: string) => unknown
export const ArrayIsArray: (value: unknown) => boolean = Array.isArray
export const ArrayIncludes = uncurry(Array.prototype.includes) as (
  self: readonly unknown[],
  value: unknown,
) => boolean
export const JSONParse = JSON.parse as (text: string) => unknown
export const JSONStringify = JSON.stringify as (value: unknown) => string | undefined
export const DateNow = Date.now
export const BigIntCtor = BigInt
export const MathFloor = Math.floor
export const MathMax = Math.max
export const MathMin = Math.min
export const MathTrunc = Math.trunc
export const NumberIsNaN = Number.isNaN
export const ObjectCreate = Object.create as (prototype: object | null) => Record<string, unknown>
export const ObjectAssign = Object.assign as <T extends object>(target: T, source: object) => T
export const ObjectKeys = Object.keys as (value: object) => string[]
export const ObjectDefineProperty = Object.defineProperty
export const ObjectGetOwnPropertyDescriptor = Object.getOwnPropertyDescriptor
export const ObjectGetOwnPropertySymbols = Object.getOwnPropertySymbols
export const ObjectGetPrototypeOf = Object.getPrototypeOf as (value: object) => object | null
export const ObjectHasOwn = Object.hasOwn
export const FunctionCtor = Function as unknown as (body: string) => () => unknown
export const ErrorCtor = Error
export const TypeErrorCtor = TypeError
export const RangeErrorCtor = RangeError
export const SyntaxErrorCtor = SyntaxError
export const PromiseCtor = Promise
export const ObjectPreventExtensions: (value: object) => object = Object.preventExtensions
export const SymbolToStringTag: typeof Symbol.toStringTag = Symbol.toStringTag
export const EncodeURI = encodeURI
export const DecodeURIComponent = decodeURIComponent
export const Uint8ArrayCtor = Uint8Array
export const ArrayBufferCtor = ArrayBuffer
export const Int32ArrayCtor = Int32Array
export const Uint16ArrayCtor = Uint16Array
export const TypedArraySet = uncurry(Uint8Array.prototype.set) as (
  self: Uint8Array,
  source: ArrayLike<number>,
  offset?: number,
) => void
export const TypedArraySubarray = uncurry(Uint8Array.prototype.subarray) as unknown as <View>(
  self: View,
  start: number,
  end?: number,
) => View
export const AtomicsLoad = Atomics.load as (view: Int32Array, index: number) => number
export const AtomicsStore = Atomics.store as (view: Int32Array, index: number, value: number) => number
export const AtomicsCompareExchange = Atomics.compareExchange as (
  view: Int32Array,
  index: number,
  expected: number,
  replacement: number,
) => number
export const AtomicsWait = Atomics.wait as (
  view: Int32Array,
  index: number,
  value: number,
  timeoutMs?: number,
) => string
const bufferGetter = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  'buffer',
)?.get
const lengthGetter = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  'length',
)?.get
export const TypedArrayBuffer = uncurry(bufferGetter as () => unknown) as (self: Uint8Array) => ArrayBuffer
export const TypedArrayLength = uncurry(lengthGetter as () => unknown) as (self: unknown) => number
export const StringSlice = uncurry(String.prototype.slice)
export const StringIndexOf = uncurry(String.prototype.indexOf)
export const StringLastIndexOf = uncurry(String.prototype.lastIndexOf)
export const StringStartsWith = uncurry(String.prototype.startsWith)
export const StringEndsWith = uncurry(String.prototype.endsWith)
export const StringSplit = uncurry(String.prototype.split) as unknown as (
  self: string,
  separator: string,
) => string[]
export const StringCharCodeAt = uncurry(String.prototype.charCodeAt)
export const StringRepeat = uncurry(String.prototype.repeat)
export const StringCtor = String
export const StringFromCharCode = String.fromCharCode
export const RegExpExec = uncurry(RegExp.prototype.exec)
export const SymbolIterator: typeof Symbol.iterator = Symbol.iterator
export const SymbolToPrimitive: typeof Symbol.toPrimitive = Symbol.toPrimitive
export const WeakMapCtor = WeakMap
export const WeakMapSet = uncurry(WeakMap.prototype.set) as <Value>(
  self: WeakMap<object, Value>,
  key: object,
  value: Value,
) => unknown
export const MapCtor = Map
export const MapGet = uncurry(Map.prototype.get) as <K, V>(self: Map<K, V>, key: K) => V | undefined
export const MapSet = uncurry(Map.prototype.set) as <K, V>(self: Map<K, V>, key: K, value: V) => unknown
export const MapDelete = uncurry(Map.prototype.delete) as <K, V>(self: Map<K, V>, key: K) => boolean
export const MapForEach = uncurry(Map.prototype.forEach) as <K, V>(
  self: Map<K, V>,
  visit: (value: V, key: K) => void,
) => void
export const MapClear = uncurry(Map.prototype.clear) as (self: Map<unknown, unknown>) => void
const mapSize = Object.getOwnPropertyDescriptor(Map.prototype, 'size')?.get
export const MapSize = uncurry(mapSize as () => unknown) as (self: Map<unknown, unknown>) => number

/** One for all definitions, which are synchronous; making one each time would cost more than using it. */
const descriptor = ObjectCreate(null)
descriptor.writable = true
descriptor.enumerable = true
descriptor.configurable = true

/**
 * An own property whatever the prototypes have become: assignment would call a setter found there, and a
 * descriptor literal would inherit a `get`.
 */
export function defineValue(target: object, key: string | number, value: unknown): void {
  descriptor.value = value
  void ObjectDefineProperty(target, key, descriptor)
  descriptor.value = undefined
}
