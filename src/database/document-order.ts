import type { Document } from './document.ts'
import { sortValue } from './match.ts'
import { parsePath } from './path.ts'
import type { SortKey } from './sort.ts'
import { compareValues, RANKS, rankOf } from './value-order.ts'

interface RankedValue {
  readonly rank: number
  readonly value: unknown
}

/** What a document is sorted by, read once. */
export type OrderKeys = readonly RankedValue[]

/** MongoDB's order of documents by some of their fields, for documents that are in memory. */
export class DocumentOrder {
  readonly #keys: readonly { readonly segments: readonly string[]; readonly direction: 1 | -1 }[]

  constructor(keys: readonly SortKey[]) {
    this.#keys = keys.map(([path, direction]) => ({ segments: parsePath(path).segments, direction }))
  }

  keysOf(document: Document): OrderKeys {
    return this.#keys.map(({ segments, direction }) => {
      const { isNothing, value } = sortValue(document, segments, direction)
      return { rank: isNothing ? RANKS.nothing : rankOf(value), value }
    })
  }

  compare(a: OrderKeys, b: OrderKeys): number {
    for (const [index, { direction }] of this.#keys.entries()) {
      const [left, right] = [a[index], b[index]]
      if (left === undefined || right === undefined) break
      const order = left.rank - right.rank || compareValues(left.value, right.value)
      if (order !== 0) return order * direction
    }
    return 0
  }
}
