/**
 * The JavaScript part of Node's own library, as the build wrote it (src/build/node-library.ts): where each module
 * stands, in one line, then the modules. All isolates share the text's bytes, and a part of it is no copy.
 */
export class Library {
  readonly #text: string
  readonly #index: Readonly<Record<string, readonly [start: number, end: number]>>
  readonly #start: number

  constructor(text: string) {
    this.#text = text
    this.#start = text.indexOf('\n') + 1
    this.#index = JSON.parse(text.slice(0, this.#start))
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#index, name)
  }

  /** A module's code as a function; its parameters are those Node gives it. */
  compile(name: string): (...args: readonly unknown[]) => unknown {
    const place = Object.hasOwn(this.#index, name) ? this.#index[name] : undefined
    if (place === undefined) throw new Error(`Node's module "${name}" is not part of functions' library.`)
    const source = this.#text.slice(this.#start + place[0], this.#start + place[1])
    // Unlike a function made of its text, code evaluated as it is needs no copy of it.
    return indirectEval(source) as (...args: readonly unknown[]) => unknown
  }
}

// biome-ignore lint/security/noGlobalEval: the text is the build's own.
const indirectEval = eval
