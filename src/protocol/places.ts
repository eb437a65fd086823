/**
 * Where in a function's own files a place of its converted ones is: source maps as one ASCII text, which all instances
 * share and none copies into its heap. A place is found in it without reading the rest.
 *
 * A file's part of the text is a table of blocks and then the blocks. A row of the table is three numbers of five
 * digits each: line and column at which the block begins, and where it stands after the table; one more row says
 * where the last block ends. A block is up to
 * BLOCK mappings, each five numbers of variable length, as in source maps: what line, column, source, line and column
 * add to those of the mapping before, the first to the row's, and to zero in the source. Source 0 is none.
 */
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
/** Whatever user code makes of the prototype. */
const codeAt = Function.prototype.call.bind(String.prototype.charCodeAt) as (
  text: string,
  position: number,
) => number
const BLOCK = 32
const DIGITS_OF_NUMBER = 5
const ROW = 3 * DIGITS_OF_NUMBER
const OFFSET = 2 * DIGITS_OF_NUMBER
/** What a mapping's numbers stay below: the numbers of a row then have room, and so have differences in 32 bits. */
export const PLACE_NUMBERS = 2 ** 29

/** Where in `PlaceTable.text` a file's part begins, how many blocks it has, and its sources' paths. */
export type PlacePart = readonly [start: number, blockCount: number, sources: readonly string[]]

/** Lines from 1, columns from 0, as source maps count; `source` counts from 1. */
export type Mapping = readonly [
  line: number,
  column: number,
  source: number,
  sourceLine: number,
  sourceColumn: number,
]

export interface Place {
  readonly path: string
  readonly line: number
  /** From 1, as stacks count. */
  readonly column: number
}

/** A file's part, of mappings in the order of their lines and columns, of whole numbers from 0 to PLACE_NUMBERS. */
export function writePlaces(mappings: readonly Mapping[]): {
  readonly text: string
  readonly blockCount: number
} {
  let table = ''
  let blocks = ''
  let blockCount = 0
  for (let start = 0; start < mappings.length; start += BLOCK) {
    const [line = 0, column = 0] = mappings[start] as Mapping
    table += writeNumber(line) + writeNumber(column) + writeNumber(blocks.length)
    let before: Mapping = [line, column, 0, 0, 0]
    for (const mapping of mappings.slice(start, start + BLOCK)) {
      for (let field = 0; field < 5; field++) {
        blocks += writeDelta((mapping[field] as number) - (before[field] as number))
      }
      before = mapping
    }
    blockCount++
  }
  table += writeNumber(0) + writeNumber(0) + writeNumber(blocks.length)
  return { text: table + blocks, blockCount }
}

/** The place that a line and a column, from 1 both, come from; undefined where no source is told. */
export function findPlace(
  text: string,
  [start, blockCount, sources]: PlacePart,
  line: number,
  column: number,
): Place | undefined {
  const block = findBlock(text, start, blockCount, line, column - 1)
  if (block < 0) return undefined
  const row = start + block * ROW
  const blocks = start + (blockCount + 1) * ROW
  const reader = new DeltaReader(text, blocks + readNumber(text, row + OFFSET))
  const end = blocks + readNumber(text, row + ROW + OFFSET)
  const found = [readNumber(text, row), readNumber(text, row + DIGITS_OF_NUMBER), 0, 0, 0]
  let place: Place | undefined
  while (reader.position < end) {
    for (let field = 0; field < 5; field++) found[field] = (found[field] as number) + reader.next()
    const [atLine, atColumn, source, sourceLine, sourceColumn] = found as unknown as Mapping
    if (atLine > line || (atLine === line && atColumn > column - 1)) break
    const path = atLine === line ? sources[source - 1] : undefined
    place = path === undefined ? undefined : { path, line: sourceLine, column: sourceColumn + 1 }
  }
  return place
}

/** The last block that begins at that place or before it. */
function findBlock(text: string, start: number, blockCount: number, line: number, column: number): number {
  let low = 0
  let high = blockCount
  while (low < high) {
    const middle = (low + high) >> 1
    const row = start + middle * ROW
    const rowLine = readNumber(text, row)
    const isAfter = rowLine > line || (rowLine === line && readNumber(text, row + DIGITS_OF_NUMBER) > column)
    if (isAfter) high = middle
    else low = middle + 1
  }
  return low - 1
}

function writeNumber(value: number): string {
  let text = ''
  for (let digit = 0, rest = value; digit < DIGITS_OF_NUMBER; digit++, rest >>= 6)
    text = DIGITS[rest & 63] + text
  return text
}

function readNumber(text: string, position: number): number {
  let value = 0
  for (let digit = 0; digit < DIGITS_OF_NUMBER; digit++) {
    value = (value << 6) | digitAt(text, position + digit)
  }
  return value
}

/** As source maps write it: the lowest bit is the sign, five bits a digit, and the sixth says that more follow. */
function writeDelta(value: number): string {
  let text = ''
  let rest = value < 0 ? (-value << 1) | 1 : value << 1
  do {
    const more = rest > 31 ? 32 : 0
    text += DIGITS[(rest & 31) | more]
    rest >>= 5
  } while (rest > 0)
  return text
}

class DeltaReader {
  position: number
  readonly #text: string

  constructor(text: string, position: number) {
    this.#text = text
    this.position = position
  }

  next(): number {
    let value = 0
    for (let shift = 0; ; shift += 5) {
      const digit = digitAt(this.#text, this.position++)
      value |= (digit & 31) << shift
      if (digit < 32) break
    }
    return (value & 1) === 1 ? -(value >> 1) : value >> 1
  }
}

function digitAt(text: string, position: number): number {
  const code = codeAt(text, position)
  if (code >= 97) return code - 71
  if (code >= 65) return code - 65
  if (code >= 48) return code + 4
  return code === 43 ? 62 : 63
}
