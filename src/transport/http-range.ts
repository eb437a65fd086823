/** Bytes of a file, from `start` to before `end`. */
export interface ByteSpan {
  readonly start: number
  readonly end: number
}

export type RangeAnswer =
  | ({ readonly kind: 'part' } & ByteSpan)
  | { readonly kind: 'whole' | 'unsatisfiable' }

/**
 * What a Range header asks for of a file (RFC 9110, §14). Several ranges, other units than bytes and malformed
 * headers are answered with the whole file, which the standard allows for each.
 */
export function readRange(header: string, sizeBytes: number): RangeAnswer {
  const [, first, last] = /^bytes=[ \t]*(\d+)-(\d*)[ \t]*$/i.exec(header) ?? []
  if (first !== undefined) return fromFirst(Number(first), last ? Number(last) : Infinity, sizeBytes)
  const [, suffix] = /^bytes=[ \t]*-(\d+)[ \t]*$/i.exec(header) ?? []
  if (suffix === undefined) return { kind: 'whole' }
  if (Number(suffix) === 0) return { kind: 'unsatisfiable' }
  // Nothing of an empty file can be told as a range.
  if (sizeBytes === 0) return { kind: 'whole' }
  return { kind: 'part', start: Math.max(0, sizeBytes - Number(suffix)), end: sizeBytes }
}

function fromFirst(first: number, last: number, sizeBytes: number): RangeAnswer {
  if (last < first) return { kind: 'whole' }
  if (first >= sizeBytes) return { kind: 'unsatisfiable' }
  return { kind: 'part', start: first, end: Math.min(last + 1, sizeBytes) }
}
