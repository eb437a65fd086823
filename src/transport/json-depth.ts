import { heldBytesOf } from '../protocol/held-bytes.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_MAP = 0x7b
const CLOSE_MAP = 0x7d

const COMMA = 0x2c
const COLON = 0x3a

/**
 * How deep a JSON text is nested, and what its value takes in memory, about; told before anything is made of it. Of
 * what is no JSON it says nothing.
 */
export function measureJson(text: Uint8Array): { depth: number; heldBytes: number } {
  let [containerCount, separatorCount] = [0, 0]
  let depth = 0
  let deepest = 0
  let isInString = false
  for (let index = 0; index < text.length; index++) {
    const byte = text[index]
    if (isInString) {
      if (byte === BACKSLASH) index++
      else if (byte === QUOTE) isInString = false
    } else if (byte === QUOTE) isInString = true
    else if (byte === OPEN_LIST || byte === OPEN_MAP) {
      containerCount++
      deepest = Math.max(deepest, ++depth)
    } else if (byte === CLOSE_LIST || byte === CLOSE_MAP) depth--
    else if (byte === COMMA || byte === COLON) separatorCount++
  }
  // The first value of a list or map has no separator before it.
  const valueCount = 1 + separatorCount + containerCount
  return { depth: deepest, heldBytes: heldBytesOf(text.length, valueCount, containerCount) }
}
