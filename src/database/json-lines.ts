import { LIMITS } from '../limits.ts'
import { readExtendedDocument } from './extended-json.ts'
import type { FileRecord } from './record.ts'

/**
 * The documents of a text of JSON Lines: one object a line. One written over several lines is read too, as long as
 * no line but its first begins with `{`. A malformed record is told and skipped.
 */
export async function* readJsonLines(chunks: AsyncIterable<string>): AsyncGenerator<FileRecord> {
  const record = new OpenRecord()
  let line = 0
  for await (const { text, isContinued } of linesOf(chunks)) {
    if (!isContinued) line++
    if (record.isOpen && !isContinued && text.startsWith('{')) yield record.close()
    if (!record.isOpen && text.trim() === '') continue
    record.add(line, text)
    if (record.isComplete) yield record.close()
  }
  if (record.isOpen) yield record.close()
}

/** The lines of one record so far. */
class OpenRecord {
  #lines: string[] = []
  #line = 0
  #sizeChars = 0

  get isOpen(): boolean {
    return this.#line > 0
  }

  add(line: number, text: string): void {
    if (this.#line === 0) this.#line = line
    this.#sizeChars += text.length
    // What is too large is not kept, only skipped.
    if (this.#sizeChars <= LIMITS.importRecordChars) this.#lines.push(text)
    else this.#lines = []
  }

  /** Whether nothing can follow: it is one line of JSON, or its last brace stands at the beginning of a line. */
  get isComplete(): boolean {
    const last = this.#lines.at(-1) ?? ''
    return this.#lines.length === 1 ? isJson(last) : last.startsWith('}')
  }

  close(): FileRecord {
    const [line, text] = [this.#line, this.#lines.join('\n')]
    const isTooLarge = this.#sizeChars > LIMITS.importRecordChars
    this.#lines = []
    this.#line = 0
    this.#sizeChars = 0
    if (!isTooLarge) return readRecord(line, text)
    return { line, problem: `The record has more than ${LIMITS.importRecordChars} characters.` }
  }
}

function isJson(text: string): boolean {
  // A record over several lines begins with a line that can't be whole.
  if (!/[}\]]\s*$/.test(text)) return !text.startsWith('{')
  try {
    JSON.parse(text)
    return true
  } catch {
    return !text.startsWith('{')
  }
}

interface Line {
  readonly text: string
  /** It is a further piece of a line that is too long to be kept whole. */
  readonly isContinued: boolean
}

/** Lines without their ends, however the text is cut into chunks. */
async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<Line> {
  let rest = ''
  let isContinued = false
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      yield { text: line.endsWith('\r') ? line.slice(0, -1) : line, isContinued }
      isContinued = false
    }
    if (rest.length <= LIMITS.importRecordChars) continue
    yield { text: rest, isContinued }
    isContinued = true
    rest = ''
  }
  if (rest !== '') yield { text: rest, isContinued }
}

function readRecord(line: number, text: string): FileRecord {
  if (text.trimStart().startsWith('[')) {
    return { line, problem: 'This is a JSON array. Write one object on each line instead.' }
  }
  try {
    const json: unknown = JSON.parse(text)
    const twice = repeatedKey(text)
    if (twice !== undefined) return { line, problem: `The field ${JSON.stringify(twice)} is there twice.` }
    return { line, document: readExtendedDocument(json) }
  } catch (error) {
    return { line, problem: error instanceof Error ? error.message : String(error) }
  }
}

/** A name that an object of a valid JSON text has twice: `JSON.parse` would take the last. */
function repeatedKey(text: string): string | undefined {
  /** The names of each object around the place; of an array, nothing. */
  const around: (Set<string> | undefined)[] = []
  let isNameNext = false
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (character === '"') {
      const end = endOfString(text, index)
      if (isNameNext) {
        const name: string = JSON.parse(text.slice(index, end + 1))
        const names = around.at(-1)
        if (names?.has(name) === true) return name
        names?.add(name)
      }
      isNameNext = false
      index = end
    } else if (character === '{' || character === '[') {
      around.push(character === '{' ? new Set() : undefined)
      isNameNext = character === '{'
    } else if (character === '}' || character === ']') {
      around.pop()
    } else if (character === ',') {
      isNameNext = around.at(-1) !== undefined
    }
  }
  return undefined
}

/** Where the closing quote of a string is. */
function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    const character = text[index]
    if (character === '"') return index
    if (character === '\\') index++
  }
  return text.length
}
