import { LIMITS } from '../limits.ts'
import type { Encoded, EncodedObject } from '../protocol/value.ts'
import { placeField, readExtended, writeExtended } from './extended-json.ts'
import type { FileRecord } from './record.ts'

/**
 * The documents of a CSV text (RFC 4180), whose first row has the fields' names; dots in them express nesting.
 *
 * What a cell holds decides its type, quotes or not: nothing is a missing field; a number, `true`, `false` and
 * `null` are themselves; what begins with `{`, `[` or `"` and is JSON is that; all else is text. Whole numbers
 * beyond 2^53 and those with zeros in front are text: as numbers they would lose digits.
 */
export async function* readCsv(chunks: AsyncIterable<string>): AsyncGenerator<FileRecord> {
  let names: readonly string[] | undefined
  for await (const row of rowsOf(chunks)) {
    const { line, cells } = row
    if ('problem' in row) {
      yield { line, problem: row.problem }
    } else if (names === undefined) {
      const problem = problemOfNames(cells)
      if (problem !== undefined) {
        yield { line, problem }
        return
      }
      names = cells
    } else if (cells.length > 1 || cells[0] !== '') {
      yield readRow(line, names, cells)
    }
  }
}

/** The first line of CSV, with its line end: names are text, whatever they look like. */
export function writeCsvNames(names: readonly string[]): string {
  return `${names.map(quote).join(',')}\r\n`
}

/** One line of CSV for a document, with its line end. What `readCsv` reads of it is the same. */
export function writeCsvRow(cells: readonly (Encoded | undefined)[]): string {
  return `${cells.map(cell => quote(writeCell(cell))).join(',')}\r\n`
}

function problemOfNames(names: readonly string[]): string | undefined {
  try {
    const shape: Record<string, Encoded> = {}
    for (const name of names) {
      if (name === '') return 'A column has no name.'
      if (name.startsWith('$')) return `The field name ${JSON.stringify(name)} starts with $.`
      placeField(shape, name, true)
    }
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

function readRow(line: number, names: readonly string[], cells: readonly string[]): FileRecord {
  if (cells.length > names.length) {
    return { line, problem: `The row has ${cells.length} cells, but there are ${names.length} columns.` }
  }
  try {
    const document: Record<string, Encoded> = {}
    for (const [index, cell] of cells.entries()) {
      const value = readCell(cell)
      if (value !== undefined) placeField(document, names[index] ?? '', value)
    }
    return { line, document }
  } catch (error) {
    return { line, problem: messageOf(error) }
  }
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

function readCell(cell: string): Encoded | undefined {
  if (cell === '') return undefined
  if (cell === 'true' || cell === 'false') return cell === 'true'
  if (cell === 'null') return null
  if (NUMBER.test(cell)) {
    const number = Number(cell)
    const isWhole = /^-?\d+$/.test(cell)
    return Number.isFinite(number) && (!isWhole || Number.isSafeInteger(number)) ? number : cell
  }
  if (!/^[{["]/.test(cell)) return cell
  let json: unknown
  try {
    json = JSON.parse(cell)
  } catch {
    // Text may well begin with one of these.
    return cell
  }
  return readExtended(json)
}

function writeCell(value: Encoded | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return readCell(value) === value ? value : JSON.stringify(value)
  // With an exponent a large number can't be taken for text of digits.
  if (typeof value === 'number' && !Number.isSafeInteger(value) && Number.isInteger(value))
    return value.toExponential()
  return writeExtended(JSON.stringify(value))
}

function quote(cell: string): string {
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}

/** A field of a document by its dotted path, through objects. */
export function cellOf(document: EncodedObject, path: string): Encoded | undefined {
  let value: Encoded | undefined = document
  for (const segment of path.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    value = Object.hasOwn(value, segment) ? (value as EncodedObject)[segment] : undefined
  }
  return value
}

type Row = { readonly line: number; readonly cells: readonly string[] } & (
  | { readonly problem?: never }
  | { readonly problem: string }
)

/** Rows by RFC 4180; a quoted cell may hold line ends. */
async function* rowsOf(chunks: AsyncIterable<string>): AsyncGenerator<Row> {
  const reader = new RowReader()
  for await (const chunk of chunks) yield* reader.read(chunk)
  yield* reader.end()
}

class RowReader {
  #cells: string[] = []
  #cell = ''
  #state: 'start' | 'plain' | 'quoted' | 'quote' = 'start'
  #line = 1
  #rowLine = 1
  #sizeChars = 0
  #isReturn = false

  #readQuoted(character: string): void {
    if (character === '"') this.#state = 'quote'
    else this.#append(character)
    if (character === '\n') this.#line++
  }

  *read(chunk: string): Generator<Row> {
    for (const character of chunk) {
      this.#sizeChars += character.length
      if (this.#state === 'quoted') this.#readQuoted(character)
      else if (character === '\n') yield* this.#endLine()
      else this.#readPlain(character)
    }
  }

  *end(): Generator<Row> {
    if (this.#state === 'quoted') {
      yield { line: this.#rowLine, cells: [], problem: 'A quote is opened and never closed.' }
    } else if (this.#state !== 'start' || this.#cells.length > 0) {
      yield* this.#endLine()
    }
  }

  #readPlain(character: string): void {
    if (this.#isReturn) this.#append('\r')
    this.#isReturn = character === '\r'
    if (this.#isReturn) return
    if (character === ',') {
      this.#endCell()
    } else if (character === '"' && this.#state !== 'plain') {
      // Twice within quotes it stands for itself.
      if (this.#state === 'quote') this.#append('"')
      this.#state = 'quoted'
    } else {
      this.#state = 'plain'
      this.#append(character)
    }
  }

  #append(text: string): void {
    // What is too large is not kept, only told.
    if (this.#sizeChars <= LIMITS.importRecordChars) this.#cell += text
    if (this.#state === 'start') this.#state = 'plain'
  }

  #endCell(): void {
    this.#cells.push(this.#cell)
    this.#cell = ''
    this.#state = 'start'
    this.#isReturn = false
  }

  *#endLine(): Generator<Row> {
    this.#endCell()
    const row = { line: this.#rowLine, cells: this.#cells }
    if (this.#sizeChars > LIMITS.importRecordChars) {
      yield { ...row, problem: `The row has more than ${LIMITS.importRecordChars} characters.` }
    } else {
      yield row
    }
    this.#cells = []
    this.#sizeChars = 0
    this.#rowLine = ++this.#line
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
