import { posix } from 'node:path'
import enhancedResolve, { type Resolver } from 'enhanced-resolve'
import { DeployError } from './errors.ts'
import { LIMITS } from './limits.ts'
import type { SourceTree } from './source-tree.ts'

/** One file a function may load, by its path inside the function. */
export interface SourceModule {
  readonly path: string
  readonly kind: 'script' | 'json'
  readonly text: string
  /** Literal require specifiers of a script that deploy could resolve, and to which path. */
  readonly resolutions: ReadonlyMap<string, string>
  /**
   * Whether the entry reaches it through literal requires of the function's own files. Such a file must
   * parse; any other may be broken until something requires it.
   */
  readonly isOwnAndReached: boolean
}

export interface ModuleGraph {
  readonly entry: string
  readonly modules: readonly SourceModule[]
  readonly sizeBytes: number
}

export const ENTRY = '/index.js'

/**
 * Collects the files a function can load: all its own scripts and JSON, and of its node_modules what is
 * reached by literal `require('…')` calls. A package that requires a computed name comes whole.
 *
 * @throws {DeployError} when there is no index.js, or there is more source than LIMITS allow.
 */
export function collectModules(functionName: string, tree: SourceTree): ModuleGraph {
  if (tree.kindOf(ENTRY) !== 'file') {
    const names = tree.list('/').slice(0, 10).join(', ')
    throw new DeployError(
      functionName,
      `Function "${functionName}" has no index.js at its top level${names === '' ? ' (it is empty)' : ` (found: ${names})`}. ` +
        'Add an index.js that sets exports.main.',
      { file: 'index.js' },
    )
  }
  return new Collector(functionName, tree).collect()
}

class Collector {
  readonly #functionName: string
  readonly #tree: SourceTree
  readonly #resolver: Resolver
  readonly #modules = new Map<string, SourceModule>()
  readonly #queue: { path: string; isOwnAndReached: boolean }[] = []
  readonly #wholeFolders = new Set<string>()
  #sizeBytes = 0

  constructor(functionName: string, tree: SourceTree) {
    this.#functionName = functionName
    this.#tree = tree
    this.#resolver = makeResolver(tree)
  }

  collect(): ModuleGraph {
    this.#queue.push({ path: ENTRY, isOwnAndReached: true })
    this.#drain()
    this.#addFolder('/')
    this.#drain()
    const modules = [...this.#modules.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
    return { entry: ENTRY, modules, sizeBytes: this.#sizeBytes }
  }

  #drain(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (!this.#modules.has(next.path)) this.#add(next.path, next.isOwnAndReached)
    }
  }

  #add(path: string, isOwnAndReached: boolean): void {
    const text = this.#tree.readText(path)
    this.#checkSize(text)
    const kind = path.endsWith('.json') ? 'json' : 'script'
    const resolutions = new Map<string, string>()
    if (kind === 'script') {
      const { specifiers, hasComputed } = scanRequires(text)
      for (const specifier of specifiers) {
        const target = this.#resolve(path, specifier)
        if (target === undefined) continue
        resolutions.set(specifier, target)
        this.#queue.push({ path: target, isOwnAndReached: isOwnAndReached && !isInPackage(target) })
      }
      if (hasComputed && isInPackage(path)) this.#addFolder(packageFolder(path))
    }
    this.#modules.set(path, { path, kind, text, resolutions, isOwnAndReached })
  }

  /**
   * Every script and JSON file below a folder, nested node_modules and dot folders left out.
   *
   * @param above where the folders that led here are.
   * @param isLinked whether one of them, or this one, is a link.
   */
  #addFolder(folder: string, above: readonly string[] = [], isLinked = false): void {
    if (this.#wholeFolders.has(folder)) return
    const place = this.#tree.placeOf(folder)
    // A link to a folder it lies in leads round in circles.
    if (above.includes(place)) return
    if (this.#wholeFolders.size >= LIMITS.deploymentFiles) throw this.#tooMuch()
    this.#wholeFolders.add(folder)
    for (const name of this.#tree.list(folder)) {
      if (name === 'node_modules' || name.startsWith('.')) continue
      const path = posix.join(folder, name)
      const kind = this.#tree.kindOf(path)
      if (kind === 'directory') {
        const isLink = this.#tree.isLink(path)
        // Links in linked folders would multiply without end.
        if (!isLink || !isLinked) this.#addFolder(path, [...above, place], isLinked || isLink)
      } else if (kind === 'file' && /\.(?:js|cjs|json)$/.test(name))
        this.#queue.push({ path, isOwnAndReached: false })
    }
  }

  #resolve(from: string, specifier: string): string | undefined {
    try {
      const target = this.#resolver.resolveSync({}, posix.dirname(from), specifier)
      return target === false ? undefined : target
    } catch {
      // Not found now: the guest says so, in Node's words, if the require is ever reached.
      return undefined
    }
  }

  #checkSize(text: string): void {
    this.#sizeBytes += Buffer.byteLength(text)
    if (this.#sizeBytes > LIMITS.deploymentBytes || this.#modules.size >= LIMITS.deploymentFiles) {
      throw this.#tooMuch()
    }
  }

  #tooMuch(): DeployError {
    return new DeployError(
      this.#functionName,
      `Function "${this.#functionName}" has more than ${LIMITS.deploymentBytes / 1_048_576} MB or ` +
        `${LIMITS.deploymentFiles} files of source. Leave out what it does not require.`,
    )
  }
}

/** `require('x')` and `require(anything else)`, wherever they stand: a name too many resolves to a file too many. */
const REQUIRE = /\brequire\s*\(\s*(?:(['"`])((?:(?!\1)[^\\\n$])+)\1\s*\)|(?=\S))/g

function scanRequires(text: string): { specifiers: ReadonlySet<string>; hasComputed: boolean } {
  const specifiers = new Set<string>()
  let hasComputed = false
  for (const match of text.matchAll(REQUIRE)) {
    if (match[2] === undefined) hasComputed = true
    else specifiers.add(match[2])
  }
  return { specifiers, hasComputed }
}

function isInPackage(path: string): boolean {
  return path.includes('/node_modules/')
}

/** `/node_modules/@scope/name/lib/a.js` → `/node_modules/@scope/name`. */
function packageFolder(path: string): string {
  const start = path.lastIndexOf('/node_modules/') + '/node_modules/'.length
  const [first = '', second = ''] = path.slice(start).split('/')
  return path.slice(0, start) + (first.startsWith('@') ? `${first}/${second}` : first)
}

/** Node's CommonJS resolution, over the function's own files only. */
function makeResolver(tree: SourceTree): Resolver {
  return enhancedResolve.ResolverFactory.createResolver({
    fileSystem: asFileSystem(tree) as NonNullable<
      Parameters<typeof enhancedResolve.ResolverFactory.createResolver>[0]['fileSystem']
    >,
    useSyncFileSystemCalls: true,
    conditionNames: ['node', 'require', 'default'],
    extensions: ['.js', '.json', '.cjs'],
    mainFields: ['main'],
    // The tree has followed links already, and refused those that leave it.
    symlinks: false,
  })
}

/** The few calls of node:fs that the resolver makes. */
function asFileSystem(tree: SourceTree): object {
  const missing = (path: string): Error =>
    Object.assign(new Error(`${path} does not exist`), { code: 'ENOENT' })
  const stat = (path: string): object => {
    const kind = tree.kindOf(path)
    if (kind === undefined) throw missing(path)
    return {
      isFile: () => kind === 'file',
      isDirectory: () => kind === 'directory',
      isSymbolicLink: () => false,
    }
  }
  const readText = (path: string): string => {
    if (tree.kindOf(path) !== 'file') throw missing(path)
    return tree.readText(path)
  }
  return {
    statSync: stat,
    lstatSync: stat,
    readFileSync: (path: string) => Buffer.from(readText(path)),
    readJsonSync: (path: string) => JSON.parse(readText(path)),
    readdirSync: (path: string) => tree.list(path),
    readlinkSync: (path: string) => {
      throw missing(path)
    },
  }
}
