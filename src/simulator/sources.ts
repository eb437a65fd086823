import { existsSync, readFileSync, statSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, posix, relative } from 'node:path'
import { isProblem, transpile } from '../modules/transpile.ts'

/** A script that was made into CommonJS, or why it couldn't be, and the text that this was made of. */
interface Converted {
  readonly text: string
  readonly result: { readonly code: string } | { readonly problem: string }
}

/** The scripts of a project as CommonJS: TypeScript and ES modules are converted, as WeChat DevTools does it. */
export class Sources {
  readonly root: string
  readonly #converted = new Map<string, Converted>()

  constructor(root: string) {
    this.root = root
  }

  /** Converts what has to be and has changed since the last time; loading, which can't wait, finds it done. */
  async prepare(): Promise<void> {
    for (const path of await listScripts(this.root)) {
      const text = await readFile(join(this.root, path), 'utf8')
      if (!path.endsWith('.ts') && !MODULE_SYNTAX.test(text)) this.#converted.delete(path)
      else if (this.#converted.get(path)?.text !== text) {
        this.#converted.set(path, { text, result: await convert(path, text) })
      }
    }
  }

  /** The first of the paths that is a file of the project. Paths are from the root. */
  find(paths: readonly string[]): string | undefined {
    return paths
      .map(path => posix.normalize(path))
      .filter(path => !/^\.\.(?:$|\/)/.test(path))
      .find(path => {
        const file = join(this.root, path)
        return existsSync(file) && statSync(file).isFile()
      })
  }

  /** @throws {Error} with file, line and column when it couldn't be converted. */
  read(path: string): string {
    const result = this.#converted.get(path)?.result
    if (result === undefined) return readFileSync(join(this.root, path), 'utf8')
    if ('problem' in result) throw new SyntaxError(result.problem)
    return result.code
  }
}

/** Words that begin a line of a module. Where they do in CommonJS, in a comment or a text, conversion changes nothing. */
const MODULE_SYNTAX = /^\s*(?:import|export)\b/m

async function convert(path: string, text: string): Promise<Converted['result']> {
  const loader = path.endsWith('.ts') ? 'ts' : 'js'
  const converted = await transpile({ path, text, loader, format: 'cjs' })
  if (isProblem(converted)) {
    const { file, line, column, message } = converted
    return { problem: `${file}:${line}:${column}: ${message}` }
  }
  const map = Buffer.from(converted.map).toString('base64')
  return { code: `${converted.code}\n//# sourceMappingURL=data:application/json;base64,${map}\n` }
}

async function listScripts(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile() && /\.[jt]s$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
    .map(({ parentPath, name }) => relative(root, join(parentPath, name)).replaceAll('\\', '/'))
    .filter(path => !/(?:^|\/)node_modules\//.test(path))
}
