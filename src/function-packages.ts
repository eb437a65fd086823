import { join, resolve } from 'node:path'
import { CloudletError, DeployError } from './errors.ts'
import { mayHaveEntry } from './modules/entry-file.ts'
import { mountPackages } from './packaged-tree.ts'
import { listNeeded } from './packages/manifest.ts'
import { PackageProblem } from './packages/problem.ts'
import { type PackageSet, readPackageSet } from './packages/set.ts'
import { type InstalledPackages, type OnInstallProgress, PackageStore } from './packages/store.ts'
import type { SourceTree } from './source-tree.ts'

/** The host's options that say how packages are installed. */
export interface PackageOptions {
  readonly dataDirectory?: string
  readonly packagesDirectory?: string
  readonly install: 'auto' | 'offline' | 'never'
  readonly installTimeoutMs: number
  readonly maxPackagesMb: number
}

/** The store of a host with these options. */
export function makePackageStore(
  options: PackageOptions,
  onWarning: (message: string) => void,
): PackageStore {
  const { dataDirectory, packagesDirectory, install, installTimeoutMs, maxPackagesMb } = options
  const directory =
    packagesDirectory ?? (dataDirectory === undefined ? undefined : join(dataDirectory, 'packages'))
  return new PackageStore({
    // npm runs in a folder of its own.
    ...(directory === undefined ? {} : { directory: resolve(directory) }),
    isOffline: install !== 'auto',
    timeoutMs: installTimeoutMs,
    maxBytes: maxPackagesMb * 1_048_576,
    onWarning,
  })
}

/** A function's files and its packages. */
export interface PackagedSource {
  readonly tree: SourceTree
  readonly warnings: readonly string[]
}

export interface PackageTools {
  readonly packages: PackageStore
  readonly onProgress: OnInstallProgress
}

const MANIFEST = '/package.json'

/**
 * Brings a function's files together with the packages its package.json lists: a node_modules that it has is taken as it
 * is; without one they come from the store, where they are installed if they are not there.
 *
 * @throws {DeployError} naming the package that can't be installed; {HostClosedError}.
 */
export async function withPackages(
  functionName: string,
  tree: SourceTree,
  install: PackageOptions['install'],
  { packages, onProgress }: PackageTools,
): Promise<PackagedSource> {
  // Folders that are no functions get no packages either; their deployment fails soon.
  if (tree.kindOf(MANIFEST) !== 'file' || !mayHaveEntry(tree)) return { tree, warnings: [] }
  try {
    if (hasPackages(tree)) return { tree, warnings: warnOfMissing(tree) }
    const set = readPackageSet(tree)
    if (set.names.length === 0) return { tree, warnings: set.warnings }
    const installed = install === 'never' ? await packages.find(set) : await packages.install(set, onProgress)
    if (installed === undefined) return { tree, warnings: [...set.warnings, warnOfNone(set)] }
    return combine(tree, set, installed)
  } catch (error) {
    throw asDeployError(functionName, error)
  }
}

function combine(tree: SourceTree, set: PackageSet, { folder, warnings }: InstalledPackages): PackagedSource {
  return { tree: mountPackages(tree, folder), warnings: [...set.warnings, ...warnings] }
}

/** Editors and npm leave folders with nothing but hidden files behind. */
function hasPackages(tree: SourceTree): boolean {
  return (
    tree.kindOf('/node_modules') === 'directory' &&
    tree.list('/node_modules').some(name => !name.startsWith('.'))
  )
}

function warnOfMissing(tree: SourceTree): readonly string[] {
  try {
    const missing = listNeeded(tree.readText(MANIFEST)).filter(
      name => tree.kindOf(`/node_modules/${name}`) !== 'directory',
    )
    return missing.map(
      name =>
        `package.json lists "${name}", which is not in node_modules. Run "npm install" there, or remove node_modules to have all installed here.`,
    )
  } catch (error) {
    // Nothing is installed from it, so it does no harm.
    if (error instanceof PackageProblem) return [error.message]
    throw error
  }
}

function warnOfNone({ names }: PackageSet): string {
  const [first = '', ...others] = names
  const listed = others.length === 0 ? `"${first}"` : `"${first}" and ${others.length} more`
  return `package.json lists ${listed}, there is no node_modules, and the host installs nothing (install: 'never').`
}

function asDeployError(functionName: string, error: unknown): unknown {
  if (error instanceof CloudletError) return error
  const reason = error instanceof Error ? error.message : String(error)
  const packageName = error instanceof PackageProblem ? error.packageName : undefined
  return new DeployError(functionName, `Function "${functionName}": packages are not installed. ${reason}`, {
    file: 'package.json',
    ...(packageName === undefined ? {} : { packageName }),
    cause: error,
  })
}
