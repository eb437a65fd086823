import { type EsModuleCode, GUEST_ROOT, type ModuleCode } from '../protocol/bridge.ts'
import { codedError } from './coded-error.ts'
import { attributeOf, checkType } from './import-attributes.ts'
import {
  ErrorCtor,
  JSONParse,
  ObjectCreate,
  ObjectHasOwn,
  PromiseCtor,
  StringCtor,
  StringStartsWith,
  SyntaxErrorCtor,
} from './intrinsics.ts'
import type { Module, ModuleCore } from './module.ts'
import type { ModulePaths } from './module-paths.ts'
import { urlOf } from './module-url.ts'
import {
  commonNames,
  declare,
  mainOf,
  type Namespace,
  namespaceOf,
  passOn,
  readOwn,
  requiredOf,
  seal,
  setName,
} from './namespace.ts'
import { folderOf } from './paths.ts'

type Status =
  | { readonly kind: 'new' | 'running' | 'ran' }
  /** Its own code, or that of a module it imports, awaits something. */
  | { readonly kind: 'waiting'; readonly ready: Promise<void> }
  | { readonly kind: 'failed'; readonly error: unknown }

interface EsModule {
  readonly path: string
  readonly code: ModuleCode | undefined
  readonly namespace: Namespace
  status: Status
  /** `require` of it gives this, if that is something else. */
  required: unknown
}

/** What stands for `import` in a converted file. */
interface Importer {
  (specifier: unknown, options?: unknown): Promise<unknown>
  readonly meta?: object
}

/** Runs ES modules as Node does: in the order of their imports, once each, with live bindings. */
export class EsModules {
  readonly #core: ModuleCore
  readonly #paths: ModulePaths
  readonly #modules = ObjectCreate(null) as Record<string, EsModule>
  readonly #builtins = ObjectCreate(null) as Record<string, Namespace>

  constructor(core: ModuleCore, paths: ModulePaths) {
    this.#core = core
    this.#paths = paths
  }

  runEntry(path: string): { readonly exports: unknown; readonly ready: Promise<unknown> | undefined } {
    const { namespace } = this.#moduleOf(path)
    const ready = this.#run(path)
    return { exports: mainOf(namespace), ready: ready?.then(() => mainOf(namespace)) }
  }

  /** `import(…)` in a file. It starts nothing before the turn's own code has gone on. */
  importerOf(path: string): Importer {
    return async (specifier, options) => {
      const name = StringCtor(specifier)
      const type = attributeOf(options)
      await undefined
      const target = this.#resolve(path, name)
      if (this.#core.builtinName(target) !== undefined) return this.#builtinNamespace(target, [], name)
      checkType(this.#core.codes[target], path, target, type)
      await this.#run(target)
      return this.#moduleOf(target).namespace
    }
  }

  /** What `require` of an ES module gives, as in Node: its namespace, marked if it has a default export. */
  requireModule(module: Module): void {
    const path = module.filename
    const found = this.#moduleOf(path)
    const isWaiting = ObjectHasOwn(found.code as object, 'waits')
    if (isWaiting) {
      throw codedError(
        new ErrorCtor(
          'require() cannot be used on an ESM graph with top-level await. Use import() instead.\n' +
            `Required module: ${path}${module.parent === undefined ? '' : `\nRequire stack:\n- ${module.parent.filename}`}`,
        ),
        'ERR_REQUIRE_ASYNC_MODULE',
      )
    }
    if (found.status.kind === 'running') {
      const from = module.parent === undefined ? '' : ` (from ${module.parent.filename})`
      throw codedError(
        new ErrorCtor(`Cannot require() ES Module ${path} in a cycle.${from}`),
        'ERR_REQUIRE_CYCLE_MODULE',
      )
    }
    void this.#run(path)
    found.required ??= requiredOf(found.namespace)
    module.exports = found.required
  }

  #resolve(from: string, specifier: string): string {
    if (this.#core.builtinName(specifier) !== undefined) return specifier
    if (StringStartsWith(specifier, 'node:')) {
      throw codedError(new ErrorCtor(`No such built-in module: ${specifier}`), 'ERR_UNKNOWN_BUILTIN_MODULE')
    }
    const fallback = this.#core.fallbackFor(specifier)
    if (fallback === undefined) return this.#paths.resolve(from, specifier, 'import') as string
    try {
      return this.#paths.resolve(from, specifier, 'import') as string
    } catch {
      return fallback
    }
  }

  #moduleOf(path: string): EsModule {
    let module = this.#modules[path]
    if (module === undefined) {
      const code = this.#core.codes[path]
      module = {
        path,
        code,
        namespace: ObjectCreate(null),
        status: { kind: 'new' },
        required: undefined,
      }
      this.#modules[path] = module
    }
    return module
  }

  /** Runs a module unless that was done; a promise of its end if it waits. */
  #run(path: string): Promise<void> | undefined {
    const module = this.#moduleOf(path)
    const { status, code } = module
    if (status.kind === 'failed') throw status.error
    if (status.kind === 'waiting') return status.ready
    if (status.kind !== 'new') return undefined
    module.status = { kind: 'running' }
    try {
      const ended = isEs(code) ? code.es(this.#linkerOf(module, code)) : this.#runOther(module)
      if (!(ended instanceof PromiseCtor)) module.status = { kind: 'ran' }
      else return this.#wait(module, ended as Promise<void>)
    } catch (error) {
      module.status = { kind: 'failed', error }
      throw error
    }
    return undefined
  }

  #wait(module: EsModule, ended: Promise<void>): Promise<void> {
    const wait = async (): Promise<void> => {
      try {
        await ended
        module.status = { kind: 'ran' }
      } catch (error) {
        module.status = { kind: 'failed', error }
        throw error
      }
    }
    const ready = wait()
    // Who waits for it hears of its error; nobody has to.
    void ready.catch(() => {})
    module.status = { kind: 'waiting', ready }
    return ready
  }

  /** A module in whose course this one is run has gone as far as it can: nobody waits for it in its own course. */
  #runNeeds({ path }: EsModule, { needs }: EsModuleCode): Promise<unknown> | undefined {
    const waiting: Promise<void>[] = []
    for (let index = 0; index < needs.length; index++) {
      const target = this.#resolve(path, specifierOf(needs[index]))
      if (this.#core.builtinName(target) !== undefined) continue
      const ready = this.#run(target)
      if (ready !== undefined) waiting[waiting.length] = ready
    }
    return waiting.length === 0 ? undefined : allOf(waiting)
  }

  /** JSON and CommonJS, whose names are what they are when it has run. */
  #runOther({ path, code, namespace }: EsModule): void {
    if (code !== undefined && typeof code === 'object' && !ObjectHasOwn(code, 'json')) this.#core.refuse(code)
    if (typeof code === 'object') {
      setName(namespace, 'default', parseJson(path, (code as { json: string }).json))
    } else this.#addCommonNames(path, namespace)
    seal(namespace)
  }

  #addCommonNames(path: string, namespace: Namespace): void {
    const { exports } = this.#core.loadModule(path, undefined)
    const { names } = this.#core.program
    const known = names !== undefined && ObjectHasOwn(names, path) ? (names[path] as readonly string[]) : []
    const all = commonNames(known)
    for (let index = 0; index < all.length; index++) {
      const name = all[index] as string
      const isWhole = name === 'default' || name === 'module.exports'
      setName(namespace, name, isWhole ? exports : readOwn(exports, name))
    }
  }

  #linkerOf(module: EsModule, code: EsModuleCode): unknown {
    const { path, namespace } = module
    const importer = this.importerOf(path) as unknown as Record<string, unknown>
    importer.meta = this.#metaOf(path)
    importer.of = (index: number) => {
      const need = code.needs[index]
      const specifier = specifierOf(need)
      const target = this.#resolve(path, specifier)
      if (this.#core.builtinName(target) === undefined) return this.#moduleOf(target).namespace
      return this.#builtinNamespace(
        target,
        typeof need === 'string' ? [] : (need as readonly string[]),
        specifier,
      )
    }
    importer.declare = (getters: Record<string, () => unknown>, stars: readonly number[] = []) => {
      for (let index = 0; index < stars.length; index++) {
        const star = (importer.of as (index: number) => Namespace)(stars[index] as number)
        passOn(getters, star)
      }
      declare(namespace, getters)
    }
    importer.run = () => this.#runNeeds(module, code)
    return importer
  }

  #metaOf(path: string): object {
    const meta = ObjectCreate(null)
    meta.dirname = folderOf(path)
    meta.filename = path
    meta.main = path === this.#core.program.entry
    meta.resolve = (specifier: unknown) => {
      const target = this.#resolve(path, StringCtor(specifier))
      if (StringStartsWith(target, GUEST_ROOT)) return urlOf(target)
      return StringStartsWith(target, 'node:') ? target : `node:${target}`
    }
    meta.url = urlOf(path)
    return meta
  }

  #builtinNamespace(target: string, names: readonly string[], specifier: string): Namespace {
    const name = this.#core.builtinName(target) as string
    let namespace = this.#builtins[name]
    if (namespace === undefined) {
      namespace = namespaceOf(this.#core.builtinOf(name))
      this.#builtins[name] = namespace
    }
    for (let index = 1; index < names.length; index++) {
      if (!ObjectHasOwn(namespace, names[index] as string)) {
        throw new SyntaxErrorCtor(
          `The requested module '${specifier}' does not provide an export named '${names[index]}'`,
        )
      }
    }
    return namespace
  }
}

/** Ends when all have, or with the first that fails. */
function allOf(promises: readonly Promise<void>[]): Promise<void> {
  return new PromiseCtor((resolve, reject) => {
    let left = promises.length
    const follow = async (promise: Promise<void>): Promise<void> => {
      try {
        await promise
        left--
        if (left === 0) resolve()
      } catch (error) {
        reject(error)
      }
    }
    for (let index = 0; index < promises.length; index++) void follow(promises[index] as Promise<void>)
  })
}

function isEs(code: ModuleCode | undefined): code is EsModuleCode {
  return typeof code === 'object' && ObjectHasOwn(code, 'es')
}

function specifierOf(need: EsModuleCode['needs'][number] | undefined): string {
  return typeof need === 'string' ? need : ((need as readonly string[])[0] as string)
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSONParse(text)
  } catch (error) {
    throw new SyntaxErrorCtor(`${path}: ${(error as Error).message}`)
  }
}
