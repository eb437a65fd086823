type Places = Readonly<Record<string, readonly [start: number, end: number]>>

/**
 * The JavaScript part of Node's own library, as the build wrote it (src/build/node-library.ts): where each module
 * stands, in one line, then the modules. All isolates share the text's bytes, and a part of it is no copy. A snapshot
 * would hold all of it for each part, so while one is made each module has a text of its own.
 */
export class Library {
  readonly #given: () => string | Readonly<Record<string, string>>
  #places: Places | undefined
  #start = 0

  constructor(given: () => string | Readonly<Record<string, string>>) {
    this.#given = given
  }

  /** A module's code as a function; its parameters are those Node gives it. */
  compile(name: string): (...args: readonly unknown[]) => unknown {
    const given = this.#given()
    const source = typeof given === 'string' ? this.#cut(given, name) : given[name]
    if (source === undefined) throw new Error(`Node's module "${name}" is not part of functions' library.`)
    // Unlike a function made of its text, code evaluated as it is needs no copy of it.
    return indirectEval(source) as (...args: readonly unknown[]) => unknown
  }

  #cut(text: string, name: string): string | undefined {
    if (this.#places === undefined) {
      this.#start = text.indexOf('\n') + 1
      this.#places = JSON.parse(text.slice(0, this.#start)) as Places
    }
    const place = Object.hasOwn(this.#places, name) ? this.#places[name] : undefined
    return place && text.slice(this.#start + place[0], this.#start + place[1])
  }
}

// biome-ignore lint/security/noGlobalEval: the text is the build's own.
const indirectEval = eval
