import { posix } from 'node:path'
import type { SourceTree } from '../source-tree.ts'

/** What a file is. `detect`: an ES module if it has `import` or `export`, else CommonJS. */
export type ModuleFormat = 'cjs' | 'esm' | 'detect' | 'json' | 'addon'

/** The ending of what the command line, the resolver and a function's author call a script. */
export const SCRIPT_NAME = /\.(?:js|cjs|mjs|json|ts|cts|mts|tsx|jsx)$/
const TYPES_ONLY = /\.d\.(?:ts|cts|mts)$/

/** Whether a file may be loaded by a name that deploy doesn't see; declarations of types never are. */
export function isScriptName(name: string): boolean {
  return SCRIPT_NAME.test(name) && !TYPES_ONLY.test(name)
}

export function isTyped(path: string): boolean {
  return /\.(?:ts|cts|mts|tsx|jsx)$/.test(path)
}

/** Node's rules: the extension decides, or the `type` of the package.json that is nearest. */
export class FormatReader {
  readonly #tree: SourceTree
  readonly #types = new Map<string, string | undefined>()

  constructor(tree: SourceTree) {
    this.#tree = tree
  }

  formatOf(path: string): ModuleFormat {
    if (path.endsWith('.json')) return 'json'
    if (path.endsWith('.node')) return 'addon'
    if (/\.[cm][jt]s$/.test(path)) return /\.m[jt]s$/.test(path) ? 'esm' : 'cjs'
    const type = this.#typeOf(posix.dirname(path))
    if (type === 'module') return 'esm'
    return type === 'commonjs' ? 'cjs' : 'detect'
  }

  #typeOf(folder: string): string | undefined {
    if (this.#types.has(folder)) return this.#types.get(folder)
    const type = this.#readType(folder)
    this.#types.set(folder, type)
    return type
  }

  #readType(folder: string): string | undefined {
    if (folder.endsWith('/node_modules')) return undefined
    const path = posix.join(folder, 'package.json')
    if (this.#tree.kindOf(path) === 'file') return typeIn(this.#tree.readText(path))
    return folder === '/' ? undefined : this.#typeOf(posix.dirname(folder))
  }
}

function typeIn(text: string): string | undefined {
  try {
    const { type } = JSON.parse(text) as { type?: unknown }
    return typeof type === 'string' ? type : undefined
  } catch {
    // Says nothing, then; that it is broken matters to who requires it.
    return undefined
  }
}
