import { InvalidOptionError } from '../errors.ts'

/** What a path leads to. */
export interface HttpPathTarget {
  readonly functionName: string
  /** Whether the function is told the whole path, and not only what follows the mapped one. */
  readonly wholePath: boolean
}

/** A function's name, or with it whether it is told the whole path. Default: what follows the mapped path. */
export type HttpPathSetting = string | { readonly functionName: string; readonly wholePath?: boolean }

export interface HttpPathMatch {
  readonly functionName: string
  /** The path as the function is told it. */
  readonly path: string
}

/** Longest path that can be mapped, in characters. */
export const HTTP_PATH_CHARS = 256

export const HTTP_PATH_HINT = `a path such as "/hello/v1": letters, digits and _ . - ~ between slashes, ${HTTP_PATH_CHARS} characters at most, none at the end, and neither /healthz, /storage nor /functions, which are the door's own`

/** Whether a path can be mapped to a function. */
export function isHttpPath(path: unknown): path is string {
  if (path === '/') return true
  if (typeof path !== 'string' || path.length > HTTP_PATH_CHARS) return false
  const [before, first = '', ...others] = path.split('/')
  return before === '' && !DOORS_OWN.has(first) && [first, ...others].every(isSegment)
}

const DOORS_OWN: ReadonlySet<string> = new Set(['healthz', 'storage', 'functions'])

function isSegment(segment: string): boolean {
  return /^[\w.~-]+$/.test(segment) && segment !== '.' && segment !== '..'
}

/** @throws {InvalidOptionError} naming the path or target at fault. */
export function resolveHttpPaths(
  given: Readonly<Record<string, HttpPathSetting>>,
): ReadonlyMap<string, HttpPathTarget> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new InvalidOptionError('httpPaths', "httpPaths must be an object, e.g. { '/hello': 'sum' }.")
  }
  const paths = new Map<string, HttpPathTarget>()
  for (const [path, setting] of Object.entries(given)) {
    if (!isHttpPath(path)) {
      throw new InvalidOptionError(
        'httpPaths',
        `httpPaths: ${JSON.stringify(path)} must be ${HTTP_PATH_HINT}.`,
      )
    }
    paths.set(path, resolveTarget(path, setting))
  }
  return paths
}

function resolveTarget(path: string, setting: HttpPathSetting): HttpPathTarget {
  const { functionName, wholePath = false } =
    typeof setting === 'object' && setting !== null ? setting : { functionName: setting }
  if (typeof functionName === 'string' && functionName !== '' && typeof wholePath === 'boolean') {
    return { functionName, wholePath }
  }
  throw new InvalidOptionError(
    `httpPaths.${path}`,
    `httpPaths["${path}"] must be a function's name, or { functionName: 'sum', wholePath: true }.`,
  )
}

/** The mapped path that a request's begins with, segment by segment; the longest wins, as on the platform. */
export function findHttpPath(
  paths: ReadonlyMap<string, HttpPathTarget>,
  path: string,
): HttpPathMatch | undefined {
  if (paths.size === 0 || (path !== '' && !path.startsWith('/'))) return undefined
  // The first slash behind the longest path there can be: what is beyond it can't be part of one.
  let end = path.length <= HTTP_PATH_CHARS ? path.length : path.lastIndexOf('/', HTTP_PATH_CHARS)
  for (; end > 0; end = path.lastIndexOf('/', end - 1)) {
    const target = paths.get(path.slice(0, end))
    if (target !== undefined) return match(target, path, end)
  }
  const root = paths.get('/')
  return root === undefined ? undefined : match(root, path, 0)
}

function match({ functionName, wholePath }: HttpPathTarget, path: string, end: number): HttpPathMatch {
  return { functionName, path: (wholePath ? path : path.slice(end)) || '/' }
}
