import type { Binding } from './realm.ts'

type Brand = (value: unknown) => unknown

/** Whether a built-in accepts the value as its own; nothing of the value's is called. */
function accepts(brand: Brand): (value: unknown) => boolean {
  return value => {
    try {
      brand(value)
      return true
    } catch {
      // Not of this kind: that is the answer.
      return false
    }
  }
}

const { getOwnPropertyDescriptor, getPrototypeOf } = Object

/** A getter of a prototype as a test of what it is called on. */
function getterOf(prototype: object, name: PropertyKey): (value: unknown) => boolean {
  const getter = getOwnPropertyDescriptor(prototype, name)?.get as () => unknown
  return accepts(value => Reflect.apply(getter, value, []))
}

function methodOf(method: (...args: never[]) => unknown, ...args: unknown[]): (value: unknown) => boolean {
  return accepts(value => Reflect.apply(method, value, args as never[]))
}

/** The tag V8 itself gives, if the value doesn't bring one of its own. */
function hasTag(tag: string): (value: unknown) => boolean {
  return value => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
    if (Object.prototype.toString.call(value) !== `[object ${tag}]`) return false
    return getOwnPropertyDescriptor(value, Symbol.toStringTag) === undefined
  }
}

const isNumberObject = boxed(Number.prototype.valueOf)
const isStringObject = boxed(String.prototype.valueOf)
const isBooleanObject = boxed(Boolean.prototype.valueOf)
const isBigIntObject = boxed(BigInt.prototype.valueOf)
const isSymbolObject = boxed(Symbol.prototype.valueOf)

function boxed(unbox: () => unknown): (value: unknown) => boolean {
  const isOne = methodOf(unbox)
  return value => typeof value === 'object' && value !== null && isOne(value)
}

function isNativeError(value: unknown): boolean {
  return (Error as unknown as { isError(value: unknown): boolean }).isError(value)
}

/** What Node asks V8: which kind of object a value really is. A Proxy can't be told from what it stands for. */
export function makeTypesBinding(): Binding {
  const isArrayBuffer = getterOf(ArrayBuffer.prototype, 'byteLength')
  // There is none while a snapshot is made.
  const isSharedArrayBuffer = (value: unknown): boolean =>
    typeof SharedArrayBuffer === 'function' && value instanceof SharedArrayBuffer
  return {
    isExternal: () => false,
    isDate: methodOf(Date.prototype.getTime),
    isArgumentsObject: hasTag('Arguments'),
    isBigIntObject,
    isBooleanObject,
    isNumberObject,
    isStringObject,
    isSymbolObject,
    isBoxedPrimitive: (value: unknown) =>
      isNumberObject(value) ||
      isStringObject(value) ||
      isBooleanObject(value) ||
      isBigIntObject(value) ||
      isSymbolObject(value),
    isNativeError,
    isRegExp: (value: unknown) => value !== RegExp.prototype && isRegExp(value),
    isAsyncFunction: (value: unknown) => typeof value === 'function' && ASYNC.has(tagOf(value)),
    isGeneratorFunction: (value: unknown) => typeof value === 'function' && GENERATORS.has(tagOf(value)),
    isGeneratorObject: (value: unknown) => /^\[object (?:Async)?Generator\]$/.test(tagText(value)),
    isPromise: (value: unknown) => value instanceof Promise,
    isMap: getterOf(Map.prototype, 'size'),
    isSet: getterOf(Set.prototype, 'size'),
    isMapIterator: (value: unknown) => inherits(value, new Map().entries()),
    isSetIterator: (value: unknown) => inherits(value, new Set().entries()),
    isWeakMap: methodOf(WeakMap.prototype.has, {}),
    isWeakSet: methodOf(WeakSet.prototype.has, {}),
    isArrayBuffer,
    isDataView: getterOf(DataView.prototype, 'buffer'),
    isSharedArrayBuffer,
    isProxy: () => false,
    isModuleNamespaceObject: hasTag('Module'),
    isAnyArrayBuffer: (value: unknown) => isArrayBuffer(value) || isSharedArrayBuffer(value),
    isEventTarget: () => false,
  }
}

const isRegExp = getterOf(RegExp.prototype, 'hasIndices')
const ASYNC: ReadonlySet<unknown> = new Set(['AsyncFunction', 'AsyncGeneratorFunction'])
const GENERATORS: ReadonlySet<unknown> = new Set(['GeneratorFunction', 'AsyncGeneratorFunction'])

function tagOf(value: object): unknown {
  return (getPrototypeOf(value) as { [Symbol.toStringTag]?: unknown } | null)?.[Symbol.toStringTag]
}

function tagText(value: unknown): string {
  return typeof value === 'object' && value !== null ? Object.prototype.toString.call(value) : ''
}

function inherits(value: unknown, example: object): boolean {
  return typeof value === 'object' && value !== null && getPrototypeOf(value) === getPrototypeOf(example)
}
