import { PackageProblem } from './problem.ts'
import { checkPackageName, readSpec, type Spec } from './spec.ts'

/**
 * Packages a function has without their being installed: cloudlet brings them, and requires find its own first.
 * A package.json may list them; they are not fetched.
 */
export const PROVIDED_PACKAGES: ReadonlySet<string> = new Set(['wx-server-sdk'])

export interface Dependency {
  readonly name: string
  readonly spec: Spec
}

/** What of a package.json says which packages there are to be. */
export interface Manifest {
  /** Sorted by name, without those cloudlet provides. */
  readonly dependencies: readonly Dependency[]
  /** The same as npm is to read it: equal for manifests that ask for the same. */
  readonly fields: Readonly<Record<string, unknown>>
}

const LISTS = ['dependencies', 'optionalDependencies', 'peerDependencies'] as const
const FURTHER = ['peerDependenciesMeta', 'overrides', 'engines'] as const

/**
 * @param folder where it lies inside the function.
 * @throws {PackageProblem} for text that is no package.json, and for what can't be installed.
 */
export function readManifest(text: string, folder = '/'): Manifest {
  const given = parseObject(text, 'package.json')
  const dependencies = new Map<string, Dependency>()
  const fields: Record<string, unknown> = {}
  for (const list of LISTS) {
    const entries = entriesOf(given, list)
    const read = entries.flatMap(([name, spec]) => {
      if (PROVIDED_PACKAGES.has(name)) return []
      checkPackageName(name)
      return [{ name, spec: readSpec(name, spec, folder) }]
    })
    for (const dependency of read) dependencies.set(dependency.name, dependency)
    if (read.length > 0) fields[list] = Object.fromEntries(read.map(({ name, spec }) => [name, textOf(spec)]))
  }
  for (const field of FURTHER) if (given[field] !== undefined) fields[field] = sorted(given[field])
  checkOverrides(given['overrides'])
  return { dependencies: [...dependencies.values()].sort(byName), fields }
}

/**
 * Names in a package.json's `dependencies`, without those cloudlet provides and those that may be missing.
 *
 * @throws {PackageProblem} for text that is no package.json.
 */
export function listNeeded(text: string): readonly string[] {
  const given = parseObject(text, 'package.json')
  const optional = new Map(entriesOf(given, 'optionalDependencies'))
  return entriesOf(given, 'dependencies')
    .map(([name]) => name)
    .filter(name => !optional.has(name) && !PROVIDED_PACKAGES.has(name))
}

/** @throws {PackageProblem} unless it is the text of a JSON object. */
export function parseObject(text: string, file: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new PackageProblem(`${file} is not valid JSON: ${(error as Error).message}`)
  }
  if (isRecord(value)) return value
  throw new PackageProblem(`${file} must hold a JSON object.`)
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A JSON value with the keys of its objects in order. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isRecord(value)) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]))
}

function entriesOf(given: Readonly<Record<string, unknown>>, list: string): [string, unknown][] {
  const value = given[list] ?? {}
  if (!isRecord(value)) throw new PackageProblem(`"${list}" in package.json must be an object.`)
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
}

function textOf(spec: Spec): string {
  return spec.kind === 'local' ? `file:.${spec.path}` : spec.text
}

/** They put other versions in place of what packages ask for; only such as are fetched. */
function checkOverrides(overrides: unknown, name = 'overrides'): void {
  if (overrides === undefined) return
  if (isRecord(overrides)) {
    for (const [key, value] of Object.entries(overrides)) checkOverrides(value, key)
    return
  }
  if (
    typeof overrides === 'string' &&
    (overrides.startsWith('$') || readSpec(name, overrides).kind === 'fetched')
  ) {
    return
  }
  throw new PackageProblem(`"overrides" in package.json: "${name}" must have a version of the registry.`)
}

function byName(a: Dependency, b: Dependency): number {
  return a.name < b.name ? -1 : 1
}
