import { join, posix } from 'node:path'
import { compileFunction } from 'node:vm'
import { InvalidOptionError } from '../errors.ts'
import type { Sources } from './sources.ts'

/** Names of Node that mini-programs don't have: undefined in page code, so that what relies on them fails here too. */
const ABSENT: Readonly<Record<string, undefined>> = {
  process: undefined,
  Buffer: undefined,
  fetch: undefined,
  WebSocket: undefined,
  setImmediate: undefined,
  clearImmediate: undefined,
  __dirname: undefined,
  __filename: undefined,
}

/**
 * The CommonJS modules of one app of one user, each evaluated once. Their globals are in a scope around each
 * module's own, so nothing is put into Node's. No sandbox: page code is the developer's.
 */
export class ModuleLoader {
  readonly #sources: Sources
  readonly #scope: Readonly<Record<string, unknown>>
  readonly #modules = new Map<string, { exports: unknown }>()

  constructor(sources: Sources, globals: Readonly<Record<string, unknown>>) {
    this.#sources = sources
    this.#scope = { ...globals, ...ABSENT }
  }

  /**
   * Loads a script of the project, once. `name` is its path from the project's root, without extension.
   *
   * @throws {InvalidOptionError} when there is none, and whatever the script throws.
   */
  loadScript(name: string): void {
    const path = this.#sources.find([`${name}.js`, `${name}.ts`])
    if (path === undefined) {
      throw new InvalidOptionError('project', `${this.#sources.root} has no ${name}.js, and no ${name}.ts.`)
    }
    this.#load(path)
  }

  #load(path: string): unknown {
    const loaded = this.#modules.get(path)
    if (loaded !== undefined) return loaded.exports
    const file = join(this.#sources.root, path)
    const text = this.#sources.read(path)
    const module: { exports: unknown } = { exports: {} }
    // Before it runs, so that modules which need each other get what there is so far.
    this.#modules.set(path, module)
    try {
      if (path.endsWith('.json')) module.exports = JSON.parse(text)
      else this.#run(text, file, path, module)
    } catch (error) {
      this.#modules.delete(path)
      throw error
    }
    return module.exports
  }

  #run(text: string, file: string, path: string, module: { exports: unknown }): void {
    const require = (specifier: unknown): unknown => this.#load(this.#resolve(path, specifier))
    const names = ['require', 'module', 'exports']
    const run = compileFunction(text, names, { filename: file, contextExtensions: [this.#scope] })
    Reflect.apply(run, undefined, [require, module, module.exports])
  }

  /** A path from the root, as WeChat finds it: relative, from the root, or a package in miniprogram_npm. */
  #resolve(from: string, specifier: unknown): string {
    if (typeof specifier !== 'string' || specifier === '') {
      throw new Error(`${from}: require() takes the path of a module.`)
    }
    const folder = posix.dirname(from)
    const isPath = /^[./]/.test(specifier)
    const bases = isPath
      ? [specifier.startsWith('/') ? specifier.slice(1) : posix.join(folder, specifier)]
      : [posix.join(folder, specifier), ...packagePlaces(folder, specifier)]
    const path = this.#sources.find(bases.flatMap(base => CANDIDATES.map(end => `${base}${end}`)))
    if (path !== undefined) return path
    throw new Error(`module '${bases[0]}.js' is not defined, require args is '${specifier}' in ${from}`)
  }
}

const CANDIDATES = ['', '.js', '.ts', '/index.js', '/index.ts', '.json']

/** From the folder of the module up to the root. */
function packagePlaces(folder: string, specifier: string): string[] {
  const parts = folder === '.' ? [] : folder.split('/')
  return Array.from({ length: parts.length + 1 }, (_, up) =>
    posix.join(...parts.slice(0, parts.length - up), 'miniprogram_npm', specifier),
  )
}
