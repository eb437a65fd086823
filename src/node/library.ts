/** A module's code; its parameters are those Node gives it. */
type ModuleCode = (...args: readonly unknown[]) => unknown
export type LibraryParts = Readonly<Record<string, ModuleCode>>

type Places = Readonly<Record<string, readonly [start: number, end: number]>>

/**
 * The JavaScript part of Node's own library, as the build wrote it (src/build/node-library.ts): where each module
 * stands, in one line, then the modules. All isolates share the text's bytes, and a part of it is no copy. A snapshot
 * would hold all of it for each part, so while one is made the modules are given as functions, each of its own text.
 */
export class Library {
  readonly #given: () => string | LibraryParts
  #places: Places | undefined
  #start = 0

  constructor(given: () => string | LibraryParts) {
    this.#given = given
  }

  compile(name: string): ModuleCode {
    const given = this.#given()
    const code = typeof given === 'string' ? this.#cut(given, name) : given[name]
    if (code === undefined) throw new Error(`Node's module "${name}" is not part of functions' library.`)
    // Unlike a function made of its text, code evaluated as it is needs no copy of it.
    return typeof code === 'string' ? (indirectEval(code) as ModuleCode) : code
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
