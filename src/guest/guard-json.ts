// biome-ignore-all lint/complexity/noArguments: rest parameters would change the functions' length, and defining it costs each instance half a kilobyte.
import { LIMITS } from '../limits.ts'
import { callBuiltin, type Guard, lookAtDeadline, placeGuards, refuseLong } from './guard.ts'
import {
  ArrayIsArray,
  defineValue,
  JSONParse,
  ObjectKeys,
  StringIndexOf,
  StringSlice,
  SyntaxErrorCtor,
} from './intrinsics.ts'

/** JSON text that is parsed at once: some milliseconds, and a heap that the memory limit can still stop. */
const STEP_CHARS = 2 ** 20

const { parse, stringify } = JSON

/**
 * `JSON.parse` of a text whose values don't fit into the memory limit goes on for minutes: V8 collects garbage again
 * and again, and looks at nothing else. So a long text is parsed part by part. With a reviver it is left to V8.
 */
export function guardJson(): void {
  placeGuards(JSON, guards)
}

const guards: Record<string, Guard> = {
  parse(text, reviver) {
    const isLong = typeof text === 'string' && text.length > STEP_CHARS && typeof reviver !== 'function'
    return isLong ? parseValue(text, 0, text.length) : callBuiltin(parse, this, arguments)
  },
  stringify(_value, replacer, _space) {
    if (ArrayIsArray(replacer)) refuseLong('JSON.stringify', replacer, LIMITS.builtinItems)
    return callBuiltin(stringify, this, arguments)
  },
}

/** The one value that stands from `start` to before `end`. */
function parseValue(text: string, start: number, end: number): unknown {
  lookAtDeadline()
  if (end - start <= STEP_CHARS) return JSONParse(StringSlice(text, start, end))
  const first = skipSpace(text, start)
  if (text[first] === '[') return parseList(text, first + 1, end)
  if (text[first] === '{') return parseRecord(text, first + 1, end)
  // One long text or number, or nothing that V8 would go far into.
  return JSONParse(StringSlice(text, start, end))
}

function parseList(text: string, start: number, end: number): unknown[] {
  const items: unknown[] = []
  let from = start
  for (;;) {
    const to = findPartEnd(text, from, end)
    if (to - from > STEP_CHARS) {
      defineValue(items, items.length, parseValue(text, from, to))
    } else {
      lookAtDeadline()
      const part = JSONParse(`[${StringSlice(text, from, to)}]`) as unknown[]
      if (part.length === 0 && (from !== start || text[to] === ',')) throw mistake(text, to)
      for (let index = 0; index < part.length; index++) defineValue(items, items.length, part[index])
    }
    if (text[to] !== ',') {
      requireEnd(text, to, ']', end)
      return items
    }
    from = to + 1
  }
}

function parseRecord(text: string, start: number, end: number): Record<string, unknown> {
  const record = {}
  let from = start
  for (;;) {
    const to = findPartEnd(text, from, end)
    if (to - from > STEP_CHARS) {
      parseMember(record, text, from, to)
    } else {
      lookAtDeadline()
      const part = JSONParse(`{${StringSlice(text, from, to)}}`) as Record<string, unknown>
      const keys = ObjectKeys(part)
      if (keys.length === 0 && (from !== start || text[to] === ',')) throw mistake(text, to)
      for (let index = 0; index < keys.length; index++) {
        const key = keys[index] as string
        defineValue(record, key, part[key])
      }
    }
    if (text[to] !== ',') {
      requireEnd(text, to, '}', end)
      return record
    }
    from = to + 1
  }
}

function parseMember(record: object, text: string, start: number, end: number): void {
  const open = skipSpace(text, start)
  const close = text[open] === '"' ? findQuote(text, open + 1) : -1
  const colon = close < 0 ? end : skipSpace(text, close + 1)
  if (text[colon] !== ':' || colon >= end) throw mistake(text, open)
  const key = JSONParse(StringSlice(text, open, close + 1)) as string
  defineValue(record, key, parseValue(text, colon + 1, end))
}

/** Where the comma or bracket stands after as many members as fit into one step, or after one that is longer. */
function findPartEnd(text: string, start: number, end: number): number {
  let stop = findMemberEnd(text, start, end)
  while (text[stop] === ',' && stop < end) {
    const next = findMemberEnd(text, stop + 1, end)
    if (next - start > STEP_CHARS) break
    stop = next
  }
  return stop
}

function findMemberEnd(text: string, start: number, end: number): number {
  let depth = 0
  for (let index = start; index < end; index++) {
    const char = text[index]
    if (char === '"') {
      index = findQuote(text, index + 1)
      if (index < 0) return end
    } else if (char === '[' || char === '{') {
      depth++
    } else if (char === ']' || char === '}') {
      if (depth === 0) return index
      depth--
    } else if (char === ',' && depth === 0) {
      return index
    }
  }
  return end
}

/** The next quotation mark with an even number of backslashes before it, or -1. */
function findQuote(text: string, start: number): number {
  for (let from = start; ; ) {
    const index = StringIndexOf(text, '"', from)
    if (index < 0) return -1
    let slashes = index
    while (slashes > from && text[slashes - 1] === '\\') slashes--
    if ((index - slashes) % 2 === 0) return index
    from = index + 1
  }
}

function skipSpace(text: string, start: number): number {
  let index = start
  while (text[index] === ' ' || text[index] === '\n' || text[index] === '\t' || text[index] === '\r') index++
  return index
}

function requireEnd(text: string, index: number, bracket: string, end: number): void {
  if (index >= end || text[index] !== bracket) throw mistake(text, index)
  const rest = skipSpace(text, index + 1)
  if (rest < end) throw mistake(text, rest)
}

function mistake(text: string, index: number): SyntaxError {
  const what = index < text.length ? `Unexpected token '${text[index]}'` : 'Unexpected end of JSON input'
  return new SyntaxErrorCtor(`${what} in JSON at position ${index}`)
}
