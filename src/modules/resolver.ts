import { posix } from 'node:path'
import enhancedResolve, { type ResolveOptions, type Resolver } from 'enhanced-resolve'
import { GUEST_ROOT } from '../protocol/bridge.ts'
import { NODE_MODULES } from '../protocol/node-modules.ts'
import type { SourceTree } from '../source-tree.ts'

/**
 * Who asks for a module. TypeScript's imports are read as TypeScript's own tools do: without extension, or with the
 * one the file would have as JavaScript.
 */
export type Asker = 'require' | 'import' | 'typescript'

/** Where a specifier leads: a file, one of the names the guest has of itself, or nowhere. */
export type Resolution =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'builtin' }
  /** `isRefused`: a package is there and doesn't offer it. */
  | { readonly kind: 'missing'; readonly isRefused: boolean }

/** What a function has without installing it, whatever is installed. */
const BUILTINS: ReadonlySet<string> = new Set([
  ...NODE_MODULES,
  'console',
  'module',
  'process',
  'wx-server-sdk',
])

/** Whether the guest answers to that name itself. */
export function isGuestBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || BUILTINS.has(specifier)
}

const TYPED = ['.ts', '.tsx', '.mts', '.cts']
const SCRIPTS = ['.js', '.json', '.node']

const ASKERS: Record<Asker, Partial<ResolveOptions>> = {
  require: { conditionNames: ['node', 'require', 'module-sync', 'default'], extensions: SCRIPTS },
  import: {
    conditionNames: ['node', 'import', 'module-sync', 'default'],
    extensions: SCRIPTS,
    fullySpecified: true,
  },
  typescript: {
    conditionNames: ['node', 'import', 'module-sync', 'default'],
    extensions: [...TYPED, ...SCRIPTS, '.mjs', '.cjs'],
    extensionAlias: {
      '.js': ['.js', '.ts', '.tsx'],
      '.jsx': ['.jsx', '.tsx'],
      '.mjs': ['.mjs', '.mts'],
      '.cjs': ['.cjs', '.cts'],
    },
  },
}

/** Node's resolution, over the function's own files only. */
export class ModuleResolver {
  readonly #tree: SourceTree
  readonly #fileSystem: ResolveOptions['fileSystem']
  readonly #resolvers = new Map<Asker, Resolver>()

  constructor(tree: SourceTree) {
    this.#tree = tree
    this.#fileSystem = asFileSystem(tree) as ResolveOptions['fileSystem']
  }

  /** `from` is the path of the file that asks. */
  resolve(from: string, specifier: string, asker: Asker): Resolution {
    if (isGuestBuiltin(specifier)) return { kind: 'builtin' }
    const request = asker === 'require' ? specifier : fromUrl(specifier)
    if (request === undefined) return { kind: 'missing', isRefused: false }
    try {
      const found = this.#resolverFor(asker).resolveSync({}, posix.dirname(from), request)
      if (found === false) return { kind: 'missing', isRefused: false }
      // A folder is no module, whatever its name ends in.
      return this.#tree.kindOf(found) === 'file'
        ? { kind: 'file', path: found }
        : { kind: 'missing', isRefused: false }
    } catch (error) {
      // Not found now: the guest says so, in Node's words, if that line is ever reached.
      return { kind: 'missing', isRefused: /exported|imports? field|exports field/.test(String(error)) }
    }
  }

  #resolverFor(asker: Asker): Resolver {
    let resolver = this.#resolvers.get(asker)
    if (resolver === undefined) {
      resolver = enhancedResolve.ResolverFactory.createResolver({
        fileSystem: this.#fileSystem,
        useSyncFileSystemCalls: true,
        mainFields: ['main'],
        // The tree has followed links already, and refused those that leave it.
        symlinks: false,
        ...ASKERS[asker],
      })
      this.#resolvers.set(asker, resolver)
    }
    return resolver
  }
}

/** What `import` is given is a URL, or the name of a package: a path in it may be escaped and have a query. */
function fromUrl(specifier: string): string | undefined {
  if (specifier.startsWith('file:')) return fromFileUrl(specifier)
  if (!/^\.{0,2}\//.test(specifier)) return specifier
  const [path = ''] = specifier.split(/[?#]/, 1)
  return decode(path)
}

function fromFileUrl(text: string): string | undefined {
  const path = URL.canParse(text) ? decode(new URL(text).pathname) : undefined
  return path?.startsWith(`${GUEST_ROOT}/`) ? path.slice(GUEST_ROOT.length) : undefined
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    // Not a URL then, so no file has it.
    return undefined
  }
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
