import { posix } from 'node:path'
import { DeployError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { SourceTree } from '../source-tree.ts'
import { type Conversion, type ConversionInput, isPlain } from './conversion.ts'
import type { ConversionCache } from './conversion-cache.ts'
import { findEntry } from './entry-file.ts'
import { FormatReader, isScriptName, isTyped } from './format.ts'
import { peerNames } from './peer-names.ts'
import { scanRequires } from './require-scan.ts'
import { type Asker, ModuleResolver } from './resolver.ts'
import { findLinkedMap, isTooLargeMap, relinkMap } from './source-map.ts'

/** One file a function may load, by its path inside the function. */
export interface SourceModule {
  readonly path: string
  readonly kind: 'script' | 'json' | 'addon'
  readonly text: string
  /** What has become of a script that isn't plain CommonJS. */
  readonly conversion: Conversion | undefined
  /** The source map, as JSON, that one of the function's own scripts names. */
  readonly linkedMap: string | undefined
  /** Literal specifiers of `require` that deploy could resolve, and to which path. */
  readonly resolutions: ReadonlyMap<string, string>
  /** Those of `import`, which may lead elsewhere. */
  readonly imports: ReadonlyMap<string, string>
  /**
   * Whether the entry reaches it through literal names of the function's own files. Such a file must parse; any
   * other may be broken until something loads it.
   */
  readonly isOwnAndReached: boolean
}

export interface ModuleGraph {
  readonly entry: string
  readonly modules: readonly SourceModule[]
  readonly sizeBytes: number
  /** Some file loads what only its run tells. */
  readonly hasComputedRequire: boolean
  readonly hasComputedImport: boolean
  /** Some file names what a package has and doesn't offer. */
  readonly hasRefused: boolean
  /** Folders of packages of which it has files, with the text of their package.json. */
  readonly packages: ReadonlyMap<string, string>
  /** What would surprise their author. */
  readonly warnings: readonly string[]
}

/**
 * Collects the files a function can load: all its own scripts and JSON, and of its node_modules what is
 * reached by literal names in `require('…')`, `import` and `import('…')`. A package that computes a name comes whole, and
 * with those it works with where they are installed.
 *
 * @throws {DeployError} when there is no file to start with, or there is more source than LIMITS allow.
 */
export async function collectModules(
  functionName: string,
  tree: SourceTree,
  conversions: ConversionCache,
): Promise<ModuleGraph> {
  return await new Collector(functionName, tree, conversions).collect()
}

interface Wanted {
  readonly path: string
  readonly isOwnAndReached: boolean
}

class Collector {
  readonly #functionName: string
  readonly #tree: SourceTree
  readonly #conversions: ConversionCache
  readonly #resolver: ModuleResolver
  readonly #formats: FormatReader
  readonly #modules = new Map<string, SourceModule>()
  readonly #packages = new Map<string, string>()
  #queue: Wanted[] = []
  readonly #wholeFolders = new Set<string>()
  #tsconfig: string | undefined
  #sizeBytes = 0
  readonly #warnings: string[] = []
  #hasComputedRequire = false
  #hasComputedImport = false
  #hasRefused = false

  constructor(functionName: string, tree: SourceTree, conversions: ConversionCache) {
    this.#functionName = functionName
    this.#tree = tree
    this.#conversions = conversions
    this.#resolver = new ModuleResolver(tree)
    this.#formats = new FormatReader(tree)
  }

  async collect(): Promise<ModuleGraph> {
    const entry = findEntry(this.#functionName, this.#tree, this.#resolver)
    if (this.#tree.kindOf('/tsconfig.json') === 'file') {
      this.#tsconfig = this.#tree.readText('/tsconfig.json')
    }
    this.#queue.push({ path: entry, isOwnAndReached: true })
    await this.#drain()
    this.#addFolder('/')
    await this.#drain()
    return {
      entry,
      modules: [...this.#modules.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
      sizeBytes: this.#sizeBytes,
      hasComputedRequire: this.#hasComputedRequire,
      hasComputedImport: this.#hasComputedImport,
      hasRefused: this.#hasRefused,
      packages: this.#packages,
      warnings: this.#warnings,
    }
  }

  /** In rounds, so that the files of one are converted at the same time. */
  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const wanted = new Map<string, Wanted>()
      for (const next of this.#queue) {
        if (!this.#modules.has(next.path) && !wanted.has(next.path)) wanted.set(next.path, next)
      }
      this.#queue = []
      const round = [...wanted.values()].map(next => ({ next, ...this.#read(next.path) }))
      const conversions = await Promise.all(
        round.map(({ input }) =>
          input === undefined || isPlain(input) ? undefined : this.#conversions.convert(input),
        ),
      )
      for (const [index, { next, text, linkedMap }] of round.entries()) {
        this.#add(next, { text, linkedMap, conversion: conversions[index] })
      }
    }
  }

  /** The text of a file, and what there may be to convert in it. */
  #read(path: string): { readonly input?: ConversionInput } & Pick<SourceModule, 'text' | 'linkedMap'> {
    const format = this.#formats.formatOf(path)
    if (format === 'addon') return { text: '', linkedMap: undefined }
    const text = this.#tree.readText(path)
    this.#checkSize(text)
    if (format === 'json') return { text, linkedMap: undefined }
    const tsconfig = isTyped(path) ? this.#tsconfig : undefined
    const hasLink = text.includes('sourceMappingURL=')
    const linkedMap = hasLink ? this.#linkedMapOf(path, text) : undefined
    const mapped = hasLink ? relinkMap(text, linkedMap) : text
    return { text, linkedMap, input: { path, text: mapped, format, tsconfig } }
  }

  /** Packages keep their own files and lines, whatever they were made from. */
  #linkedMapOf(path: string, text: string): string | undefined {
    if (isInPackage(path)) return undefined
    const map = findLinkedMap(this.#tree, path, text)
    if (map === undefined || !isTooLargeMap(map)) return map
    this.#warnings.push(
      `The source map of ${path.slice(1)} has more than ${LIMITS.sourceMapChars} characters of mappings and isn't used.`,
    )
    return undefined
  }

  #add(
    { path, isOwnAndReached }: Wanted,
    { text, linkedMap, conversion }: Pick<SourceModule, 'text' | 'linkedMap' | 'conversion'>,
  ): void {
    const format = this.#formats.formatOf(path)
    const kind = format === 'json' || format === 'addon' ? format : 'script'
    const resolutions = new Map<string, string>()
    const imports = new Map<string, string>()
    this.#notePackage(path)
    this.#modules.set(path, {
      path,
      kind,
      text,
      conversion,
      linkedMap,
      resolutions,
      imports,
      isOwnAndReached,
    })
    if (kind !== 'script') return
    const follow = (specifier: string, asker: Asker, found: Map<string, string>): void => {
      const target = this.#resolver.resolve(path, specifier, asker)
      if (target.kind === 'missing' && target.isRefused) this.#noteRefused(path, specifier)
      if (target.kind !== 'file') return
      found.set(specifier, target.path)
      this.#queue.push({
        path: target.path,
        isOwnAndReached: isOwnAndReached && !isInPackage(target.path),
      })
    }
    const requires = scanRequires(requiringText(text, conversion))
    for (const specifier of requires.specifiers) follow(specifier, 'require', resolutions)
    const asker = isTyped(path) ? 'typescript' : 'import'
    for (const specifier of importsOf(conversion)) follow(specifier, asker, imports)
    this.#noteComputed(path, requires.hasComputed, hasComputedImport(conversion))
  }

  #noteComputed(path: string, byRequire: boolean, byImport: boolean): void {
    if (byRequire) this.#hasComputedRequire = true
    if (byImport) this.#hasComputedImport = true
    if ((byRequire || byImport) && isInPackage(path)) this.#addPackage(packageFolder(path))
  }

  #addPackage(folder: string): void {
    if (this.#wholeFolders.has(folder)) return
    for (const name of peerNames(this.#packages.get(folder) ?? '{}')) {
      const target = this.#resolver.resolve(`${folder}/package.json`, name, 'require')
      if (target.kind === 'file') this.#queue.push({ path: target.path, isOwnAndReached: false })
    }
    this.#addFolder(folder)
  }

  /** The guest says why, and reads it in the package.json of the first package of that name. */
  #noteRefused(from: string, specifier: string): void {
    this.#hasRefused = true
    const folders = from.split('/').slice(0, -1)
    for (; folders.length > 0; folders.pop()) {
      this.#notePackage(`${folders.join('/')}/node_modules/${specifier}`)
    }
  }

  #notePackage(path: string): void {
    if (!isInPackage(path)) return
    const folder = packageFolder(path)
    const manifest = `${folder}/package.json`
    if (this.#packages.has(folder) || this.#tree.kindOf(manifest) !== 'file') return
    this.#packages.set(folder, this.#tree.readText(manifest))
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
      } else if (kind === 'file' && isScriptName(name)) this.#queue.push({ path, isOwnAndReached: false })
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

/** An ES module has no `require` but the one that it makes. */
function requiringText(text: string, conversion: Conversion | undefined): string {
  if (conversion === undefined) return text
  if (conversion.kind === 'script') return conversion.text
  return conversion.kind === 'es' && text.includes('createRequire') ? text : ''
}

function importsOf(conversion: Conversion | undefined): readonly string[] {
  if (conversion?.kind === 'script') return conversion.dynamicSpecifiers
  if (conversion?.kind !== 'es') return []
  const { dependencies, dynamicSpecifiers } = conversion.module
  return [...dependencies.map(({ specifier }) => specifier), ...dynamicSpecifiers]
}

function hasComputedImport(conversion: Conversion | undefined): boolean {
  if (conversion?.kind === 'script') return conversion.hasComputedImport
  return conversion?.kind === 'es' && conversion.module.hasComputedImport
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
