import { posix } from 'node:path'
import { PackageProblem } from './problem.ts'

/** What a dependency's version in package.json asks for. */
export type Spec =
  /** A range or tag of the registry, also under another name, or the address of a tarball. */
  | { readonly kind: 'fetched'; readonly text: string }
  /** A folder or tarball inside the function, by absolute POSIX path inside it. */
  | { readonly kind: 'local'; readonly path: string }

const NAME = /^(?:@[a-z0-9-~][\w.~-]*\/)?[a-z0-9-~][\w.~-]*$/i
const NAME_CHARS = 214
const RESERVED: ReadonlySet<string> = new Set(['node_modules', 'favicon.ico'])

const LOCAL = /^(?:file:|\.|~\/|[/\\]|[a-z]:[/\\])|\.(?:tgz|tar\.gz|tar)$/i
const TARBALL_URL = /^https?:\/\//i
/** Git hosts, by shorthand or by the address of a repository rather than of a tarball. */
const GIT =
  /^(?:git(?:\+\w+)?:|ssh:|(?:github|gitlab|bitbucket|gist):|[^@/\s]+@[^:/\s]+:|https?:\/\/(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org|gist\.github\.com)\/[^/]+\/[^/#]+(?:#|\/?$|\/tree\/)|https?:\/\/[^#]+\.git(?:#|$)|[\w.-]+\/[\w.-]+(?:#|$))/i
const SCHEME = /^([a-z][a-z+.-]*):/i
/** npm reads a path as a part of a URL, in which some characters mean something else; hidden folders are not copied. */
const NOT_PLAIN = /[%#?\\\0]|(?:^|\/)(?:\.(?!\.?(?:\/|$))|node_modules(?:\/|$))/

/** @throws {PackageProblem} for a name that no package has, such as one with `..` in it. */
export function checkPackageName(name: string): void {
  if (name.length <= NAME_CHARS && NAME.test(name) && !RESERVED.has(name.toLowerCase())) return
  throw new PackageProblem(`${JSON.stringify(name.slice(0, NAME_CHARS))} is not a package's name.`)
}

/**
 * @param folder where package.json lies: paths are relative to it.
 * @throws {PackageProblem} for what is not installed: git, paths outside the function, other protocols.
 */
export function readSpec(name: string, text: unknown, folder = '/'): Spec {
  if (typeof text !== 'string') throw new PackageProblem(`"${name}": its version must be a string.`, name)
  const spec = text.trim()
  if (TARBALL_URL.test(spec) && !GIT.test(spec)) return { kind: 'fetched', text: spec }
  if (LOCAL.test(spec)) return { kind: 'local', path: readLocal(name, spec, folder) }
  if (spec.startsWith('npm:')) {
    checkPackageName(/^npm:(.[^@]*)/.exec(spec)?.[1] ?? '')
    return { kind: 'fetched', text: spec }
  }
  if (GIT.test(spec)) {
    throw new PackageProblem(
      `"${name}" comes from git (${spec}), which is not fetched. Name a version of the registry or the https address ` +
        'of a tarball, put the package into the function ("file:./folder"), or bring node_modules along.',
      name,
    )
  }
  const [, scheme] = SCHEME.exec(spec) ?? []
  if (scheme !== undefined) {
    throw new PackageProblem(`"${name}" has the version "${spec}": npm knows no "${scheme}:".`, name)
  }
  return { kind: 'fetched', text: spec }
}

function readLocal(name: string, spec: string, folder: string): string {
  const given = spec.replace(/^file:(?:\/\/(?=\.))?/i, '')
  const joined = posix.join('.', folder.slice(1), given)
  const isInside = !/^(?:[/~]|[a-z]:)/i.test(given) && joined !== '..' && !joined.startsWith('../')
  if (!isInside || NOT_PLAIN.test(given)) {
    throw new PackageProblem(
      `"${name}" is at "${spec}", outside the function's folder or not a plain path. Only a folder or tarball ` +
        'inside it can be installed, as "file:./folder".',
      name,
    )
  }
  const path = posix.join('/', joined).replace(/(?<=.)\/$/, '')
  if (path === '/') throw new PackageProblem(`"${name}" can't be the function's own folder.`, name)
  return path
}
