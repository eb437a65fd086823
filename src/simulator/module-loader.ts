import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { compileFunction } from 'node:vm'

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
  readonly #root: string
  readonly #scope: Readonly<Record<string, unknown>>
  readonly #modules = new Map<string, { exports: unknown }>()

  constructor(root: string, globals: Readonly<Record<string, unknown>>) {
    this.#root = root
    this.#scope = { ...globals, ...ABSENT }
  }

  /**
   * Loads a script of the project, once. `path` is that of the file from the project's root.
   *
   * @throws {Error} when there is none, in the platform's words, and whatever the script throws.
   */
  load(path: string): unknown {
    const loaded = this.#modules.get(path)
    if (loaded !== undefined) return loaded.exports
    const file = join(this.#root, path)
    const text = readFileSync(file, 'utf8')
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
    const require = (specifier: unknown): unknown => this.load(this.#resolve(path, specifier))
    const run = compile(text, file, this.#scope)
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
    for (const base of bases) {
      const isInside = base !== '..' && !base.startsWith('../')
      const path = !isInside ? undefined : CANDIDATES.map(end => `${base}${end}`).find(this.#isFile)
      if (path !== undefined) return posix.normalize(path)
    }
    const source = bases.map(base => `${base}.ts`).find(this.#isFile)
    const hint = source === undefined ? '' : ` ${source} is there, but not compiled to JavaScript.`
    throw new Error(
      `module '${bases[0]}.js' is not defined, require args is '${specifier}' in ${from}.${hint}`,
    )
  }

  readonly #isFile = (path: string): boolean => {
    const file = join(this.#root, path)
    return existsSync(file) && statSync(file).isFile()
  }
}

const CANDIDATES = ['', '.js', '/index.js', '.json']

/** From the folder of the module up to the root. */
function packagePlaces(folder: string, specifier: string): string[] {
  const parts = folder === '.' ? [] : folder.split('/')
  return Array.from({ length: parts.length + 1 }, (_, up) =>
    posix.join(...parts.slice(0, parts.length - up), 'miniprogram_npm', specifier),
  )
}

type Script = (...values: unknown[]) => unknown

function compile(text: string, filename: string, scope: object): Script {
  try {
    const options = { filename, contextExtensions: [scope] }
    return compileFunction(text, ['require', 'module', 'exports'], options) as Script
  } catch (error) {
    if (error instanceof SyntaxError && /import|export/.test(error.message)) {
      error.message += ` (${filename} is an ES module: compile it to CommonJS, as WeChat DevTools does)`
    }
    throw error
  }
}
