/** Characters of one call of String.fromCharCode: as arguments, which the stack must hold. */
const CHUNK_CHARS = 4096
const REPLACEMENT = 0xfffd

/** Bytes of a text as UTF-8; a lone surrogate takes three, as the replacement character does. */
export function utf8Length(text: string): number {
  let length = text.length
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) continue
    if (unit < 0x800) length++
    else {
      length += 2
      if (isHigh(unit) && isLow(text.charCodeAt(index + 1))) {
        // Two units, four bytes.
        index++
      }
    }
  }
  return length
}

/** Writes whole characters while they fit. Returns how many units were read and bytes written. */
export function writeUtf8(
  text: string,
  target: Uint8Array,
  start = 0,
  end = target.length,
): { read: number; written: number } {
  let at = start
  let index = 0
  for (; index < text.length; index++) {
    let code = text.charCodeAt(index)
    if (code < 0x80) {
      if (at >= end) break
      target[at++] = code
      continue
    }
    let units = 1
    if (isHigh(code) && isLow(text.charCodeAt(index + 1))) {
      code = 0x10000 + ((code - 0xd800) << 10) + (text.charCodeAt(index + 1) - 0xdc00)
      units = 2
    } else if (code >= 0xd800 && code < 0xe000) code = REPLACEMENT
    const size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    if (at + size > end) break
    writeCode(code, size, target, at)
    at += size
    index += units - 1
  }
  return { read: index, written: at - start }
}

function writeCode(code: number, size: number, target: Uint8Array, at: number): void {
  if (size === 2) {
    target[at] = 0xc0 | (code >> 6)
  } else if (size === 3) {
    target[at] = 0xe0 | (code >> 12)
    target[at + 1] = 0x80 | ((code >> 6) & 0x3f)
  } else {
    target[at] = 0xf0 | (code >> 18)
    target[at + 1] = 0x80 | ((code >> 12) & 0x3f)
    target[at + 2] = 0x80 | ((code >> 6) & 0x3f)
  }
  target[at + size - 1] = 0x80 | (code & 0x3f)
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000
}

/** Decodes UTF-8 as WHATWG has it: what is malformed becomes the replacement character, once per maximal part. */
export function readUtf8(bytes: Uint8Array, start: number, end: number): string {
  const units = new Uint16Array(CHUNK_CHARS)
  let count = 0
  let text = ''
  let at = start
  while (at < end) {
    if (count > CHUNK_CHARS - 2) {
      text += textOfUnits(units, 0, count)
      count = 0
    }
    const first = bytes[at] as number
    if (first < 0x80) {
      units[count++] = first
      at++
      continue
    }
    const { code, size } = readCode(bytes, at, end)
    at += size
    const shown = code < 0 ? REPLACEMENT : code
    if (shown < 0x10000) {
      units[count++] = shown
    } else {
      units[count++] = 0xd800 + ((shown - 0x10000) >> 10)
      units[count++] = 0xdc00 + ((shown - 0x10000) & 0x3ff)
    }
  }
  return text + textOfUnits(units, 0, count)
}

export function isUtf8(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; ) {
    if ((bytes[at] as number) < 0x80) {
      at++
      continue
    }
    const { code, size } = readCode(bytes, at, bytes.length)
    if (code < 0) return false
    at += size
  }
  return true
}

/** One character of several bytes. A negative code: malformed, and how many bytes to pass over. */
function readCode(bytes: Uint8Array, at: number, end: number): { code: number; size: number } {
  const first = bytes[at] as number
  const size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
  if (size === 0) return { code: -1, size: 1 }
  let code = first & (0xff >> (size + 1))
  for (let index = 1; index < size; index++) {
    const next = at + index < end ? (bytes[at + index] as number) : 0
    if ((next & 0xc0) !== 0x80 || (index === 1 && !isSecond(first, next))) return { code: -1, size: index }
    code = (code << 6) | (next & 0x3f)
  }
  return { code, size }
}

/** Which second bytes a first one allows: no overlong forms, surrogates, or characters beyond Unicode. */
function isSecond(first: number, second: number): boolean {
  if (first === 0xe0) return second >= 0xa0
  if (first === 0xed) return second < 0xa0
  if (first === 0xf0) return second >= 0x90
  return first !== 0xf4 || second < 0x90
}

/** How many bytes at the end are a character that is not complete. */
export function incompleteUtf8(bytes: Uint8Array): number {
  const { length } = bytes
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back] as number
    if ((byte & 0xc0) === 0x80) continue
    const size = byte < 0xc2 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 1
    if (size <= back) return 0
    const isPossible = back === 1 || isSecond(byte, bytes[length - back + 1] as number)
    return isPossible ? back : 0
  }
  return 0
}

/** Units of UTF-16, or bytes as Latin-1, as a text. */
export function textOfUnits(units: Uint8Array | Uint16Array, start: number, end: number): string {
  let text = ''
  for (let from = start; from < end; from += CHUNK_CHARS) {
    const chunk = units.subarray(from, Math.min(from + CHUNK_CHARS, end))
    text += String.fromCharCode.apply(undefined, chunk as unknown as number[])
  }
  return text
}
