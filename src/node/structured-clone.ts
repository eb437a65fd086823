import type { Realm } from './realm.ts'

type Constructors = Record<string, new (message: string, options?: object) => Error>

const ERRORS: Readonly<Constructors> = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
} as unknown as Constructors

/**
 * A deep copy by the rules of HTML's structuredClone; buffers in `transfer` are moved. Throws DataCloneError for what
 * can't be copied: functions, symbols, promises, weak collections.
 */
export function structuredClone(realm: Realm, value: unknown, transfer: readonly unknown[]): unknown {
  const cloner = new Cloner(realm)
  for (const item of transfer) cloner.requireTransferable(item)
  const copy = cloner.clone(value)
  for (const item of transfer) cloner.move(item as ArrayBuffer)
  return cloner.finish(copy)
}

class Cloner {
  readonly #realm: Realm
  // biome-ignore lint/suspicious/noExplicitAny: Node's library has no types.
  readonly #types: any
  /** What was met already, by what it became. */
  readonly #known = new Map<object, object>()
  readonly #moved = new Map<ArrayBuffer, ArrayBuffer>()

  constructor(realm: Realm) {
    this.#realm = realm
    this.#types = realm.load('internal/util/types')
  }

  requireTransferable(item: unknown): void {
    if (!this.#types.isArrayBuffer(item)) this.#refuse('Found invalid object in transferList')
    // Copied as it is for now, and moved when all else went well.
    this.#known.set(item as object, item as object)
  }

  move(buffer: ArrayBuffer): void {
    this.#moved.set(buffer, buffer.transfer())
  }

  /** Puts moved buffers where their originals stand in the copy. */
  finish(copy: unknown): unknown {
    if (this.#moved.size === 0) return copy
    const second = new Cloner(this.#realm)
    for (const [from, to] of this.#moved) second.#known.set(from, to)
    return second.clone(copy)
  }

  clone(value: unknown): unknown {
    if (typeof value === 'symbol' || typeof value === 'function')
      this.#refuse(`${String(value)} could not be cloned.`)
    if (typeof value !== 'object' || value === null) return value
    return this.#known.get(value) ?? this.#cloneObject(value)
  }

  #cloneObject(value: object): object {
    const types = this.#types
    if (types.isBoxedPrimitive(value))
      return this.#keep(value, Object((value as { valueOf(): unknown }).valueOf()))
    if (types.isDate(value)) return this.#keep(value, new Date((value as Date).getTime()))
    if (types.isRegExp(value))
      return this.#keep(value, new RegExp((value as RegExp).source, (value as RegExp).flags))
    if (types.isArrayBuffer(value)) return this.#keep(value, (value as ArrayBuffer).slice(0))
    if (types.isSharedArrayBuffer(value)) return value
    if (ArrayBuffer.isView(value)) return this.#cloneView(value)
    if (types.isMap(value)) return this.#cloneMap(value as Map<unknown, unknown>)
    if (types.isSet(value)) return this.#cloneSet(value as Set<unknown>)
    if (types.isNativeError(value)) return this.#cloneError(value as Error)
    if (types.isPromise(value) || types.isWeakMap(value) || types.isWeakSet(value)) {
      this.#refuse(`${Object.prototype.toString.call(value)} could not be cloned.`)
    }
    const copy = this.#keep(value, Array.isArray(value) ? new Array(value.length) : {})
    for (const key of Object.keys(value)) {
      define(copy, key, this.clone((value as Record<string, unknown>)[key]))
    }
    return copy
  }

  #cloneView(view: ArrayBufferView): object {
    const buffer = this.clone(view.buffer) as ArrayBuffer
    // A Buffer becomes a plain Uint8Array, as in Node.
    const tag = (view as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? 'DataView'
    const Ctor = this.#realm.primordials[tag] as new (
      buffer: ArrayBuffer,
      at: number,
      length: number,
    ) => object
    const length = view instanceof DataView ? view.byteLength : (view as Uint8Array).length
    return this.#keep(view, new Ctor(buffer, view.byteOffset, length))
  }

  #cloneMap(map: Map<unknown, unknown>): object {
    const copy = this.#keep(map, new Map())
    for (const [key, value] of [...map]) copy.set(this.clone(key), this.clone(value))
    return copy
  }

  #cloneSet(set: Set<unknown>): object {
    const copy = this.#keep(set, new Set())
    for (const value of [...set]) copy.add(this.clone(value))
    return copy
  }

  #cloneError(error: Error): object {
    const Ctor = ERRORS[error.name] ?? Error
    const copy = this.#keep(error, new Ctor(error.message))
    Object.defineProperty(copy, 'stack', { value: error.stack, writable: true, configurable: true })
    if (Object.hasOwn(error, 'cause')) {
      const cause = this.clone(error.cause)
      Object.defineProperty(copy, 'cause', { value: cause, writable: true, configurable: true })
    }
    return copy
  }

  #keep<Copy extends object>(value: object, copy: Copy): Copy {
    this.#known.set(value, copy)
    return copy
  }

  #refuse(message: string): never {
    const { DOMException } = this.#realm.domExceptions
    throw new DOMException(message, 'DataCloneError')
  }
}

function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}
