import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { LIMITS } from '../limits.ts'
import { LOCK_FILES, readLockFile } from './lock-file.ts'
import { type Manifest, readManifest } from './manifest.ts'
import { readSettings } from './npmrc.ts'
import { PackageProblem } from './problem.ts'

/** The files of a function, by absolute POSIX path inside it. */
export interface PackageFolder {
  kindOf(path: string): 'file' | 'directory' | undefined
  list(path: string): readonly string[]
  isLink(path: string): boolean
  readText(path: string): string
  readBytes(path: string): Uint8Array
}

/** The packages a function asks for, and all that npm needs to install them. */
export interface PackageSet {
  /** The same for all functions that ask for the same packages. */
  readonly key: string
  /** What package.json lists, sorted, without what cloudlet provides. */
  readonly names: readonly string[]
  /** By relative path. */
  readonly files: ReadonlyMap<string, string | Uint8Array>
  readonly hasLock: boolean
  /** Whether packages of the function's own folder are among them. */
  readonly hasLocal: boolean
  readonly warnings: readonly string[]
}

/** Raised when what an entry of the store holds changes its form. */
const FORMAT = 1

/**
 * Reads which packages a function with a package.json asks for.
 *
 * @throws {PackageProblem} naming the package that can't be installed.
 */
export function readPackageSet(folder: PackageFolder): PackageSet {
  const manifest = readManifest(folder.readText('/package.json'))
  const files = new Map<string, string | Uint8Array>([['package.json', JSON.stringify(manifest.fields)]])
  const lockFile = LOCK_FILES.find(name => folder.kindOf(`/${name}`) === 'file')
  if (lockFile !== undefined) {
    files.set('package-lock.json', readLockFile(folder.readText(`/${lockFile}`), lockFile))
  }
  const settings = readSettings(folder.kindOf('/.npmrc') === 'file' ? folder.readText('/.npmrc') : '')
  if (settings.lines.length > 0) files.set('.npmrc', `${settings.lines.join('\n')}\n`)
  const hasLocal = new LocalPackages(folder, files).add(manifest)
  return {
    key: keyOf(files),
    names: manifest.dependencies.map(({ name }) => name),
    files,
    hasLock: lockFile !== undefined,
    hasLocal,
    warnings: settings.warnings,
  }
}

/** npm chooses some packages by platform and by the version of Node. */
function keyOf(files: ReadonlyMap<string, string | Uint8Array>): string {
  const [major] = process.versions.node.split('.')
  const digest = createHash('sha256').update(`${FORMAT} ${major} ${process.platform} ${process.arch}`)
  for (const [path, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    digest.update(`\0${path}\0`).update(createHash('sha256').update(content).digest())
  }
  return digest.digest('hex').slice(0, 40)
}

/** Packages in the function's own folder: what `file:` names, and what those name in turn. */
class LocalPackages {
  readonly #folder: PackageFolder
  readonly #files: Map<string, string | Uint8Array>
  readonly #seen = new Set<string>()
  #sizeBytes = 0

  constructor(folder: PackageFolder, files: Map<string, string | Uint8Array>) {
    this.#folder = folder
    this.#files = files
  }

  /** Whether there are any. */
  add({ dependencies }: Manifest): boolean {
    for (const { name, spec } of dependencies) {
      if (spec.kind !== 'local' || this.#seen.has(spec.path)) continue
      this.#seen.add(spec.path)
      this.#addPackage(name, spec.path)
    }
    return this.#seen.size > 0
  }

  #addPackage(name: string, path: string): void {
    const kind = this.#folder.kindOf(path)
    if (kind === undefined) {
      throw new PackageProblem(
        `"${name}" is to be at "${path.slice(1)}", where the function has nothing.`,
        name,
      )
    }
    if (kind === 'file') {
      if (!/\.(?:tgz|tar\.gz|tar)$/i.test(path)) {
        throw new PackageProblem(`"${name}": "${path.slice(1)}" is neither a folder nor a tarball.`, name)
      }
      this.#addFile(path)
      return
    }
    const manifest = posix.join(path, 'package.json')
    if (this.#folder.kindOf(manifest) !== 'file') {
      throw new PackageProblem(`"${name}": there is no package.json in "${path.slice(1)}".`, name)
    }
    this.#addFolder(path)
    this.add(readManifest(this.#folder.readText(manifest), path))
  }

  #addFolder(folder: string): void {
    for (const name of this.#folder.list(folder)) {
      if (name === 'node_modules' || name.startsWith('.')) continue
      const path = posix.join(folder, name)
      const kind = this.#folder.kindOf(path)
      if (kind === 'file') this.#addFile(path)
      // A linked folder may be one that this one lies in.
      else if (kind === 'directory' && !this.#folder.isLink(path)) this.#addFolder(path)
    }
  }

  #addFile(path: string): void {
    const content = this.#folder.readBytes(path)
    this.#sizeBytes += content.length
    if (this.#sizeBytes > LIMITS.deploymentBytes || this.#files.size >= LIMITS.deploymentFiles) {
      throw new PackageProblem(
        `The packages in the function's own folder have more than ${LIMITS.deploymentBytes / 1_048_576} MB or ` +
          `${LIMITS.deploymentFiles} files.`,
      )
    }
    this.#files.set(path.slice(1), content)
  }
}
