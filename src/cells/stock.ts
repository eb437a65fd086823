import type { IsolateKind } from '../isolate/pool-key.ts'
import type { RemoteIsolate } from './remote-isolate.ts'

/** A cell that has come into use keeps for so long what it has in stock, in milliseconds. */
const KEPT_MS = 5000

/**
 * Blank isolates of a spare cell, made ahead of the moment at which it takes another's place: all who lived there need
 * one then, and to make them takes its main thread some ten milliseconds each.
 */
export class Stock {
  readonly #make: (kind: IsolateKind) => RemoteIsolate
  #blanks: RemoteIsolate[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(make: (kind: IsolateKind) => RemoteIsolate) {
    this.#make = make
  }

  get size(): number {
    return this.#blanks.length
  }

  /** Makes one of those that are lacking, when those before are ready, and gives up what isn't wanted. Whether it goes on. */
  fill(wanted: readonly IsolateKind[]): boolean {
    const unwanted = this.#blanks.filter(({ isDisposed }) => !isDisposed)
    this.#blanks = [...unwanted]
    const lacking: IsolateKind[] = []
    for (const kind of wanted) {
      const index = unwanted.findIndex(blank => isLike(blank, kind))
      if (index < 0) lacking.push(kind)
      else unwanted.splice(index, 1)
    }
    for (const blank of unwanted) this.#remove(blank).dispose()
    const [next] = lacking
    if (next === undefined) return false
    if (this.#blanks.every(({ isReady }) => isReady)) this.#blanks.push(this.#make(next))
    return true
  }

  take(kind: IsolateKind): RemoteIsolate | undefined {
    const blank = this.#blanks.find(each => !each.isDisposed && isLike(each, kind))
    return blank && this.#remove(blank)
  }

  /** Its cell is in use from now on: what nobody takes is given up after a while. */
  giveUpLater(): void {
    this.#timer ??= setTimeout(() => this.clear(), KEPT_MS).unref()
  }

  clear(): void {
    clearTimeout(this.#timer)
    for (const blank of this.#blanks.splice(0)) blank.dispose()
  }

  #remove(blank: RemoteIsolate): RemoteIsolate {
    this.#blanks.splice(this.#blanks.indexOf(blank), 1)
    return blank
  }
}

function isLike(blank: RemoteIsolate, { memoryMb, runtime, nodeNames }: IsolateKind): boolean {
  return blank.memoryMb === memoryMb && blank.runtime === runtime && `${blank.nodeNames}` === `${nodeNames}`
}
