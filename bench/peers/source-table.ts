/** The sources of deployed functions, for peers that have no deploying of their own. */
export class SourceTable {
  readonly #sources = new Map<string, string>()

  set(name: string, source: string): void {
    this.#sources.set(name, source)
  }

  /** @throws {RangeError} for one that was not deployed. */
  get(name: string): string {
    const source = this.#sources.get(name)
    if (source === undefined) throw new RangeError(`No function "${name}" was deployed.`)
    return source
  }
}
