import {
  binary,
  type Compiler,
  type Evaluate,
  failed,
  isNullish,
  make,
  mistyped,
  type Operator,
  type OperatorTable,
  readNamed,
  requireInteger,
  type Scope,
  several,
  unary,
} from './evaluation.ts'
import { readBounds } from './expression-array.ts'

/** Letters are those of ASCII where their case matters; that is all MongoDB promises too. */
export const STRING: OperatorTable = {
  $concat: several(0, Infinity, concat),
  $indexOfBytes: several(2, 4, operands => indexOf('$indexOfBytes', Buffer.from, operands)),
  $indexOfCP: several(2, 4, operands => indexOf('$indexOfCP', text => [...text], operands)),
  $ltrim: trimmer('$ltrim', true, false),
  $rtrim: trimmer('$rtrim', false, true),
  $split: binary((text, separator, scope) => {
    if (isNullish(text) || isNullish(separator)) return null
    const by = requireText('$split', separator)
    if (by === '') throw failed('$split needs a separator that is not empty.')
    const parts = requireText('$split', text).split(by)
    make(scope, parts.length, '$split')
    return parts
  }),
  $strLenBytes: unary(text => Buffer.byteLength(requireText('$strLenBytes', text))),
  $strLenCP: unary(text => [...requireText('$strLenCP', text)].length),
  $strcasecmp: binary((left, right) => {
    const [a, b] = [upper(toText('$strcasecmp', left)), upper(toText('$strcasecmp', right))]
    return a < b ? -1 : Number(a > b)
  }),
  $substr: several(3, 3, operands => sliceBytes('$substr', operands)),
  $substrBytes: several(3, 3, operands => sliceBytes('$substrBytes', operands)),
  $substrCP: several(3, 3, ([value, start, count]) => {
    const text = toText('$substrCP', value)
    const from = requireInteger('$substrCP', 'the start', start)
    const length = requireInteger('$substrCP', 'the length', count)
    if (from < 0 || length < 0) throw failed('$substrCP needs a start and a length of at least 0.')
    return [...text].slice(from, from + length).join('')
  }),
  $toLower: unary(value => toText('$toLower', value).replace(/[A-Z]+/g, letters => letters.toLowerCase())),
  $toUpper: unary(value => upper(toText('$toUpper', value))),
  $trim: trimmer('$trim', true, true),
}

function upper(text: string): string {
  return text.replace(/[a-z]+/g, letters => letters.toUpperCase())
}

function requireText(operator: string, value: unknown, expected = 'a string'): string {
  if (typeof value === 'string') return value
  throw mistyped(operator, expected, value)
}

/** Text, or what has one: numbers and dates; nothing has the empty one. */
function toText(operator: string, value: unknown): string {
  if (isNullish(value)) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  if (value instanceof Date) return value.toISOString()
  throw mistyped(operator, 'a string, number or date', value)
}

function concat(operands: readonly unknown[], scope: Scope): unknown {
  let text = ''
  for (const operand of operands) {
    if (isNullish(operand)) return null
    const part = requireText('$concat', operand, 'strings')
    make(scope, part.length, '$concat')
    text += part
  }
  return text
}

/** Where a text lies in another, counted in its elements: bytes or code points. */
function indexOf(
  operator: string,
  split: (text: string) => ArrayLike<unknown>,
  [value, wanted, from, to]: readonly unknown[],
): unknown {
  if (isNullish(value)) return null
  const text = split(requireText(operator, value))
  const part = split(requireText(operator, wanted))
  const [start, end] = readBounds(operator, from, to, text.length)
  const last = Math.min(end, text.length) - part.length
  for (let index = start; index <= last; index++) {
    let matched = 0
    while (matched < part.length && text[index + matched] === part[matched]) matched++
    if (matched === part.length) return index
  }
  return -1
}

/** A negative length is the rest. `$substr` gives nothing for a negative start, where its newer name fails. */
function sliceBytes(operator: string, [value, start, count]: readonly unknown[]): string {
  const bytes = Buffer.from(toText(operator, value))
  const from = requireCount(operator, 'the start', start)
  const length = requireCount(operator, 'the length', count)
  if (from < 0) {
    if (operator === '$substr') return ''
    throw failed(`${operator} needs a start of at least 0, not ${from}.`)
  }
  const to = length < 0 ? bytes.length : Math.min(from + length, bytes.length)
  if (isInside(bytes, from) || isInside(bytes, to)) {
    throw failed(`${operator} would cut a character of more than one byte in two. Use $substrCP.`)
  }
  return bytes.toString('utf8', from, to)
}

/** Fractions are cut, as MongoDB does here. */
function requireCount(operator: string, name: string, value: unknown): number {
  if (typeof value !== 'number') throw mistyped(operator, `a number as ${name}`, value)
  return requireInteger(operator, name, Math.trunc(value))
}

/** Whether a position is in the middle of a character of UTF-8. */
function isInside(bytes: Buffer, position: number): boolean {
  const byte = bytes[position]
  return byte !== undefined && (byte & 0xc0) === 0x80
}

/** What counts as white space when no characters are given: MongoDB's own list. */
const WHITE = new Set(
  '\0\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a',
)

function trimmer(name: string, isLeft: boolean, isRight: boolean): Operator {
  const compile = (written: unknown, compiler: Compiler): Evaluate => {
    const named = readNamed(name, written, ['input'], ['chars'])
    const input = compiler.compile(named['input'])
    const chars = Object.hasOwn(named, 'chars') ? compiler.compile(named['chars']) : undefined
    return scope => {
      const value = input(scope)
      const given = chars?.(scope)
      if (isNullish(value) || (chars !== undefined && isNullish(given))) return null
      const characters = [...requireText(name, value, 'a string as input')]
      const taken = chars === undefined ? WHITE : new Set(requireText(name, given, 'a string as chars'))
      let [start, end] = [0, characters.length]
      while (isLeft && start < end && taken.has(characters[start] ?? '')) start++
      while (isRight && end > start && taken.has(characters[end - 1] ?? '')) end--
      return characters.slice(start, end).join('')
    }
  }
  return { compile }
}
