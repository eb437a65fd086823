import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The packages that code in a cell imports; what those depend on comes by itself. */
const PACKAGES = ['isolated-vm', 'msgpackr']

/** What isolated-vm's and msgpackr's loaders look at to tell the C library. */
const SYSTEM_FILES = ['/etc/alpine-release', '/usr/bin/ldd']
/** How many memory maps there are and may be: src/isolate/memory-maps.ts. */
const LINUX_FILES = ['/proc/self/maps', '/proc/sys/vm/max_map_count']

let ownPaths: ReadonlySet<string> | undefined

/**
 * The files and folders, with all in them, that a cell which runs that script must read: the script's folder, this
 * package and the packages it needs. All are real paths, and the paths under which Node looks for packages too.
 * Nothing in `/proc/self` that is a folder: by its links all files of the system can be reached.
 */
export function readablePaths(script: string): readonly string[] {
  ownPaths ??= new Set([...packagePaths(), ...systemFiles()])
  return [...new Set([dirname(script), ...ownPaths])]
}

/** A host run from source reads the guest's runtime of the last build. */
function packagePaths(): readonly string[] {
  const code = fileURLToPath(new URL('..', import.meta.url))
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const found = new Set([code, join(root, 'package.json'), join(root, 'dist', 'guest')])
  for (const name of PACKAGES) addPackage(name, code, found)
  return [...found].map(withoutSlash)
}

/**
 * Adds the package as it is found from a folder, and all it depends on; optional ones need not be there. Node asks for
 * the right to read each link on the way, and a link to a folder can't be granted without all in that: so if
 * `node_modules` itself is a link, all its packages can be read.
 */
function addPackage(name: string, from: string, found: Set<string>): void {
  const folders = createRequire(join(from, 'x.js')).resolve.paths(name) ?? []
  const modules = folders.find(path => existsSync(join(path, name, 'package.json')))
  if (modules === undefined) return
  const folder = join(modules, name)
  const real = realpathSync(folder)
  if (realpathSync(modules) !== modules) found.add(modules)
  const isKnown = found.has(real)
  found.add(folder).add(real)
  if (isKnown) return
  const { dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(real, 'package.json'), 'utf8'),
  ) as { dependencies?: object; optionalDependencies?: object }
  for (const needed of Object.keys({ ...dependencies, ...optionalDependencies }))
    addPackage(needed, real, found)
}

function systemFiles(): readonly string[] {
  if (process.platform === 'win32') return []
  return process.platform === 'linux' ? [...SYSTEM_FILES, ...LINUX_FILES] : SYSTEM_FILES
}

function withoutSlash(path: string): string {
  return path.replace(/[\\/]$/, '')
}
