import type { OpArgs, OpName, OpResult } from '../protocol/calls.ts'
import type { Failure } from '../protocol/calls-shapes.ts'
import type { Realm } from './realm.ts'

export type View = ArrayBuffer | SharedArrayBuffer | ArrayBufferView

/** Byte strings of an op as they travel (protocol/calls-crypto.ts). */
export interface Joined {
  readonly content: Uint8Array
  readonly sizes: number[]
}

type Answer<Op extends OpName> = Exclude<OpResult<Op>, { failure: unknown }>

/**
 * The host's crypto and zlib as bindings reach them. What works on bytes was taken aside by Node's primordials: keys
 * pass through here, and a program's own `set` or `slice` must not see those it may not export.
 */
export class CryptoHost {
  readonly #realm: Realm

  constructor(realm: Realm) {
    this.#realm = realm
  }

  /** The bytes of any view, not copied. */
  bytes(view: View): Uint8Array {
    const {
      ArrayBufferIsView,
      DataViewPrototypeGetBuffer,
      DataViewPrototypeGetByteLength,
      DataViewPrototypeGetByteOffset,
      TypedArrayPrototypeGetBuffer,
      TypedArrayPrototypeGetByteLength,
      TypedArrayPrototypeGetByteOffset,
      TypedArrayPrototypeGetSymbolToStringTag,
    } = this.#realm.primordials
    if (!ArrayBufferIsView(view)) return new Uint8Array(view as ArrayBuffer)
    if (TypedArrayPrototypeGetSymbolToStringTag(view) === undefined) {
      return new Uint8Array(
        DataViewPrototypeGetBuffer(view),
        DataViewPrototypeGetByteOffset(view),
        DataViewPrototypeGetByteLength(view),
      )
    }
    return new Uint8Array(
      TypedArrayPrototypeGetBuffer(view),
      TypedArrayPrototypeGetByteOffset(view),
      TypedArrayPrototypeGetByteLength(view),
    )
  }

  /** A copy of them. */
  copy(view: View): Uint8Array {
    return this.join([this.bytes(view)]).content
  }

  join(parts: readonly Uint8Array[]): Joined {
    const { TypedArrayPrototypeGetLength, TypedArrayPrototypeSet } = this.#realm.primordials
    const sizes: number[] = []
    let total = 0
    for (let index = 0; index < parts.length; index++) {
      const size: number = TypedArrayPrototypeGetLength(parts[index])
      sizes[index] = size
      total += size
    }
    const content: Uint8Array = new Uint8Array(total)
    let offset = 0
    for (let index = 0; index < parts.length; index++) {
      TypedArrayPrototypeSet(content, parts[index], offset)
      offset += sizes[index] as number
    }
    return { content, sizes }
  }

  /** A part of them, not copied. */
  part(bytes: Uint8Array, start: number, end?: number): Uint8Array {
    return this.#realm.primordials.TypedArrayPrototypeSubarray(bytes, start, end)
  }

  /** As a Buffer, over the same memory. */
  buffer(bytes: Uint8Array): Uint8Array {
    const { FastBuffer } = this.#realm.load('internal/buffer')
    const {
      TypedArrayPrototypeGetBuffer,
      TypedArrayPrototypeGetByteLength,
      TypedArrayPrototypeGetByteOffset,
    } = this.#realm.primordials
    return new FastBuffer(
      TypedArrayPrototypeGetBuffer(bytes),
      TypedArrayPrototypeGetByteOffset(bytes),
      TypedArrayPrototypeGetByteLength(bytes),
    )
  }

  text(bytes: Uint8Array, encoding: string): string {
    return (this.buffer(bytes) as { toString(encoding: string): string }).toString(encoding)
  }

  /** As an ArrayBuffer of its own. */
  arrayBuffer(bytes: Uint8Array): ArrayBuffer {
    return this.#realm.primordials.TypedArrayPrototypeGetBuffer(this.copy(bytes))
  }

  /** Asks, the thread standing still. Throws what node:crypto threw on the host, and what a host call throws. */
  ask<Op extends OpName>(op: Op, args: OpArgs<Op>): Answer<Op> {
    return this.#checked(this.#realm.environment.askHost(op, args))
  }

  async call<Op extends OpName>(op: Op, args: OpArgs<Op>): Promise<Answer<Op>> {
    return this.#checked(await this.#realm.environment.callHost(op, args))
  }

  #checked<Op extends OpName>(result: OpResult<Op>): Answer<Op> {
    const { failure } = result as { failure?: Failure }
    if (failure !== undefined) throw this.error(failure)
    return result as Answer<Op>
  }

  /** The error that node:crypto or node:zlib threw on the host. */
  error({ fields, message, name }: Failure): Error {
    const make = name === 'TypeError' ? TypeError : name === 'RangeError' ? RangeError : Error
    return Object.assign(new make(message), fields)
  }
}
