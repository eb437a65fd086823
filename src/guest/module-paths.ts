import { GUEST_ROOT, type ModuleCode, type PackageManifest } from '../protocol/bridge.ts'
import { codedError } from './coded-error.ts'
import {
  DecodeURIComponent,
  ErrorCtor,
  JSONParse,
  ObjectCreate,
  ObjectHasOwn,
  ObjectKeys,
  RegExpExec,
  StringEndsWith,
  StringIndexOf,
  StringSlice,
  StringSplit,
  StringStartsWith,
  TypeErrorCtor,
} from './intrinsics.ts'
import type { ModuleCore, ResolutionKind } from './module.ts'
import { resolveExports, resolveImports, type TargetRequest } from './package-targets.ts'
import { folderOf, isPath, joinPath, searchPaths } from './paths.ts'

const SCRIPTS = ['', '.js', '.json', '.node']
const TYPED_SCRIPTS = ['', '.ts', '.tsx', '.mts', '.cts', '.js', '.json', '.mjs', '.cjs']

/** Node's resolution of names that only the run tells, over the files that the program has. */
export class ModulePaths {
  readonly #codes: ModuleCore['codes']
  readonly #core: ModuleCore
  readonly #manifests = ObjectCreate(null) as Record<string, PackageManifest | null>

  constructor(core: ModuleCore) {
    this.#core = core
    this.#codes = core.codes
  }

  /** A path or the name of a built-in; undefined when `require` finds nothing. Throws Node's errors else. */
  resolve(from: string, specifier: string, kind: ResolutionKind): string | undefined {
    if (kind === 'require') return this.#resolveRequire(from, specifier)
    const table = this.#core.program.imports
    if (table !== undefined && ObjectHasOwn(table, from)) {
      const own = table[from] as Record<string, string>
      if (ObjectHasOwn(own, specifier)) return own[specifier]
    }
    return this.#resolveImport(from, specifier)
  }

  #resolveRequire(from: string, specifier: string): string | undefined {
    if (StringStartsWith(specifier, '#')) return this.#resolveInternal(from, specifier, 'require')
    if (isPath(specifier)) {
      const path = joinPath(StringStartsWith(specifier, '/') ? '/' : folderOf(from), specifier)
      const isFolder = RegExpExec(/(?:^|\/)\.{0,2}$/, specifier) !== null
      return (isFolder ? undefined : this.#asFile(path, SCRIPTS)) ?? this.#asFolder(path, SCRIPTS)
    }
    return this.#resolvePackage(from, specifier, 'require')
  }

  #resolveImport(from: string, specifier: string): string {
    if (StringStartsWith(specifier, 'file:')) return this.#resolveUrl(from, StringSlice(specifier, 5))
    if (isPath(specifier)) return this.#resolveUrl(from, specifier)
    if (StringStartsWith(specifier, '#')) return this.#resolveInternal(from, specifier, 'import') as string
    const scheme = RegExpExec(/^([a-z][a-z0-9+.-]*:)/i, specifier)?.[1]
    if (scheme !== undefined) throw schemeError(scheme)
    const found = this.#resolvePackage(from, specifier, 'import')
    if (found !== undefined) return found
    throw notFound('package', packageName(specifier), from)
  }

  /** A path as a URL has it. */
  #resolveUrl(from: string, text: string): string {
    const withoutQuery = StringSplit(StringSplit(text, '?')[0] as string, '#')[0] as string
    const plain = StringStartsWith(withoutQuery, '//') ? StringSlice(withoutQuery, 2) : withoutQuery
    const path = joinPath(StringStartsWith(plain, '/') ? '/' : folderOf(from), decode(plain))
    return this.#exact(path, from, plain)
  }

  /** What `import` names must be a file's whole name, but in TypeScript. */
  #exact(path: string, from: string, specifier: string): string {
    const isTyped = RegExpExec(/\.[cm]?tsx?$/, from) !== null
    const isFolder = StringEndsWith(specifier, '/')
    const found = isFolder ? undefined : this.#asFile(path, isTyped ? TYPED_SCRIPTS : [''])
    if (found !== undefined) return found
    const inFolder = isTyped ? this.#asFolder(path, TYPED_SCRIPTS) : undefined
    if (inFolder !== undefined) return inFolder
    if (this.#hasFolder(path)) {
      const said = `Directory import '${path}${isFolder ? '/' : ''}' is not supported resolving ES modules imported from ${from}`
      throw codedError(new ErrorCtor(said), 'ERR_UNSUPPORTED_DIR_IMPORT')
    }
    throw notFound('module', path, from)
  }

  #resolveInternal(from: string, name: string, kind: ResolutionKind): string | undefined {
    const folder = this.#scopeOf(from)
    const manifest = folder === undefined ? undefined : this.#manifestOf(folder)
    const target = resolveImports({ folder: folder ?? '', manifest, kind, from }, name)
    if (!target.isName) return this.#there(target.text, from, name, kind)
    if (this.#core.builtinName(target.text) !== undefined) return target.text
    return kind === 'import'
      ? this.#resolveImport(`${folder}/package.json`, target.text)
      : this.#resolvePackage(`${folder}/package.json`, target.text, kind)
  }

  #resolvePackage(from: string, specifier: string, kind: ResolutionKind): string | undefined {
    const name = packageName(specifier)
    if (kind === 'import' && RegExpExec(/^\.|[%\\]|^@[^/]*$|^$/, name) !== null) {
      throw codedError(
        new TypeErrorCtor(`Invalid module "${specifier}" is not a valid package name imported from ${from}`),
        'ERR_INVALID_MODULE_SPECIFIER',
      )
    }
    const subpath = `.${StringSlice(specifier, name.length)}`
    const scope = this.#scopeOf(from)
    const own = scope === undefined ? undefined : this.#manifestOf(scope)
    if (scope !== undefined && own?.name === name && own.exports !== undefined && own.exports !== null) {
      return this.#exported({ folder: scope, manifest: own, kind, from }, subpath, specifier)
    }
    const folders = searchPaths(folderOf(from))
    for (let index = 0; index < folders.length; index++) {
      const folder = `${folders[index]}/${name}`
      const found = this.#inPackage(folder, subpath, { kind, from, specifier })
      if (found !== undefined) return found
    }
    return undefined
  }

  #inPackage(
    folder: string,
    subpath: string,
    { kind, from, specifier }: Pick<TargetRequest, 'kind' | 'from'> & { readonly specifier: string },
  ): string | undefined {
    const manifest = this.#manifestOf(folder)
    if (manifest !== undefined && manifest.exports !== undefined && manifest.exports !== null) {
      return this.#exported({ folder, manifest, kind, from }, subpath, specifier)
    }
    const path = joinPath(folder, subpath)
    if (kind === 'require') return this.#asFile(path, SCRIPTS) ?? this.#asFolder(path, SCRIPTS)
    if (subpath === '.') return this.#asFolder(folder, SCRIPTS)
    return this.#hasFolder(folder) ? this.#exact(path, from, subpath) : undefined
  }

  #exported(request: TargetRequest, subpath: string, specifier: string): string | undefined {
    return this.#there(resolveExports(request, subpath), request.from, specifier, request.kind)
  }

  /** A file that a package.json names. */
  #there(path: string, from: string, specifier: string, kind: ResolutionKind): string | undefined {
    if (this.#codes[path] !== undefined) return path
    return kind === 'import' ? this.#exact(path, from, specifier) : undefined
  }

  #asFile(path: string, suffixes: readonly string[]): string | undefined {
    for (let index = 0; index < suffixes.length; index++) {
      const candidate = path + suffixes[index]
      if (this.#core.hasCode(candidate)) return candidate
    }
    return undefined
  }

  #asFolder(folder: string, suffixes: readonly string[]): string | undefined {
    const main = this.#manifestOf(folder)?.main
    if (typeof main === 'string' && main !== '') {
      const path = joinPath(folder, main)
      const found = this.#asFile(path, suffixes) ?? this.#asFile(`${path}/index`, suffixes)
      if (found !== undefined) return found
    }
    return this.#asFile(`${folder}/index`, suffixes)
  }

  /** The folder of the package.json that a file is under, within its package. */
  #scopeOf(from: string): string | undefined {
    let folder = folderOf(from)
    while (StringStartsWith(folder, GUEST_ROOT) && !StringEndsWith(folder, '/node_modules')) {
      if (this.#manifestOf(folder) !== undefined) return folder
      folder = folderOf(folder)
    }
    return undefined
  }

  #manifestOf(folder: string): PackageManifest | undefined {
    let manifest = this.#manifests[folder]
    if (manifest === undefined) {
      manifest = this.#readManifest(folder) ?? null
      this.#manifests[folder] = manifest
    }
    return manifest ?? undefined
  }

  #readManifest(folder: string): PackageManifest | undefined {
    const code: ModuleCode | undefined = this.#codes[`${folder}/package.json`]
    if (typeof code === 'object' && ObjectHasOwn(code, 'json')) return parseManifest(code as { json: string })
    const { packages } = this.#core.program
    return packages !== undefined && ObjectHasOwn(packages, folder) ? packages[folder] : undefined
  }

  #hasFolder(folder: string): boolean {
    const paths = ObjectKeys(this.#codes)
    for (let index = 0; index < paths.length; index++) {
      if (StringStartsWith(paths[index] as string, `${folder}/`)) return true
    }
    return this.#manifestOf(folder) !== undefined
  }
}

function parseManifest({ json }: { readonly json: string }): PackageManifest {
  try {
    return (JSONParse(json) ?? {}) as PackageManifest
  } catch {
    // Broken: it then says nothing, and requiring it says why.
    return {}
  }
}

/** `@scope/name/x` → `@scope/name`. */
function packageName(specifier: string): string {
  const first = StringIndexOf(specifier, '/')
  if (first < 0) return specifier
  if (!StringStartsWith(specifier, '@')) return StringSlice(specifier, 0, first)
  const rest = StringIndexOf(StringSlice(specifier, first + 1), '/')
  return rest < 0 ? specifier : StringSlice(specifier, 0, first + 1 + rest)
}

function decode(path: string): string {
  try {
    return DecodeURIComponent(path)
  } catch {
    // No URL's path; no file has that name.
    return path
  }
}

function notFound(what: 'module' | 'package', name: string, from: string): Error {
  return codedError(
    new ErrorCtor(`Cannot find ${what} '${name}' imported from ${from}`),
    'ERR_MODULE_NOT_FOUND',
  )
}

function schemeError(scheme: string): Error {
  return codedError(
    new ErrorCtor(
      `Only URLs with a scheme in: file and node are supported by the loader of functions. Received protocol '${scheme}'`,
    ),
    'ERR_UNSUPPORTED_ESM_URL_SCHEME',
  )
}
