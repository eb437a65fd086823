import { GUEST_ROOT } from '../protocol/bridge.ts'
import { codedError } from './coded-error.ts'
import {
  DecodeURIComponent,
  ErrorCtor,
  ObjectAssign,
  ObjectCreate,
  StringCtor,
  StringEndsWith,
  StringSlice,
  StringStartsWith,
  TypeErrorCtor,
} from './intrinsics.ts'
import type { Module, ModuleCore, RequireFunction } from './module.ts'
import { joinPath, searchPaths } from './paths.ts'

/**
 * What `require('module')` is: Node's, of what makes sense where every file was prepared at deploy. Its hooks would
 * change how files are compiled, and say that they can't.
 */
export function makeModuleBuiltin(core: ModuleCore): unknown {
  const { Module } = core
  const isBuiltin = (specifier: unknown): boolean =>
    typeof specifier === 'string' && core.builtinName(specifier) !== undefined
  const names = core.builtinNames()
  const builtinModules: string[] = []
  for (let index = 0; index < names.length; index++) {
    if (names[index] !== 'wx-server-sdk') builtinModules[builtinModules.length] = names[index] as string
  }
  const load = (request: unknown, parent?: Module): unknown => {
    const from = parent ?? core.makeModule(`${GUEST_ROOT}/noop.js`, undefined)
    return core.makeRequire(from)(request)
  }
  return ObjectAssign(Module, {
    Module,
    builtinModules,
    createRequire: (place: unknown) => createRequire(core, place),
    isBuiltin,
    wrap: (script: string) => wrapper[0] + script + wrapper[1],
    wrapper,
    globalPaths: [],
    syncBuiltinESMExports: () => undefined,
    findSourceMap: () => undefined,
    enableCompileCache: () => ({ status: 3 }),
    getCompileCacheDir: () => undefined,
    flushCompileCache: () => undefined,
    constants: { compileCacheStatus: { FAILED: 0, ENABLED: 1, ALREADY_ENABLED: 2, DISABLED: 3 } },
    register: hookless('register'),
    registerHooks: hookless('registerHooks'),
    _cache: core.cache,
    _extensions: core.extensions,
    _pathCache: ObjectCreate(null),
    _load: load,
    _nodeModulePaths: (folder: unknown) => searchPaths(StringCtor(folder)),
    _resolveFilename: (
      request: unknown,
      parent?: Module,
      _isMain?: boolean,
      options?: { paths?: string[] },
    ) => core.resolveFrom(parent ?? core.makeModule(`${GUEST_ROOT}/noop.js`, undefined), request, options),
  })
}

const wrapper = ['(function (exports, require, module, __filename, __dirname) { ', '\n});']

function hookless(name: string): () => never {
  return () => {
    throw codedError(
      new ErrorCtor(
        `module.${name}() is not offered to functions: their files are compiled when they are deployed. ` +
          'Convert them before that, or write them in TypeScript, which is converted at deploy.',
      ),
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    )
  }
}

/** `require` of a file that need not exist, named by path or URL. */
function createRequire(core: ModuleCore, place: unknown): RequireFunction {
  const text =
    typeof place === 'object' && place !== null ? StringCtor((place as { href?: unknown }).href) : place
  const path = typeof text === 'string' ? pathOf(text) : undefined
  if (path === undefined) {
    throw codedError(
      new TypeErrorCtor(
        `The argument 'filename' must be a file URL object, file URL string, or absolute path string. Received ${describe(place)}`,
      ),
      'ERR_INVALID_ARG_VALUE',
    )
  }
  const isFolder = StringEndsWith(path, '/')
  return core.makeRequire(core.makeModule(isFolder ? joinPath(path, 'noop.js') : path, undefined))
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : typeof value
}

function pathOf(text: string): string | undefined {
  if (StringStartsWith(text, 'file://')) return DecodeURIComponent(StringSlice(text, 7))
  return StringStartsWith(text, '/') ? text : undefined
}
