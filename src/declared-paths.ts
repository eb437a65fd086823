import { DeployError } from './errors.ts'
import type { HttpPathTarget } from './transport/http-paths.ts'

/** "http" of a function's config.json. */
export interface DeclaredPath {
  readonly path: string
  /** Whether the function is told the whole path, and not only what follows its own. */
  readonly wholePath: boolean
}

/** The HTTP paths that functions declare in their config.json, each at most one. */
export class DeclaredPaths {
  readonly #paths = new Map<string, HttpPathTarget>()

  get all(): ReadonlyMap<string, HttpPathTarget> {
    return this.#paths
  }

  /**
   * Gives a function its path in place of the one it had.
   *
   * @throws {DeployError} when another function has that path; then nothing has changed.
   */
  set(functionName: string, declared: DeclaredPath | undefined): void {
    const owner = declared === undefined ? undefined : this.#paths.get(declared.path)?.functionName
    if (declared !== undefined && owner !== undefined && owner !== functionName) {
      throw new DeployError(
        functionName,
        `Function "${functionName}": the HTTP path "${declared.path}" of its config.json is that of function "${owner}". Give one of them another.`,
        { file: 'config.json' },
      )
    }
    this.delete(functionName)
    if (declared !== undefined) {
      this.#paths.set(declared.path, { functionName, wholePath: declared.wholePath })
    }
  }

  delete(functionName: string): void {
    for (const [path, target] of this.#paths) {
      if (target.functionName === functionName) this.#paths.delete(path)
    }
  }
}
