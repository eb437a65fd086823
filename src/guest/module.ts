import type { ModuleCode, Program } from '../protocol/bridge.ts'
import type { Place, PlacePart } from '../protocol/places.ts'

/** A CommonJS module object, as user code sees it. */
export interface Module {
  id: string
  filename: string
  path: string
  loaded: boolean
  exports: unknown
  parent: Module | undefined
  children: Module[]
  paths: string[]
}

export interface RequireFunction {
  (specifier: unknown): unknown
  resolve: {
    (specifier: unknown, options?: { readonly paths?: readonly string[] }): string
    paths(specifier: unknown): string[] | null
  }
  cache: Record<string, unknown>
  extensions: Record<string, unknown>
  main: Module | undefined
}

/** What the loader for plain CommonJS, which is in the snapshot, lends the one that isn't (Program.loader). */
export interface ModuleCore {
  readonly program: Program
  readonly places: string
  readonly codes: Readonly<Record<string, ModuleCode>>
  /** Whether there is such a file, in the program or written by the function. */
  hasCode(path: string): boolean
  readonly cache: Record<string, Module>
  readonly extensions: Record<string, unknown>
  readonly Module: object
  /** The name under which a built-in module is defined, for one that means it. */
  builtinName(specifier: string): string | undefined
  builtinNames(): string[]
  /** The built-in that stands in for a package which is in no node_modules. */
  fallbackFor(specifier: string): string | undefined
  builtinOf(name: string): unknown
  /** Throws what the module's own code throws, and why it can't be loaded. */
  loadModule(path: string, parent: Module | undefined): Module
  /** Of a file that is no module of the program too. */
  makeModule(path: string, parent: Module | undefined): Module
  makeRequire(module: Module): RequireFunction
  refuse(code: ModuleCode): never
  resolveFrom(from: Module, specifier: unknown, options?: { readonly paths?: readonly string[] }): string
}

export type ResolutionKind = 'require' | 'import'

export interface Loader {
  /** Over the files there are, by Node's rules; undefined when there is nothing, and Node's errors. */
  resolve(from: string, specifier: string, kind: ResolutionKind): string | undefined
  /** What `import` is in a file. */
  importerOf(path: string): unknown
  /** Runs an ES module that was required, and puts in `exports` what that gives. */
  requireModule(module: Module): void
  /** Runs the ES module a function starts with: its exports, or a promise of them if it waits. */
  runEntry(path: string): { readonly exports: unknown; readonly ready: Promise<unknown> | undefined }
  readonly moduleBuiltin: unknown
  findPlace(part: PlacePart, line: number, column: number): Place | undefined
}
