import { loaderSource } from '../isolate/bundles.ts'
import type { ProgramSource, SyntaxProblem } from '../isolate/compile.ts'
import { ES_WRAPPER, GUEST_ROOT, LOADER_PATH, START } from '../protocol/bridge.ts'
import type { PlacePart } from '../protocol/places.ts'
import type { EsModuleText } from './es-module.ts'
import type { ModuleGraph, SourceModule } from './graph.ts'
import type { ModuleLinks } from './links.ts'
import { isGuestBuiltin } from './resolver.ts'
import { PlaceTable, withoutLink } from './source-map.ts'

/** Why a module can't be loaded: what is thrown by whoever loads it. */
export interface ModuleProblem extends SyntaxProblem {
  readonly name: 'SyntaxError' | 'TypeError'
  readonly code?: string | undefined
}

/** A script as V8 parses it alone: the body of a function with these parameters. */
export interface ScriptBody {
  readonly text: string
  readonly parameters: readonly string[]
  readonly isAsync: boolean
  /** Lines that stand before those of the file. */
  readonly linesBefore: number
}

const PARAMETERS = ['exports', 'require', 'module', '__filename', '__dirname']

/** A name that no other module of the program needs. */
export function bodyOf(module: SourceModule, links: ModuleLinks | undefined): ScriptBody {
  const { conversion, path } = module
  if (conversion?.kind === 'es') {
    const isAsync = links?.waiting.has(path) === true
    const before = writePrelude(module, conversion.module, links)
    const text = `${before}\n${conversion.module.body}`
    return { text, parameters: [conversion.module.importName], isAsync, linesBefore: 1 }
  }
  const name = conversion?.kind === 'script' ? conversion.importName : undefined
  const parameters = name === undefined ? PARAMETERS : [...PARAMETERS, name]
  return { text: scriptText(module), parameters, isAsync: false, linesBefore: 0 }
}

/** A `#!` line is no JavaScript inside a function; a byte order mark is none anywhere but at the start. */
function scriptText({ text, conversion, linkedMap }: SourceModule): string {
  const script = conversion?.kind === 'script' ? conversion.text : text
  return (linkedMap === undefined ? script : withoutLink(script)).replace(/^\uFEFF/, '').replace(/^#!/, '//')
}

/** What an ES module does before its own code, on one line: it takes its imports, gives its exports, and waits. */
function writePrelude(
  { path, imports }: SourceModule,
  module: EsModuleText,
  links: ModuleLinks | undefined,
): string {
  const { importName, bindingPrefix, dependencies, exports, constants } = module
  const getters = exports.map(([name, expression]) => `${keyOf(name)}:()=>${expression}`)
  for (const [name, dependency] of links?.stars.get(path) ?? []) {
    getters.push(`${keyOf(name)}:()=>${bindingPrefix}${dependency}[${JSON.stringify(name)}]`)
  }
  const stars = dependencies.flatMap(({ isStar, specifier }, index) =>
    isStar && !imports.has(specifier) ? [index] : [],
  )
  const objects = dependencies.map((_, index) => `${bindingPrefix}${index}=${importName}.of(${index})`)
  const named = constants.map(([name, expression]) => `${name}=${expression}`)
  const wait = links?.waiting.has(path) === true ? 'await ' : ''
  return [
    '"use strict";',
    objects.length === 0 ? '' : `const ${objects.join(',')};`,
    `${importName}.declare({${getters.join(',')}}${stars.length === 0 ? '' : `,[${stars.join(',')}]`});`,
    dependencies.length === 0 ? '' : `${wait}${importName}.run();`,
    named.length === 0 ? '' : `const ${named.join(',')};`,
  ].join('')
}

/** `"__proto__"` as a key of a literal would be its prototype. */
function keyOf(name: string): string {
  return name === '__proto__' ? '["__proto__"]' : JSON.stringify(name)
}

/** `index.js:3:9: SyntaxError: what is wrong.`, and what to do where that isn't plain. */
export function describeProblem(file: string, { name, message, line, column }: ModuleProblem): string {
  const at = line === undefined ? file : `${file}:${line}:${column}`
  return `${at}: ${name}: ${message}.${hintFor(message)}`
}

function hintFor(message: string): string {
  if (/^Cannot use import statement|^Unexpected token 'export'|import\.meta/.test(message)) {
    return ' The file is CommonJS, by its name or by "type" in package.json: name it .mjs, or say "type": "module".'
  }
  if (/^await is only valid/.test(message)) {
    return ' An await at the top level needs an ES module: name the file .mjs, or say "type": "module" in package.json.'
  }
  return ''
}

/** Writes the script that hands a function's modules to the guest's loader. */
export class ProgramWriter {
  readonly #graph: ModuleGraph
  readonly #links: ModuleLinks | undefined
  readonly #problems: ReadonlyMap<string, ModuleProblem>
  readonly #places = new PlaceTable()
  readonly #parts: string[] = []
  readonly #lines: (readonly [line: number, path: string, part?: PlacePart])[] = []
  #line = 1

  constructor(
    graph: ModuleGraph,
    links: ModuleLinks | undefined,
    problems: ReadonlyMap<string, ModuleProblem>,
  ) {
    this.#graph = graph
    this.#links = links
    this.#problems = problems
  }

  write(): ProgramSource {
    const { entry, modules } = this.#graph
    this.#write(`${START}({"entry":${JSON.stringify(GUEST_ROOT + entry)},"modules":[\n`)
    for (const module of modules) this.#writeModule(module)
    const resolutions = tableOf(modules, ({ resolutions }) => resolutions)
    this.#write(`],"resolutions":${JSON.stringify(resolutions)}`)
    if (this.#needsLoader()) this.#writeLoader()
    this.#write(`,"lines":${JSON.stringify(this.#lines)}})`)
    const source = this.#parts.join('')
    return this.#places.text === '' ? { source } : { source, places: this.#places.text }
  }

  /** The places of one module alone. */
  placesOf(module: SourceModule): { readonly text: string; readonly part: PlacePart } | undefined {
    const table = new PlaceTable()
    const part = partOf(table, module)
    return part === undefined ? undefined : { text: table.text, part }
  }

  #writeModule(module: SourceModule): void {
    const path = GUEST_ROOT + module.path
    const problem = this.#problems.get(module.path)
    if (problem !== undefined) this.#writePair(path, problemCode(path, problem))
    else if (module.kind === 'json') this.#writePair(path, { json: module.text })
    else if (module.kind === 'addon') this.#writePair(path, addonCode(path))
    else this.#writeScript(path, module)
  }

  #writePair(path: string, code: object): void {
    this.#write(`[${JSON.stringify(path)},${JSON.stringify(code)}],\n`)
  }

  #writeScript(path: string, module: SourceModule): void {
    const { text, parameters, isAsync } = bodyOf(module, this.#links)
    const head = `(${parameters.join(',')}){`
    if (module.conversion?.kind === 'es') {
      const prelude = text.slice(0, text.indexOf('\n'))
      // No line of the file: what happens there is the loader's doing.
      this.#lines.push([this.#line, LOADER_PATH])
      this.#write(
        `[${JSON.stringify(path)},{"es":${isAsync ? 'async ' : ''}function ${ES_WRAPPER}${head}${prelude}\n`,
      )
      this.#startModule(path, module)
      const rest = isAsync ? `,"waits":true` : ''
      this.#write(
        `${text.slice(prelude.length + 1)}\n},"needs":${JSON.stringify(needsOf(module))}${rest}}],\n`,
      )
    } else {
      this.#write(`[${JSON.stringify(path)},function${head}\n`)
      this.#startModule(path, module)
      this.#write(`${text}\n}],\n`)
    }
  }

  /** The part of the loader that plain CommonJS has no use for, and what it has to know. */
  #needsLoader(): boolean {
    const { modules, hasRefused, hasComputedRequire, packages } = this.#graph
    const hasPackages = packages.size > 0 || modules.some(({ path }) => /.\/package\.json$/.test(path))
    return (
      this.#links !== undefined ||
      hasRefused ||
      (hasComputedRequire && hasPackages) ||
      this.#places.text !== '' ||
      modules.some(({ text }) => /['"`](?:node:)?module['"`]/.test(text))
    )
  }

  #writeLoader(): void {
    const { modules, packages } = this.#graph
    const imports = tableOf(modules, module => module.imports)
    const names = [...(this.#links?.names ?? [])].map(([path, list]) => [GUEST_ROOT + path, list])
    const known = new Set(modules.map(({ path }) => path))
    const manifests = [...packages]
      .filter(([folder]) => !known.has(`${folder}/package.json`))
      .map(([folder, text]) => [GUEST_ROOT + folder, manifestOf(text)])
    this.#write(`,"imports":${JSON.stringify(imports)},"names":${JSON.stringify(Object.fromEntries(names))}`)
    this.#write(`,"packages":${JSON.stringify(Object.fromEntries(manifests))},"loader":(function(){\n`)
    this.#lines.push([this.#line, LOADER_PATH])
    this.#write(`${loaderSource()}\n})`)
  }

  /** Counts the lines as V8 does. */
  #write(text: string): void {
    this.#parts.push(text)
    this.#line += text.match(/\r\n|[\n\r\u2028\u2029]/g)?.length ?? 0
  }

  #startModule(path: string, module: SourceModule): void {
    const part = partOf(this.#places, module)
    this.#lines.push(part === undefined ? [this.#line, path] : [this.#line, path, part])
  }
}

function partOf(table: PlaceTable, { path, conversion, linkedMap }: SourceModule): PlacePart | undefined {
  if (conversion?.kind === 'es') return table.add(path, conversion.module.map)
  const map = (conversion?.kind === 'script' ? conversion.map : undefined) ?? linkedMap
  return map === undefined ? undefined : table.add(path, map)
}

/** Specifiers of what an ES module imports; of what is built in with the names that it must have. */
function needsOf({ conversion, imports }: SourceModule): (string | readonly string[])[] {
  if (conversion?.kind !== 'es') return []
  return conversion.module.dependencies.map(({ specifier, names }) =>
    imports.has(specifier) || !isGuestBuiltin(specifier) || names.length === 0
      ? specifier
      : [specifier, ...names],
  )
}

function problemCode(path: string, { name, code, ...problem }: ModuleProblem): object {
  return name === 'SyntaxError' && code === undefined
    ? { syntaxError: describeProblem(path, { name, ...problem }) }
    : { error: problem.message, code, name }
}

function addonCode(path: string): object {
  return {
    error:
      `${path} is a native addon: it is machine code, which can't run in an isolate. ` +
      'Use a package that does the same in JavaScript or WebAssembly.',
    code: 'ERR_DLOPEN_FAILED',
    name: 'Error',
  }
}

/** What resolution reads of a package.json. */
function manifestOf(text: string): object {
  try {
    const { name, main, exports, imports } = JSON.parse(text) as Record<string, unknown>
    return { name, main, exports, imports }
  } catch {
    // As if it weren't there: what the package has is found by its file names.
    return {}
  }
}

function tableOf(
  modules: readonly SourceModule[],
  read: (module: SourceModule) => ReadonlyMap<string, string>,
): Record<string, Record<string, string>> {
  const table: Record<string, Record<string, string>> = {}
  for (const module of modules) {
    const found = read(module)
    if (found.size === 0) continue
    const entries = [...found].map(([specifier, target]) => [specifier, GUEST_ROOT + target])
    table[GUEST_ROOT + module.path] = Object.fromEntries(entries)
  }
  return table
}
