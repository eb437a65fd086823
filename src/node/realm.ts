import type { NodeEnvironment } from './environment.ts'
import { Library } from './library.ts'

/** What Node has natively, as a function's library finds it. */
export type Binding = Record<string, unknown>
export type MakeBinding = (realm: Realm) => Binding
/** A module of ours in the place of one of Node's. */
export type MakeModule = (realm: Realm) => unknown

/** Does something to a module of Node's once it is evaluated. */
export type Amend = (exports: Record<string, unknown>, realm: Realm) => void

/** What of Node's is ours, by Node's names. */
export interface RealmParts {
  readonly bindings: Readonly<Record<string, MakeBinding>>
  readonly modules: Readonly<Record<string, MakeModule>>
  readonly amend: Readonly<Record<string, Amend>>
}

/** Node's own library in one isolate: its modules, evaluated when they are first asked for, over bindings of ours. */
export class Realm {
  readonly environment: NodeEnvironment
  // biome-ignore lint/suspicious/noExplicitAny: hundreds of built-ins under Node's names for them.
  readonly primordials: Record<string, any> = Object.create(null)
  readonly #library: Library
  readonly #parts: RealmParts
  readonly #bindings = new Map<string, Binding>()
  readonly #modules = new Map<string, { exports: object }>()

  #domExceptions: object | undefined

  constructor(environment: NodeEnvironment, parts: RealmParts) {
    this.environment = environment
    this.#library = new Library(environment.library)
    this.#parts = parts
    this.#library.compile('internal/per_context/primordials')({}, this.primordials)
  }

  /** DOMException, which Node makes before its other modules. */
  // biome-ignore lint/suspicious/noExplicitAny: Node's library has no types.
  get domExceptions(): any {
    this.#domExceptions ??= this.#makeDomExceptions()
    return this.#domExceptions
  }

  #makeDomExceptions(): object {
    const exports = {}
    const { privateSymbols } = this.binding('util')
    const compiled = this.#library.compile('internal/per_context/domexception')
    compiled(exports, this.primordials, privateSymbols, this.binding('symbols'))
    return exports
  }

  /** A module's exports, by Node's name for it. */
  // biome-ignore lint/suspicious/noExplicitAny: Node's library has no types.
  readonly load = (asked: string): any => {
    // Undici is a package, and asks as packages do.
    const isBare = Object.hasOwn(this.#parts.modules, asked) || !asked.startsWith('node:')
    const name = isBare ? asked : asked.slice(5)
    const known = this.#modules.get(name)
    if (known !== undefined) return known.exports
    const module = { exports: {} }
    this.#modules.set(name, module)
    const { modules, amend } = this.#parts
    try {
      if (Object.hasOwn(modules, name)) module.exports = (modules[name] as MakeModule)(this) as object
      else this.#evaluate(name, module)
      if (Object.hasOwn(amend, name)) amend[name]?.(module.exports as Record<string, unknown>, this)
    } catch (error) {
      this.#modules.delete(name)
      throw error
    }
    return module.exports
  }

  /** What Node has natively under this name. */
  // biome-ignore lint/suspicious/noExplicitAny: each binding is a shape of its own.
  readonly binding = (name: string): any => {
    const known = this.#bindings.get(name)
    if (known !== undefined) return known
    const { bindings } = this.#parts
    if (!Object.hasOwn(bindings, name)) throw new Error(`No such binding: ${name}`)
    const made = (bindings[name] as MakeBinding)(this)
    // Without a prototype, as in Node: V8 keeps such an object as a table, and no map for each of its properties.
    const binding: Binding = Object.create(null, Object.getOwnPropertyDescriptors(made))
    this.#bindings.set(name, binding)
    return binding
  }

  /** Constants of one of Node's own bindings, as the build found them. */
  // biome-ignore lint/suspicious/noExplicitAny: each binding has its own.
  readonly constants = (binding: 'constants' | 'http2' | 'http_parser' | 'uv'): any =>
    this.#library.compile(`binding/${binding}`)()

  #evaluate(name: string, module: { exports: object }): void {
    const { process } = this.environment
    this.#library.compile(name)(module.exports, this.load, module, process, this.binding, this.primordials)
  }
}
