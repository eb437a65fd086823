import type { ModuleCode, ModuleWrapper, Program } from '../protocol/bridge.ts'
import { builtinNames, builtinOf, defineBuiltin, fallbackFor, hasBuiltin } from './builtins.ts'
import { codedError } from './coded-error.ts'
import { setProgramLines } from './errors.ts'
import {
  ErrorCtor,
  JSONParse,
  ObjectCreate,
  ObjectHasOwn,
  ReflectApply,
  StringSlice,
  StringStartsWith,
  SyntaxErrorCtor,
  TypeErrorCtor,
} from './intrinsics.ts'
import { checkSpecifier, missingModule, unknownBuiltin } from './missing-module.ts'
import type { Loader, Module, ModuleCore, RequireFunction } from './module.ts'
import { folderOf, isPath, joinPath, searchPaths } from './paths.ts'
import { isWritten, readWritten } from './written-module.ts'

let program: Program = { entry: '', modules: [], resolutions: {}, lines: [] }
const codes = ObjectCreate(null) as Record<string, ModuleCode>
const cache = ObjectCreate(null) as Record<string, Module>
const extensions = ObjectCreate(null)
let main: Module | undefined
let startError: unknown
let places = ''
let loader: Loader | undefined

/** What a `module` is made by: `module.constructor`, and the built-in module of that name. */
function ModuleConstructor(this: Module, id = '', parent?: Module): void {
  fillModule(this, id, parent)
}
const modulePrototype = ModuleConstructor.prototype as { require(this: Module, id: unknown): unknown }
modulePrototype.require = function (id) {
  return requireFrom(this, id)
}
const load = (module: Module, path: string): void => evaluate(module, codeOf(path) as ModuleCode)
extensions['.js'] = load
extensions['.json'] = load
extensions['.node'] = load

export function setProgram(given: Program, placeTable: string): void {
  program = given
  places = placeTable
  for (let index = 0; index < program.modules.length; index++) {
    const pair = program.modules[index] as Program['modules'][number]
    codes[pair[0]] = pair[1]
  }
  // Asked for when a stack is read that needs it.
  setProgramLines(program.lines, (part, line, column) => getLoader()?.findPlace(part, line, column))
}

/** It could not be taken: whoever asks for its entry hears why. */
export function refuseProgram(error: unknown): void {
  startError = error
}

/** Runs the entry module and what it loads. Throws what they throw; `ready` is there when an ES module waits. */
export function loadEntry(): { readonly exports: unknown; readonly ready: Promise<unknown> | undefined } {
  const code = codes[program.entry]
  if (code === undefined) throw startError ?? new ErrorCtor('The program did not start.')
  if (isEs(code)) return (getLoader() as Loader).runEntry(program.entry)
  return { exports: loadModule(program.entry, undefined).exports, ready: undefined }
}

/** Of a file of the program, or of one that the function has written. */
function codeOf(path: string): ModuleCode | undefined {
  return codes[path] ?? readWritten(path)
}

function hasCode(path: string): boolean {
  return codes[path] !== undefined || isWritten(path)
}

function isEs(code: ModuleCode | undefined): boolean {
  return typeof code === 'object' && ObjectHasOwn(code, 'es')
}

/** The rest of the loader, evaluated when it is first needed; plain CommonJS with literal names never needs it. */
function getLoader(): Loader | undefined {
  if (loader === undefined && program.loader !== undefined) {
    const { makeLoader } = program.loader() as { makeLoader: (core: ModuleCore) => Loader }
    const made = makeLoader({
      program,
      places,
      codes,
      hasCode,
      cache,
      extensions,
      Module: ModuleConstructor,
      builtinName,
      builtinNames,
      builtinOf,
      fallbackFor,
      loadModule,
      makeModule,
      makeRequire,
      refuse,
      resolveFrom,
    })
    loader = made
    defineBuiltin('module', () => made.moduleBuiltin)
  }
  return loader
}

function loadModule(path: string, parent: Module | undefined): Module {
  const cached = cache[path]
  if (cached !== undefined) {
    if (parent !== undefined) addChild(parent, cached)
    if (!cached.loaded && isEs(codes[path])) (getLoader() as Loader).requireModule(cached)
    return cached
  }
  const module = makeModule(path, parent)
  if (main === undefined && parent === undefined && path === program.entry) {
    main = module
    module.id = '.'
  }
  cache[path] = module
  let isLoaded = false
  try {
    evaluate(module, codeOf(path) as ModuleCode)
    isLoaded = true
  } finally {
    // As in Node: a module that threw is loaded anew by the next require.
    if (!isLoaded) {
      delete cache[path]
      if (parent !== undefined) removeChild(parent, module)
    }
  }
  module.loaded = true
  return module
}

function evaluate(module: Module, code: ModuleCode): void {
  if (typeof code === 'function') run(module, code)
  else if (ObjectHasOwn(code, 'json')) {
    module.exports = parseJson(module.filename, (code as { json: string }).json)
  } else if (isEs(code)) (getLoader() as Loader).requireModule(module)
  else refuse(code)
}

function run(module: Module, code: ModuleWrapper): void {
  const { exports, filename, path } = module
  const require = makeRequire(module)
  const imported = code.length > 5 ? getLoader()?.importerOf(filename) : undefined
  ReflectApply(code, exports, [exports, require, module, filename, path, imported])
}

function refuse(code: ModuleCode): never {
  if (ObjectHasOwn(code, 'syntaxError'))
    throw new SyntaxErrorCtor((code as { syntaxError: string }).syntaxError)
  const { error, code: errorCode, name } = code as { error: string; code?: string; name: string }
  const Ctor = name === 'TypeError' ? TypeErrorCtor : name === 'SyntaxError' ? SyntaxErrorCtor : ErrorCtor
  throw errorCode === undefined ? new Ctor(error) : codedError(new Ctor(error), errorCode)
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSONParse(text)
  } catch (error) {
    throw new SyntaxErrorCtor(`${path}: ${(error as Error).message}`)
  }
}

export function makeModule(path: string, parent: Module | undefined): Module {
  const module = ObjectCreate(modulePrototype) as unknown as Module
  fillModule(module, path, parent)
  return module
}

function fillModule(module: Module, path: string, parent: Module | undefined): void {
  const folder = folderOf(path)
  module.id = path
  module.path = folder
  module.exports = {}
  module.filename = path
  module.loaded = false
  module.children = []
  module.paths = searchPaths(folder)
  module.parent = parent
  if (parent !== undefined) addChild(parent, module)
}

export function makeRequire(module: Module): RequireFunction {
  const require = ((specifier: unknown) => requireFrom(module, specifier)) as RequireFunction
  const resolve = ((specifier: unknown, options?: { paths?: readonly string[] }) =>
    resolveFrom(module, specifier, options)) as RequireFunction['resolve']
  resolve.paths = specifier => {
    checkSpecifier(specifier, 'request')
    if (builtinName(specifier) !== undefined) return null
    return isPath(specifier) ? [folderOf(module.filename)] : searchPaths(folderOf(module.filename))
  }
  require.resolve = resolve
  require.cache = cache as Record<string, unknown>
  require.extensions = extensions
  require.main = main
  return require
}

function addChild(parent: Module, module: Module): void {
  const { children } = parent
  for (let index = 0; index < children.length; index++) if (children[index] === module) return
  children[children.length] = module
}

function removeChild({ children }: Module, module: Module): void {
  if (children[children.length - 1] === module) children.length--
}

function requireFrom(module: Module, specifier: unknown): unknown {
  const target = resolveFrom(module, specifier)
  const name = StringStartsWith(target, '/') ? undefined : builtinName(target)
  return name === undefined ? loadModule(target, module).exports : builtinOf(name)
}

/** Some are defined with their scheme, `node:test`, and are only meant by that. */
function builtinName(specifier: string): string | undefined {
  if (hasBuiltin(specifier)) return specifier
  if (!StringStartsWith(specifier, 'node:')) {
    return specifier === 'module' && getLoader() !== undefined ? specifier : undefined
  }
  const name = StringSlice(specifier, 5)
  return !hasBuiltin(name) && !(name === 'module' && getLoader()) ? undefined : name
}

function resolveFrom(
  module: Module,
  specifier: unknown,
  options?: { readonly paths?: readonly string[] },
): string {
  checkSpecifier(specifier)
  if (builtinName(specifier) !== undefined) return specifier
  if (StringStartsWith(specifier, 'node:')) {
    throw unknownBuiltin(specifier)
  }
  const resolved =
    options?.paths === undefined
      ? resolveSpecifier(module.filename, specifier)
      : resolveIn(options.paths, specifier)
  if (resolved !== undefined) return resolved
  const fallback = fallbackFor(specifier)
  if (fallback !== undefined) return fallback
  throw missingModule(module, specifier)
}

function resolveIn(folders: readonly string[], specifier: string): string | undefined {
  for (let index = 0; index < folders.length; index++) {
    const found = resolveSpecifier(`${joinPath('/', folders[index] as string)}/noop.js`, specifier)
    if (found !== undefined) return found
  }
  return undefined
}

/** What deploy resolved for this file, then Node's rules over the known files. */
function resolveSpecifier(from: string, specifier: string): string | undefined {
  const { resolutions } = program
  const table = ObjectHasOwn(resolutions, from) ? resolutions[from] : undefined
  if (table !== undefined && ObjectHasOwn(table, specifier)) return table[specifier]
  const more = getLoader()
  if (more !== undefined) return more.resolve(from, specifier, 'require')
  if (isPath(specifier)) {
    return resolveFile(joinPath(StringStartsWith(specifier, '/') ? '/' : folderOf(from), specifier))
  }
  const folders = searchPaths(folderOf(from))
  for (let index = 0; index < folders.length; index++) {
    const found = resolveFile(joinPath(folders[index] as string, specifier))
    if (found !== undefined) return found
  }
  return undefined
}

const SUFFIXES = ['', '.js', '.json', '/index.js', '/index.json']

function resolveFile(path: string): string | undefined {
  for (let index = 0; index < SUFFIXES.length; index++) {
    const candidate = path + SUFFIXES[index]
    if (hasCode(candidate)) return candidate
  }
  return undefined
}
