import {
  ArrayIsArray,
  defineValue,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetOwnPropertySymbols,
  ObjectGetPrototypeOf,
  ObjectHasOwn,
  ObjectKeys,
  RegExpExec,
  StringIndexOf,
  StringRepeat,
} from './intrinsics.ts'

/** Defaults of `util.inspect`: how deep, how wide a line, and how many levels share one. */
const DEPTH = 2
const BREAK_LENGTH = 80
const COMPACT = 3
/** Longer arrays are lined up in columns. */
const MAX_ARRAY_ITEMS = 6

/** What a text is escaped for, or quoted otherwise than in single quotes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const SPECIAL = /[\u0000-\u001f'\\\u007f-\u009f\ud800-\udfff]/
const NAME = /^[a-zA-Z_][a-zA-Z_0-9]*$/

const objectPrototype = Object.prototype
const arrayPrototype = Array.prototype
const custom = Symbol.for('nodejs.util.inspect.custom')

interface Progress {
  indentation: number
  /** How deep the value written last went. */
  depth: number
  /** What the value being written stands in, from the outside in. */
  readonly around: object[]
}

/**
 * A value as `util.inspect` shows it, if it is data as JSON has it: what functions log most. Node's own inspect takes
 * 18 ms and 3 MB of an isolate's memory when it is first used. Undefined for all that needs it.
 */
export function inspectPlain(value: unknown): string | undefined {
  return write(value, 0, { indentation: 0, depth: 0, around: [] })
}

function write(value: unknown, level: number, progress: Progress): string | undefined {
  switch (typeof value) {
    case 'string':
      return RegExpExec(SPECIAL, value) === null ? `'${value}'` : undefined
    case 'number':
      return value === 0 && 1 / value < 0 ? '-0' : `${value}`
    case 'bigint':
      return `${value}n`
    case 'boolean':
    case 'undefined':
      return `${value}`
    case 'object':
      if (value === null) return 'null'
      if (isAround(value, level, progress)) return undefined
      return ArrayIsArray(value)
        ? writeArray(value as unknown[], level, progress)
        : writeObject(value as Record<string, unknown>, level, progress)
    default:
      return undefined
  }
}

function isAround(value: object, level: number, { around }: Progress): boolean {
  for (let index = 0; index < level; index++) if (around[index] === value) return true
  return false
}

/** Nothing but own data under names, and nothing said by a prototype of its own making. */
function isPlain(value: object, prototype: object): boolean {
  return (
    ObjectGetPrototypeOf(value) === prototype &&
    !(custom in value) &&
    !ObjectHasOwn(value, 'constructor') &&
    ObjectGetOwnPropertySymbols(value).length === 0
  )
}

function writeArray(value: unknown[], level: number, progress: Progress): string | undefined {
  const { length } = value
  if (length > MAX_ARRAY_ITEMS || !isPlain(value, arrayPrototype) || ObjectKeys(value).length !== length) {
    return undefined
  }
  if (length === 0) return '[]'
  if (level > DEPTH) return '[Array]'
  const items: string[] = []
  progress.depth = level + 1
  defineValue(progress.around, level, value)
  progress.indentation += 2
  for (let index = 0; index < length; index++) {
    const item = ObjectGetOwnPropertyDescriptor(value, `${index}`)
    const text =
      item === undefined || !ObjectHasOwn(item, 'value') ? undefined : write(item.value, level + 1, progress)
    if (text === undefined) return undefined
    defineValue(items, index, text)
  }
  progress.indentation -= 2
  return join(items, '[', ']', level + 1, progress)
}

function writeObject(value: Record<string, unknown>, level: number, progress: Progress): string | undefined {
  if (!isPlain(value, objectPrototype)) return undefined
  const keys = ObjectKeys(value)
  if (keys.length === 0) return '{}'
  if (level > DEPTH) return '[Object]'
  const fields: string[] = []
  progress.depth = level + 1
  defineValue(progress.around, level, value)
  progress.indentation += 2
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string
    const field = ObjectGetOwnPropertyDescriptor(value, key)
    const name = writeName(key)
    const text =
      name === undefined || field === undefined || !ObjectHasOwn(field, 'value')
        ? undefined
        : write(field.value, level + 1, progress)
    if (text === undefined) return undefined
    defineValue(fields, index, `${name}: ${text}`)
  }
  progress.indentation -= 2
  return join(fields, '{', '}', level + 1, progress)
}

function writeName(key: string): string | undefined {
  if (key === '__proto__') return undefined
  if (RegExpExec(NAME, key) !== null) return key
  return RegExpExec(SPECIAL, key) === null ? `'${key}'` : undefined
}

/** On one line where that is short and shows no more than three levels; else each on its own. */
function join(parts: string[], open: string, close: string, level: number, progress: Progress): string {
  const count = parts.length
  let width = 2 * count + progress.indentation + open.length + 10
  let onOneLine = ''
  let onLines = ''
  const indentation = `\n${StringRepeat(' ', progress.indentation)}`
  for (let index = 0; index < count; index++) {
    const part = parts[index] as string
    width += part.length
    onOneLine += index === 0 ? part : `, ${part}`
    onLines += index === 0 ? part : `,${indentation}  ${part}`
  }
  const isShort = progress.depth - level < COMPACT && width <= BREAK_LENGTH
  if (isShort && StringIndexOf(onOneLine, '\n') < 0) return `${open} ${onOneLine} ${close}`
  return `${open}${indentation}  ${onLines}${indentation}${close}`
}
