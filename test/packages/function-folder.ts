import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { FOLDER, NODE_MODULES } from './installation.ts'
import type { Use } from './uses.ts'

interface LockEntry {
  readonly version: string
  /** Where it is installed under another name. */
  readonly name?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const lock: { readonly packages: Readonly<Record<string, LockEntry>> } = JSON.parse(
  readFileSync(join(FOLDER, 'package-lock.json'), 'utf8'),
)

/** `package@version` as it is installed. */
export function describePackage({ packageName }: Use): string {
  const entry = lock.packages[`node_modules/${packageName}`]
  if (entry === undefined) throw new Error(`${packageName} is not in test/packages/package-lock.json`)
  return `${entry.name ?? packageName}@${entry.version}`
}

/**
 * Lays a use out as its author would deploy it: the function's files beside a node_modules with its packages and theirs.
 *
 * @returns the path of the folder.
 */
export function makeFunctionFolder(use: Use): string {
  const folder = join(NODE_MODULES, '.functions', use.name)
  const packages = join(folder, 'node_modules')
  if (!existsSync(packages)) {
    const unfinished = `${packages}-unfinished`
    rmSync(unfinished, { recursive: true, force: true })
    for (const name of collectPackages([use.packageName, ...(use.besides ?? [])])) {
      linkFolder(join(NODE_MODULES, name), join(unfinished, name))
    }
    renameSync(unfinished, packages)
  }
  for (const name of readdirSync(folder)) {
    if (name !== 'node_modules') rmSync(join(folder, name), { recursive: true })
  }
  cpSync(join(FOLDER, 'uses', use.name), folder, { recursive: true })
  rmSync(join(folder, 'expected.json'))
  return folder
}

/** Folders of node_modules that packages need to run; what is nested in one comes with it. */
function collectPackages(names: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const visit = (key: string): void => {
    if (seen.has(key)) return
    seen.add(key)
    const { dependencies, optionalDependencies, peerDependencies } = lock.packages[key] as LockEntry
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      const found = resolve(key, name)
      if (found !== undefined) visit(found)
    }
  }
  for (const name of names) visit(`node_modules/${name}`)
  return new Set([...seen].map(key => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(key)?.[1] ?? key))
}

/** Where a package finds another, going up through the folders; undefined for an optional one left out. */
function resolve(from: string, name: string): string | undefined {
  for (let above = from; ; above = above.slice(0, above.lastIndexOf('/node_modules/'))) {
    const key = `${above}/node_modules/${name}`
    if (lock.packages[key] !== undefined) return key
    if (!above.includes('/node_modules/')) break
  }
  const key = `node_modules/${name}`
  return lock.packages[key] === undefined ? undefined : key
}

/** A copy that takes no room. */
function linkFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.name === '.bin') continue
    if (entry.isDirectory()) linkFolder(join(from, entry.name), join(to, entry.name))
    else linkSync(join(from, entry.name), join(to, entry.name))
  }
}
