import type { PackageManifest } from '../protocol/bridge.ts'
import { codedError } from './coded-error.ts'
import {
  ArrayIsArray,
  ErrorCtor,
  JSONStringify,
  ObjectHasOwn,
  ObjectKeys,
  RegExpExec,
  StringEndsWith,
  StringIndexOf,
  StringLastIndexOf,
  StringSlice,
  StringSplit,
  StringStartsWith,
  TypeErrorCtor,
} from './intrinsics.ts'
import type { ResolutionKind } from './module.ts'
import { joinPath } from './paths.ts'

/**
 * What a package.json's "exports" and "imports" say, by the algorithm of Node's documentation (PACKAGE_EXPORTS_RESOLVE
 * and its like), with its errors.
 */
export interface TargetRequest {
  readonly folder: string
  readonly manifest: PackageManifest
  readonly kind: ResolutionKind
  /** Who asks, for the errors of `import`. */
  readonly from: string
}

/** A path of the package's, or for "imports" the name of another. */
export interface Target {
  readonly isName: boolean
  readonly text: string
}

type Lookup = TargetRequest & { readonly isImports: boolean; readonly asked: string }

const CONDITIONS: Record<ResolutionKind, string> = {
  require: ' node require module-sync default ',
  import: ' node import module-sync default ',
}

/** Which file `subpath`, `.` or `./x`, is. */
export function resolveExports(request: TargetRequest, subpath: string): string {
  const given = request.manifest.exports
  const map = isMainOnly(request, given) ? { '.': given } : (given as Record<string, unknown>)
  const target = lookUp({ ...request, isImports: false, asked: subpath }, map)
  if (target !== undefined && target !== null) return target.text
  const config = `${request.folder}/package.json`
  const said =
    subpath === '.'
      ? `No "exports" main defined in ${config}`
      : `Package subpath '${subpath}' is not defined by "exports" in ${config}`
  throw codedError(new ErrorCtor(said + importer(request)), 'ERR_PACKAGE_PATH_NOT_EXPORTED')
}

/** What `#name` is. `manifest` is undefined where no package.json is above. */
export function resolveImports(
  request: Omit<TargetRequest, 'manifest'> & { readonly manifest: PackageManifest | undefined },
  name: string,
): Target {
  const { manifest, folder, from } = request
  if (name === '#' || StringEndsWith(name, '/')) {
    throw codedError(
      new TypeErrorCtor(
        `Invalid module "${name}" is not a valid internal imports specifier name imported from ${from}`,
      ),
      'ERR_INVALID_MODULE_SPECIFIER',
    )
  }
  const map = manifest?.imports
  const target =
    manifest === undefined || typeof map !== 'object' || map === null
      ? undefined
      : lookUp({ ...request, manifest, isImports: true, asked: name }, map as Record<string, unknown>)
  if (target !== undefined && target !== null) return target
  const where = manifest === undefined ? '' : ` in package ${folder}/package.json`
  throw codedError(
    new TypeErrorCtor(`Package import specifier "${name}" is not defined${where} imported from ${from}`),
    'ERR_PACKAGE_IMPORT_NOT_DEFINED',
  )
}

/** Whether "exports" says only what the package's main is. */
function isMainOnly(request: TargetRequest, given: unknown): boolean {
  if (typeof given !== 'object' || given === null || ArrayIsArray(given)) return true
  const keys = ObjectKeys(given)
  let isMain = false
  for (let index = 0; index < keys.length; index++) {
    const isCondition = !StringStartsWith(keys[index] as string, '.')
    if (index > 0 && isCondition !== isMain) {
      throw configError(
        request,
        `"exports" cannot contain some keys starting with '.' and some not. The exports object must either be an ` +
          'object of package subpath keys or an object of main entry condition name keys only.',
      )
    }
    isMain = isCondition
  }
  return isMain
}

function configError({ folder, from }: TargetRequest, message: string): Error {
  return codedError(
    new ErrorCtor(`Invalid package config ${folder}/package.json while importing ${from}. ${message}`),
    'ERR_INVALID_PACKAGE_CONFIG',
  )
}

function lookUp(lookup: Lookup, map: Record<string, unknown>): Target | null | undefined {
  const { asked } = lookup
  const isPlain = StringIndexOf(asked, '*') < 0 && !StringEndsWith(asked, '/')
  if (isPlain && ObjectHasOwn(map, asked)) return readTarget(lookup, map[asked], asked, undefined)
  const keys = ObjectKeys(map)
  let best = ''
  let inner = ''
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string
    const star = StringIndexOf(key, '*')
    if (star < 0 || StringLastIndexOf(key, '*') !== star) continue
    const tail = StringSlice(key, star + 1)
    const fits =
      StringStartsWith(asked, StringSlice(key, 0, star)) &&
      asked.length >= key.length &&
      StringEndsWith(asked, tail)
    if (!fits || !isMoreSpecific(key, best)) continue
    best = key
    inner = StringSlice(asked, star, asked.length - tail.length)
  }
  return best === '' ? undefined : readTarget(lookup, map[best], best, inner)
}

/** By the length of what stands before the star, then by the whole. */
function isMoreSpecific(key: string, than: string): boolean {
  const base = StringIndexOf(key, '*') + 1
  const star = StringIndexOf(than, '*')
  const otherBase = star < 0 ? than.length : star + 1
  return base > otherBase || (base === otherBase && (star < 0 || key.length > than.length))
}

/** Undefined where no condition fits, null where the package says that there is nothing. */
function readTarget(
  lookup: Lookup,
  target: unknown,
  key: string,
  inner: string | undefined,
): Target | null | undefined {
  if (target === null) return null
  if (typeof target === 'string') return readPath(lookup, target, key, inner)
  if (typeof target !== 'object') throw targetError(lookup, target, key)
  return ArrayIsArray(target)
    ? readFirst(lookup, target as unknown[], key, inner)
    : readConditions(lookup, target as Record<string, unknown>, key, inner)
}

function readFirst(
  lookup: Lookup,
  targets: readonly unknown[],
  key: string,
  inner: string | undefined,
): Target | null | undefined {
  let failed: unknown = null
  for (let index = 0; index < targets.length; index++) {
    try {
      const found = readTarget(lookup, targets[index], key, inner)
      if (found === null) failed = null
      if (found !== null && found !== undefined) return found
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_INVALID_PACKAGE_TARGET') throw error
      failed = error
    }
  }
  if (failed !== null) throw failed
  return null
}

function readConditions(
  lookup: Lookup,
  target: Record<string, unknown>,
  key: string,
  inner: string | undefined,
): Target | null | undefined {
  const names = ObjectKeys(target)
  for (let index = 0; index < names.length; index++) {
    if (RegExpExec(/^(?:0|[1-9]\d*)$/, names[index] as string) !== null) {
      throw configError(lookup, '"exports" cannot contain numeric property keys.')
    }
  }
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string
    if (StringIndexOf(CONDITIONS[lookup.kind], ` ${name} `) < 0) continue
    const found = readTarget(lookup, target[name], key, inner)
    if (found !== undefined) return found
  }
  return undefined
}

const LEAVES = /(?:^|\/|\\)(?:\.\.?|node_modules)(?:\/|\\|$)/i

function readPath(lookup: Lookup, target: string, key: string, inner: string | undefined): Target {
  const filled = inner === undefined ? target : fill(target, inner)
  if (!StringStartsWith(target, './')) {
    const isPath = StringStartsWith(target, '/') || StringStartsWith(target, '../')
    const isUrl = RegExpExec(/^[a-z][a-z0-9+.-]*:/i, target) !== null
    if (lookup.isImports && !isPath && !isUrl) return { isName: true, text: filled }
    throw targetError(lookup, target, key)
  }
  if (RegExpExec(LEAVES, StringSlice(target, 2)) !== null) throw targetError(lookup, target, key)
  if (inner !== undefined && RegExpExec(LEAVES, inner) !== null) {
    throw codedError(
      new TypeErrorCtor(
        `Invalid module "${lookup.asked}" request is not a valid match in pattern "${key}" for the ` +
          `"${lookup.isImports ? 'imports' : 'exports'}" resolution of ${lookup.folder}/package.json${importer(lookup)}`,
      ),
      'ERR_INVALID_MODULE_SPECIFIER',
    )
  }
  return { isName: false, text: joinPath(lookup.folder, filled) }
}

/** Each star of a target is what the star of the key stood for. */
function fill(target: string, inner: string): string {
  const parts = StringSplit(target, '*')
  let filled = parts[0] as string
  for (let index = 1; index < parts.length; index++) filled += inner + parts[index]
  return filled
}

function targetError(lookup: Lookup, target: unknown, key: string): Error {
  const { isImports, folder } = lookup
  const isRelativeError = typeof target === 'string' && !isImports && target.length > 0
  const needs = isRelativeError && !StringStartsWith(target as string, './')
  const what = key === '.' ? '"exports" main' : `"${isImports ? 'imports' : 'exports'}"`
  const forKey = key === '.' ? 'defined' : `defined for '${key}'`
  return codedError(
    new ErrorCtor(
      `Invalid ${what} target ${JSONStringify(target)} ${forKey} in the package config ${folder}/package.json` +
        `${importer(lookup)}${needs ? '; targets must start with "./"' : ''}`,
    ),
    'ERR_INVALID_PACKAGE_TARGET',
  )
}

function importer({ kind, from }: Pick<TargetRequest, 'kind' | 'from'>): string {
  return kind === 'import' ? ` imported from ${from}` : ''
}
