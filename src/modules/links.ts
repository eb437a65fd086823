import type { SyntaxProblem } from '../isolate/compile.ts'
import { loadNameReader } from './cjs-names.ts'
import type { Dependency } from './es-module.ts'
import { isTyped } from './format.ts'
import type { ModuleGraph, SourceModule } from './graph.ts'
import { isGuestBuiltin } from './resolver.ts'

/** What is known of a graph's modules beyond each one's own text, by path. */
export interface ModuleLinks {
  /** ES modules that wait, for an await of their own or for that of a module they import. */
  readonly waiting: ReadonlySet<string>
  /** Names that a CommonJS module has for `import`, of those that may be imported. */
  readonly names: ReadonlyMap<string, readonly string[]>
  /** What ES modules export by `export *`: name → the number of the dependency that has it. */
  readonly stars: ReadonlyMap<string, ReadonlyMap<string, number>>
  /** Modules that import what another doesn't export, or JSON without saying so. */
  readonly problems: ReadonlyMap<string, LinkProblem>
}

export interface LinkProblem extends SyntaxProblem {
  readonly name: 'SyntaxError' | 'TypeError'
  readonly code: string | undefined
  /** Where in the transpiled code the statement is, by index. */
  readonly start: number
}

/** Undefined for a graph without ES modules and without `import(…)`. */
export async function linkModules(graph: ModuleGraph): Promise<ModuleLinks | undefined> {
  const isNeeded = graph.modules.some(({ conversion }) => {
    if (conversion?.kind === 'script') return conversion.importName !== undefined
    return conversion?.kind === 'es'
  })
  return isNeeded ? await new Linker(graph).link() : undefined
}

class Linker {
  readonly #graph: ModuleGraph
  readonly #modules: ReadonlyMap<string, SourceModule>
  readonly #names = new Map<string, readonly string[]>()
  readonly #exported = new Map<string, ReadonlySet<string>>()
  readonly #stars = new Map<string, ReadonlyMap<string, number>>()
  #readNames: Awaited<ReturnType<typeof loadNameReader>> = () => ({ exports: [], reexports: [] })

  constructor(graph: ModuleGraph) {
    this.#graph = graph
    this.#modules = new Map(graph.modules.map(module => [module.path, module]))
  }

  async link(): Promise<ModuleLinks> {
    this.#readNames = await loadNameReader()
    const problems = new Map<string, LinkProblem>()
    for (const module of this.#graph.modules) {
      for (const target of this.#importTargets(module)) this.#noteNames(target)
      this.#exportsOf(module.path, new Set())
      const problem = this.#findProblem(module)
      if (problem !== undefined) problems.set(module.path, problem)
    }
    return { waiting: this.#findWaiting(), names: this.#names, stars: this.#stars, problems }
  }

  /** With a computed import anything may be imported. */
  #importTargets(module: SourceModule): readonly string[] {
    return this.#graph.hasComputedImport ? [module.path] : [...module.imports.values()]
  }

  #noteNames(path: string): void {
    const module = this.#modules.get(path)
    if (module?.kind !== 'script' || module.conversion?.kind === 'es' || this.#names.has(path)) return
    this.#names.set(path, [...this.#commonNames(path, new Set())].sort())
  }

  #commonNames(path: string, above: Set<string>): Set<string> {
    const names = new Set<string>()
    const module = this.#modules.get(path)
    if (module?.kind !== 'script' || above.has(path)) return names
    if (module.conversion?.kind === 'es') return new Set(this.#exportsOf(path, new Set()))
    above.add(path)
    const text = module.conversion?.kind === 'script' ? module.conversion.text : module.text
    const { exports, reexports } = this.#readNames(text)
    for (const name of exports) names.add(name)
    for (const specifier of reexports) {
      const target = module.resolutions.get(specifier)
      if (target === undefined) continue
      for (const name of this.#commonNames(target, above)) names.add(name)
    }
    names.delete('default')
    names.delete('module.exports')
    return names
  }

  /** The names an ES module exports; its own go before those of its stars, and what two stars have differently is none's. */
  #exportsOf(path: string, above: Set<string>): ReadonlySet<string> {
    const known = this.#exported.get(path)
    if (known !== undefined) return known
    const module = this.#modules.get(path)
    if (module?.conversion?.kind !== 'es' || above.has(path)) return new Set()
    above.add(path)
    const own = new Set(module.conversion.module.exports.map(([name]) => name))
    const found = new Map<string, number>()
    const origins = new Map<string, string>()
    for (const [index, dependency] of module.conversion.module.dependencies.entries()) {
      if (!dependency.isStar) continue
      const target = module.imports.get(dependency.specifier)
      if (target === undefined) continue
      for (const name of this.#namesOf(target, above)) {
        if (name === 'default' || own.has(name)) continue
        const origin = this.#originOf(target, name, new Set())
        if ((origins.get(name) ?? origin) === origin) found.set(name, found.get(name) ?? index)
        else found.delete(name)
        origins.set(name, origins.get(name) ?? origin)
      }
    }
    const names = new Set([...own, ...found.keys()])
    if (above.size === 1) {
      this.#exported.set(path, names)
      this.#stars.set(path, found)
    }
    above.delete(path)
    return names
  }

  /** The module and name that an exported name is in the end. */
  #originOf(path: string, name: string, above: Set<string>): string {
    const module = this.#modules.get(path)
    const here = `${path}\0${name}`
    if (module?.conversion?.kind !== 'es' || above.has(here)) return here
    above.add(here)
    const { exports, dependencies, bindingPrefix } = module.conversion.module
    const own = exports.find(([exported]) => exported === name)
    if (own !== undefined) {
      const [, index, imported = ''] = passedOnBinding(bindingPrefix).exec(own[1]) ?? []
      const target = module.imports.get(dependencies[Number(index)]?.specifier ?? '')
      return target === undefined ? here : this.#originOf(target, imported, above)
    }
    for (const { isStar, specifier } of dependencies) {
      const target = isStar ? module.imports.get(specifier) : undefined
      if (target !== undefined && this.#namesOf(target, new Set()).has(name)) {
        return this.#originOf(target, name, above)
      }
    }
    return here
  }

  #namesOf(path: string, above: Set<string>): ReadonlySet<string> {
    const module = this.#modules.get(path)
    if (module?.conversion?.kind === 'es') return this.#exportsOf(path, above)
    if (module?.kind === 'json') return new Set(['default'])
    this.#noteNames(path)
    return new Set(['default', 'module.exports', ...(this.#names.get(path) ?? [])])
  }

  #findProblem(module: SourceModule): LinkProblem | undefined {
    if (module.conversion?.kind !== 'es') return undefined
    for (const dependency of module.conversion.module.dependencies) {
      const problem = this.#findIn(module, dependency)
      if (problem !== undefined) return { ...problem, file: module.path, start: dependency.start }
    }
    return undefined
  }

  #findIn(
    module: SourceModule,
    { specifier, names, passedOn, type }: Dependency,
  ): Pick<LinkProblem, 'name' | 'code' | 'message'> | undefined {
    const target = module.imports.get(specifier)
    if (target === undefined || isGuestBuiltin(specifier)) return undefined
    const kind = this.#modules.get(target)?.kind
    const attribute = attributeProblem(target, kind, type, isTyped(module.path))
    if (attribute !== undefined) return attribute
    const offered = this.#namesOf(target, new Set())
    const missing = names.find(
      // In TypeScript a name that is only passed on may be a type's.
      name => !offered.has(name) && !(isTyped(module.path) && passedOn.includes(name)),
    )
    if (missing === undefined) return undefined
    const isModule = this.#modules.get(target)?.conversion?.kind === 'es' || kind === 'json'
    const message = isModule ? absentName(specifier, missing) : absentCommonName(specifier, missing)
    return { name: 'SyntaxError', code: undefined, message }
  }

  #findWaiting(): Set<string> {
    const waiting = new Set<string>()
    for (const { path, conversion } of this.#graph.modules) {
      if (conversion?.kind === 'es' && conversion.module.hasTopLevelAwait) waiting.add(path)
    }
    for (let count = 0; waiting.size > 0 && count !== waiting.size; ) {
      count = waiting.size
      for (const { path, conversion, imports } of this.#graph.modules) {
        if (conversion?.kind !== 'es') continue
        const { dependencies } = conversion.module
        if (dependencies.some(({ specifier }) => waiting.has(imports.get(specifier) ?? ''))) waiting.add(path)
      }
    }
    return waiting
  }
}

/** What an export is in the body when it is one of another module. */
function passedOnBinding(prefix: string): RegExp {
  return new RegExp(`^${prefix.replaceAll('$', '\\$')}(\\d+)\\.(\\S+)$`)
}

function attributeProblem(
  target: string,
  kind: SourceModule['kind'] | undefined,
  type: string | undefined,
  isLenient: boolean,
): Pick<LinkProblem, 'name' | 'code' | 'message'> | undefined {
  const url = `file:///var/user${target}`
  if (kind === 'json' && type === undefined && !isLenient) {
    return {
      name: 'TypeError',
      code: 'ERR_IMPORT_ATTRIBUTE_MISSING',
      message: `Module "${url}" needs an import attribute of "type: json"`,
    }
  }
  if (type !== undefined && (type !== 'json' || kind !== 'json')) {
    return {
      name: 'TypeError',
      code: type === 'json' ? 'ERR_IMPORT_ATTRIBUTE_TYPE_INCOMPATIBLE' : 'ERR_IMPORT_ATTRIBUTE_UNSUPPORTED',
      message:
        type === 'json'
          ? `Module "${url}" is not of type "json"`
          : `Import attribute "type" with value "${type}" is not supported`,
    }
  }
  return undefined
}

function absentName(specifier: string, name: string): string {
  return `The requested module '${specifier}' does not provide an export named '${name}'`
}

function absentCommonName(specifier: string, name: string): string {
  return (
    `Named export '${name}' not found. The requested module '${specifier}' is a CommonJS module, which may not ` +
    'support all module.exports as named exports.\nCommonJS modules can always be imported via the default ' +
    `export, for example using:\n\nimport pkg from '${specifier}';\n`
  )
}
