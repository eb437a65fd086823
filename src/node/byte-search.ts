/**
 * Where `needle` stands in `bytes`, looked for from `from` on, forward or backward, in steps of `unit` bytes; -1 if
 * nowhere. `from` may be negative, counted from the end, or lie outside, as in `Buffer.prototype.indexOf`.
 */
export function searchBytes(
  bytes: Uint8Array,
  needle: Uint8Array,
  from: number,
  isForward: boolean,
  end: number,
  unit: number,
): number {
  const length = Math.min(end, bytes.length)
  const wanted = startOf(from, length, needle.length, isForward)
  if (wanted < 0) return -1
  const start = wanted - (wanted % unit)
  if (needle.length === 0) return start
  const last = length - needle.length
  if (isForward) {
    for (let at = start; at <= last; at += unit) if (isAt(bytes, needle, at)) return at
  } else {
    for (let at = Math.min(start, last); at >= 0; at -= unit) if (isAt(bytes, needle, at)) return at
  }
  return -1
}

function startOf(from: number, length: number, needleLength: number, isForward: boolean): number {
  let start = Math.trunc(from)
  if (start < 0) {
    start += length
    if (start < 0) {
      if (!isForward) return -1
      start = 0
    }
  }
  if (start > length || start + needleLength > length) {
    if (needleLength === 0) return length
    if (isForward) return -1
    start = length - needleLength
  }
  return start
}

function isAt(bytes: Uint8Array, needle: Uint8Array, at: number): boolean {
  for (let index = 0; index < needle.length; index++) if (bytes[at + index] !== needle[index]) return false
  return true
}

/** -1, 0 or 1, by the first byte that differs, then by length. */
export function compareBytes(left: Uint8Array, right: Uint8Array): -1 | 0 | 1 {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const difference = (left[index] as number) - (right[index] as number)
    if (difference !== 0) return difference < 0 ? -1 : 1
  }
  return left.length === right.length ? 0 : left.length < right.length ? -1 : 1
}
