import type { ModuleCode, Program } from '../protocol/bridge.ts'
import { GUEST_ROOT } from '../protocol/bridge.ts'
import { setProgramLines } from './errors.ts'
import { fallbackOf, isFallback } from './fallback.ts'
import {
  ErrorCtor,
  JSONParse,
  MapCtor,
  MapGet,
  MapSet,
  ObjectCreate,
  ObjectHasOwn,
  ReflectApply,
  StringEndsWith,
  StringLastIndexOf,
  StringSlice,
  StringSplit,
  StringStartsWith,
  SyntaxErrorCtor,
  TypeErrorCtor,
} from './intrinsics.ts'
import { isWritten, readWritten } from './written-module.ts'

/** A CommonJS module object, as user code sees it. */
interface Module {
  id: string
  filename: string
  path: string
  loaded: boolean
  exports: unknown
  parent: Module | undefined
  children: Module[]
  paths: string[]
  require: RequireFunction
}

interface RequireFunction {
  (specifier: unknown): unknown
  resolve(specifier: unknown): string
  cache: Record<string, unknown>
  main: Module | undefined
}

let entry = ''
const modules = ObjectCreate(null) as Record<string, ModuleCode>
let resolutions: Program['resolutions'] = {}
const builtins = new MapCtor<string, () => unknown>()
const builtinExports = new MapCtor<string, unknown>()
const cache = ObjectCreate(null) as Record<string, Module>
let main: Module | undefined

export function setProgram(program: Program): void {
  entry = program.entry
  resolutions = program.resolutions
  for (let index = 0; index < program.modules.length; index++) {
    const pair = program.modules[index] as Program['modules'][number]
    modules[pair[0]] = pair[1]
  }
  setProgramLines(program.lines)
}

/** A module every function has without installing it; made at its first require. */
export function defineBuiltin(name: string, make: () => unknown): void {
  MapSet(builtins, name, make)
}

/** What a package of the runtime's own gets as its `require`: modules that every function has. */
export function requireBuiltin(name: string): unknown {
  return builtinOf(StringStartsWith(name, 'node:') ? StringSlice(name, 5) : name)
}

/** Runs the entry module, and what it requires, and returns its exports. Throws what they throw. */
export function loadEntry(): unknown {
  return loadModule(entry, undefined).exports
}

function loadModule(path: string, parent: Module | undefined): Module {
  const cached = cache[path]
  if (cached !== undefined) return cached
  const code = modules[path] ?? (readWritten(path) as ModuleCode)
  const module = makeModule(path, parent)
  main ??= module
  module.require.main = main
  cache[path] = module
  let isLoaded = false
  try {
    evaluate(module, code)
    isLoaded = true
  } finally {
    // As in Node: a module that threw is loaded anew by the next require.
    if (!isLoaded) delete cache[path]
  }
  module.loaded = true
  return module
}

function evaluate(module: Module, code: ModuleCode): void {
  if (typeof code === 'function') {
    ReflectApply(code, module.exports, [module.exports, module.require, module, module.filename, module.path])
  } else if ('json' in code) {
    module.exports = parseJson(module.filename, code.json)
  } else {
    throw new SyntaxErrorCtor(code.syntaxError)
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSONParse(text)
  } catch (error) {
    throw new SyntaxErrorCtor(`${path}: ${(error as Error).message}`)
  }
}

function makeModule(path: string, parent: Module | undefined): Module {
  const folder = folderOf(path)
  const resolve = (specifier: unknown): string => resolveOrThrow(path, specifier)
  const require = ((specifier: unknown) => {
    const target = resolve(specifier)
    if (isBuiltin(target)) return builtinOf(target)
    return isFallback(target) ? fallbackOf(target) : loadModule(target, module).exports
  }) as RequireFunction
  require.resolve = resolve
  require.cache = cache as Record<string, unknown>
  const module: Module = {
    id: parent === undefined ? '.' : path,
    filename: path,
    path: folder,
    loaded: false,
    exports: {},
    parent,
    children: [],
    paths: searchPaths(folder),
    require,
  }
  if (parent !== undefined) parent.children[parent.children.length] = module
  return module
}

function isBuiltin(name: string): boolean {
  return MapGet(builtins, name) !== undefined
}

function builtinOf(name: string): unknown {
  const made = MapGet(builtinExports, name)
  if (made !== undefined) return made
  const exported = (MapGet(builtins, name) as () => unknown)()
  MapSet(builtinExports, name, exported)
  return exported
}

function resolveOrThrow(from: string, specifier: unknown): string {
  if (typeof specifier !== 'string') {
    throw codedError(
      new TypeErrorCtor(`The "id" argument must be of type string. Received ${typeof specifier}`),
      'ERR_INVALID_ARG_TYPE',
    )
  }
  if (specifier === '') {
    throw codedError(
      new TypeErrorCtor('The argument "id" must be a non-empty string.'),
      'ERR_INVALID_ARG_VALUE',
    )
  }
  const resolved = resolveSpecifier(from, specifier)
  if (resolved !== undefined) return resolved
  if (isFallback(specifier)) return specifier
  throw codedError(new ErrorCtor(missingMessage(from, specifier)), 'MODULE_NOT_FOUND')
}

/** Node's order: built-in names, then what deploy resolved for this file, then the same rules over the known files. */
function resolveSpecifier(from: string, specifier: string): string | undefined {
  // Some are defined with their scheme, and only meant by that.
  if (isBuiltin(specifier)) return specifier
  const name = StringStartsWith(specifier, 'node:') ? StringSlice(specifier, 5) : specifier
  if (isBuiltin(name)) return name
  const table = ObjectHasOwn(resolutions, from) ? resolutions[from] : undefined
  if (table !== undefined && ObjectHasOwn(table, specifier)) return table[specifier]
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

const SUFFIXES = ['', '.js', '.json', '.cjs', '/index.js', '/index.json']

function resolveFile(path: string): string | undefined {
  for (let index = 0; index < SUFFIXES.length; index++) {
    const candidate = path + SUFFIXES[index]
    if (modules[candidate] !== undefined || isWritten(candidate)) return candidate
  }
  return undefined
}

function isPath(specifier: string): boolean {
  return (
    specifier === '.' ||
    specifier === '..' ||
    StringStartsWith(specifier, './') ||
    StringStartsWith(specifier, '../') ||
    StringStartsWith(specifier, '/')
  )
}

/** `a/b` + `../c` → `a/c`; never above the root. */
function joinPath(folder: string, specifier: string): string {
  const parts = StringSplit(`${folder}/${specifier}`, '/')
  const kept: string[] = []
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] as string
    if (part === '' || part === '.') continue
    if (part === '..') kept.length = kept.length > 0 ? kept.length - 1 : 0
    else kept[kept.length] = part
  }
  let path = ''
  for (let index = 0; index < kept.length; index++) path += `/${kept[index]}`
  return path
}

function folderOf(path: string): string {
  return StringSlice(path, 0, StringLastIndexOf(path, '/'))
}

/** The node_modules folders a module in `folder` looks into, nearest first, as in Node but not above the function. */
function searchPaths(folder: string): string[] {
  const paths: string[] = []
  let current = folder
  while (StringStartsWith(current, GUEST_ROOT)) {
    if (!StringEndsWith(current, '/node_modules')) paths[paths.length] = `${current}/node_modules`
    current = folderOf(current)
  }
  return paths
}

/** Node's built-in modules, to tell "not offered" from "not installed". */
const NODE_NAMES =
  ' assert async_hooks child_process cluster console constants crypto dgram diagnostics_channel dns domain events fs http http2 https inspector module net os path perf_hooks process punycode querystring readline repl stream string_decoder sys timers tls trace_events tty url util v8 vm wasi worker_threads zlib '

function missingMessage(from: string, specifier: string): string {
  const name = StringStartsWith(specifier, 'node:') ? StringSlice(specifier, 5) : specifier
  const isNodeModule = StringSplit(NODE_NAMES, ` ${StringSplit(name, '/')[0]} `).length > 1
  const hint = isNodeModule
    ? `The Node.js built-in "${name}" is not offered to functions by this version of cloudlet.`
    : isPath(specifier)
      ? 'Check the path and the letter case of the file name.'
      : `Run "npm install ${name}" in the function's folder and deploy it again.`
  return `Cannot find module '${specifier}'\nRequire stack:\n- ${from}\n${hint}`
}

function codedError(error: Error, code: string): Error {
  return Object.assign(error, { code })
}
