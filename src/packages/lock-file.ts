import { isRecord, PROVIDED_PACKAGES, parseObject, sorted } from './manifest.ts'
import { PackageProblem } from './problem.ts'
import { isRetired } from './retired-hosts.ts'
import { readSpec } from './spec.ts'

/** In npm's order: the first there is counts. */
export const LOCK_FILES = ['npm-shrinkwrap.json', 'package-lock.json'] as const

const ROOT_LISTS = ['dependencies', 'optionalDependencies', 'peerDependencies'] as const

type Entry = Readonly<Record<string, unknown>>

/**
 * A lock file as npm is to read it: without the function's own name and without what only development needs, so that
 * functions with the same packages have the same.
 *
 * @throws {PackageProblem} for one that would put a package, or take it from, outside the function.
 */
export function readLockFile(text: string, file: string): string {
  const { packages, dependencies, lockfileVersion } = parseObject(text, file)
  const head = { lockfileVersion, requires: true }
  if (isRecord(packages)) {
    return JSON.stringify({ ...head, packages: readPackages(packages, file) })
  }
  if (!isRecord(dependencies)) throw new PackageProblem(`${file} has no "packages". Make it anew with npm.`)
  return JSON.stringify({ ...head, dependencies: sorted(readOldEntries(dependencies, file)) })
}

function readPackages(packages: Entry, file: string): unknown {
  const kept: [string, unknown][] = []
  for (const [place, entry] of Object.entries(packages)) {
    if (!isRecord(entry)) throw new PackageProblem(`${file}: "${place}" must be an object.`)
    if (place === '') {
      kept.push([place, rootOf(entry)])
      continue
    }
    checkPlace(place, file)
    if (entry['resolved'] !== undefined)
      checkOrigin(nameOf(place, entry), entry['resolved'], file, entry['link'] === true)
    if (entry['dev'] !== true) kept.push([place, withoutRetired(entry)])
  }
  return sorted(Object.fromEntries(kept))
}

function rootOf(entry: Entry): unknown {
  return Object.fromEntries(
    ROOT_LISTS.flatMap(list => {
      const given = entry[list]
      if (!isRecord(given)) return []
      return [
        [list, Object.fromEntries(Object.entries(given).filter(([name]) => !PROVIDED_PACKAGES.has(name)))],
      ]
    }),
  )
}

/** Of npm 6 and older: nested, and the origin in `version` if it is not the registry. */
function readOldEntries(dependencies: Entry, file: string): Entry {
  const read = Object.entries(dependencies).map(([name, entry]) => {
    checkPlace(name, file)
    if (!isRecord(entry)) throw new PackageProblem(`${file}: "${name}" must be an object.`, name)
    if (entry['version'] !== undefined) readSpec(name, entry['version'])
    if (entry['resolved'] !== undefined) checkOrigin(name, entry['resolved'], file, false)
    const { dependencies: inner, ...own } = withoutRetired(entry)
    return [name, isRecord(inner) ? { ...own, dependencies: readOldEntries(inner, file) } : own]
  })
  return Object.fromEntries(read)
}

/** Without the address of a registry that is no more, npm asks the one it knows, and the checksum still counts. */
function withoutRetired(entry: Entry): Entry {
  const { resolved, ...others } = entry
  return typeof resolved === 'string' && isRetired(resolved) ? others : entry
}

function checkPlace(place: string, file: string): void {
  const isPlain = place.split('/').every(part => part !== '' && part !== '.' && part !== '..')
  if (isPlain && !/[\\\0]|^[a-z]:/i.test(place)) return
  throw new PackageProblem(
    `${file} puts a package at ${JSON.stringify(place)}, outside the function's folder.`,
  )
}

function checkOrigin(name: string, resolved: unknown, file: string, isLink: boolean): void {
  // Old npms write `false` or `true` for what is bundled, and what a registry gives where no address is kept.
  if (typeof resolved === 'boolean') return
  if (typeof resolved !== 'string')
    throw new PackageProblem(`${file}: "resolved" of "${name}" must be a string.`, name)
  readSpec(name, isLink && !resolved.startsWith('file:') ? `file:${resolved}` : resolved)
}

function nameOf(place: string, entry: Entry): string {
  const [own = place] = place.split('node_modules/').slice(-1)
  return typeof entry['name'] === 'string' ? entry['name'] : own
}
