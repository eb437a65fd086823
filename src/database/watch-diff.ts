import type { DocumentId } from './document.ts'

/** A document as a watcher holds it: its `_id`, and a version that changes with its content. */
export interface HeldDocument {
  readonly id: DocumentId
  readonly version: string
}

/** What makes one list of documents the other. */
export interface ListDifference<Held extends HeldDocument> {
  /** In the old list only. */
  readonly left: readonly HeldDocument[]
  /** New, changed or moved, by rising index in the new list. */
  readonly placed: readonly { readonly index: number; readonly document: Held; readonly isNew: boolean }[]
}

/**
 * Finds a short way from one list to another. Taking all of `left` and `placed` out of the old list, then putting each
 * of `placed` in at its index, in order, gives the new one: the documents not named keep their order.
 */
export function diffLists<Held extends HeldDocument>(
  from: readonly HeldDocument[],
  to: readonly Held[],
): ListDifference<Held> {
  const start = commonStart(from, to)
  const end = commonEnd(from, to, start)
  const old = new Map<DocumentId, { readonly position: number; readonly version: string }>()
  for (let position = start; position < from.length - end; position++) {
    const held = from[position]
    if (held !== undefined) old.set(held.id, { position, version: held.version })
  }
  const middle = to.slice(start, to.length - end)
  const candidates: { readonly index: number; readonly position: number }[] = []
  for (const [offset, { id, version }] of middle.entries()) {
    const known = old.get(id)
    if (known?.version === version) candidates.push({ index: start + offset, position: known.position })
  }
  const kept = longestRise(candidates)
  const placed: { index: number; document: Held; isNew: boolean }[] = []
  for (const [offset, document] of middle.entries()) {
    const index = start + offset
    if (!kept.has(index)) placed.push({ index, document, isNew: !old.has(document.id) })
    old.delete(document.id)
  }
  return { left: [...old].map(([id, { version }]) => ({ id, version })), placed }
}

function isSame(a: HeldDocument | undefined, b: HeldDocument | undefined): boolean {
  return a !== undefined && b !== undefined && a.id === b.id && a.version === b.version
}

function commonStart(from: readonly HeldDocument[], to: readonly HeldDocument[]): number {
  let length = 0
  while (isSame(from[length], to[length])) length++
  return length
}

function commonEnd(from: readonly HeldDocument[], to: readonly HeldDocument[], start: number): number {
  const most = Math.min(from.length, to.length) - start
  let length = 0
  while (length < most && isSame(from[from.length - 1 - length], to[to.length - 1 - length])) length++
  return length
}

/** The new indexes of a longest run of documents whose old positions rise: what can stay where it is. */
function longestRise(
  candidates: readonly { readonly index: number; readonly position: number }[],
): Set<number> {
  /** By length, the candidate that ends the lowest run so long; and before each candidate, the one it follows. */
  const ends: number[] = []
  const before: (number | undefined)[] = []
  for (const [at, { position }] of candidates.entries()) {
    let [low, high] = [0, ends.length]
    while (low < high) {
      const half = (low + high) >> 1
      if ((candidates[ends[half] ?? 0]?.position ?? 0) < position) low = half + 1
      else high = half
    }
    before[at] = low === 0 ? undefined : ends[low - 1]
    ends[low] = at
  }
  const kept = new Set<number>()
  for (let at = ends.at(-1); at !== undefined; at = before[at]) {
    const candidate = candidates[at]
    if (candidate !== undefined) kept.add(candidate.index)
  }
  return kept
}
