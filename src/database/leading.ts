import type { Holding } from './pipeline-memory.ts'

/**
 * The first so many of a number of entries in some order, without holding all of them. Equal ones keep the order
 * they came in.
 */
export class Leading<Entry> {
  readonly #compare: (a: Entry, b: Entry) => number
  readonly #most: number
  readonly #holding: Holding
  #entries: { readonly entry: Entry; readonly sizeBytes: number }[] = []
  #addedBytes = 0

  constructor(holding: Holding, most: number, compare: (a: Entry, b: Entry) => number) {
    this.#holding = holding
    this.#most = most
    this.#compare = compare
  }

  add(entry: Entry, sizeBytes: number): void {
    this.#holding.add(sizeBytes)
    this.#addedBytes += sizeBytes
    this.#entries.push({ entry, sizeBytes })
    const { length } = this.#entries
    const isMuch = length >= this.#most * 2 + SLACK || this.#addedBytes > SLACK_BYTES
    if (isMuch && length > this.#most) this.#thin()
  }

  /** In order. */
  *entries(): Generator<Entry> {
    this.#thin()
    for (const { entry } of this.#entries) yield entry
  }

  #thin(): void {
    this.#entries.sort((a, b) => this.#compare(a.entry, b.entry))
    this.#addedBytes = 0
    if (this.#entries.length <= this.#most) return
    for (const { sizeBytes } of this.#entries.slice(this.#most)) this.#holding.add(-sizeBytes)
    this.#entries = this.#entries.slice(0, this.#most)
  }
}

/** What may be added before it is worth a sort to drop some. */
const SLACK = 1000
const SLACK_BYTES = 8 * 1024 * 1024
