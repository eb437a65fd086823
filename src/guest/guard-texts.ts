// biome-ignore-all lint/complexity/noArguments: rest parameters would change the functions' length, and defining it costs each instance half a kilobyte.
import { LIMITS } from '../limits.ts'
import { callBuiltin, type Guard, placeGuards, refuseLong } from './guard.ts'
import { findFirst, findLast } from './guard-search.ts'
import { RangeErrorCtor, RegExpExec } from './intrinsics.ts'

const { anchor, fontcolor, fontsize, includes, indexOf, lastIndexOf, link } = String.prototype
const { normalize, replace, replaceAll, split } = String.prototype
const { toLocaleLowerCase, toLocaleUpperCase, toLowerCase } = String.prototype
const { assign, entries, getOwnPropertyDescriptors, getOwnPropertyNames, keys, values } = Object

/** String built-ins that work through a whole text, or make many texts of one, without a look at the deadline. */
export function guardTexts(): void {
  placeGuards(String.prototype, texts)
  placeGuards(String.prototype, tags)
  placeGuards(Object, objects)
}

function refuse(name: string, value: unknown): void {
  refuseLong(`String.prototype.${name}`, value, LIMITS.builtinChars)
}

const texts: Record<string, Guard> = {
  includes(pattern) {
    const index = findFirst(this, pattern, arguments[1])
    return index === undefined ? callBuiltin(includes, this, arguments) : index >= 0
  },
  indexOf(pattern) {
    return findFirst(this, pattern, arguments[1]) ?? callBuiltin(indexOf, this, arguments)
  },
  lastIndexOf(pattern) {
    return findLast(this, pattern, arguments[1]) ?? callBuiltin(lastIndexOf, this, arguments)
  },
  normalize() {
    refuse('normalize', this)
    if (typeof this === 'string' && this.length > LIMITS.builtinMarks) refuseMarks(this)
    return callBuiltin(normalize, this, arguments)
  },
  replace(_first, _second) {
    refuse('replace', this)
    return callBuiltin(replace, this, arguments)
  },
  replaceAll(_first, _second) {
    refuse('replaceAll', this)
    return callBuiltin(replaceAll, this, arguments)
  },
  split(_first, _second) {
    refuse('split', this)
    return callBuiltin(split, this, arguments)
  },
  toLocaleLowerCase() {
    refuse('toLocaleLowerCase', this)
    return callBuiltin(toLocaleLowerCase, this, arguments)
  },
  toLocaleUpperCase() {
    refuse('toLocaleUpperCase', this)
    return callBuiltin(toLocaleUpperCase, this, arguments)
  },
  toLowerCase() {
    refuse('toLowerCase', this)
    return callBuiltin(toLowerCase, this, arguments)
  },
}

/** Quotation marks in the attribute are written as six characters each: a text beyond V8's longest aborts the process. */
const tags: Record<string, Guard> = {
  anchor(attribute) {
    if (typeof attribute === 'string') refuse('anchor', attribute)
    return callBuiltin(anchor, this, arguments)
  },
  fontcolor(attribute) {
    if (typeof attribute === 'string') refuse('fontcolor', attribute)
    return callBuiltin(fontcolor, this, arguments)
  },
  fontsize(attribute) {
    if (typeof attribute === 'string') refuse('fontsize', attribute)
    return callBuiltin(fontsize, this, arguments)
  },
  link(attribute) {
    if (typeof attribute === 'string') refuse('link', attribute)
    return callBuiltin(link, this, arguments)
  },
}

/** A text given where an object is expected is taken for an object with a key per character. */
const objects: Record<string, Guard> = {
  assign(_first, _second) {
    for (let index = 1; index < arguments.length; index++) refuseTextKeys('assign', arguments[index])
    return callBuiltin(assign, this, arguments)
  },
  entries(value) {
    refuseTextKeys('entries', value)
    return callBuiltin(entries, this, arguments)
  },
  getOwnPropertyDescriptors(value) {
    refuseTextKeys('getOwnPropertyDescriptors', value)
    return callBuiltin(getOwnPropertyDescriptors, this, arguments)
  },
  getOwnPropertyNames(value) {
    refuseTextKeys('getOwnPropertyNames', value)
    return callBuiltin(getOwnPropertyNames, this, arguments)
  },
  keys(value) {
    refuseTextKeys('keys', value)
    return callBuiltin(keys, this, arguments)
  },
  values(value) {
    refuseTextKeys('values', value)
    return callBuiltin(values, this, arguments)
  },
}

function refuseTextKeys(name: string, value: unknown): void {
  if (typeof value === 'string') refuseLong(`Object.${name}`, value, LIMITS.builtinTextKeys)
}

/** From the first mark of a row only, so that a long text is looked through once. */
const MARKS = new RegExp(`(?<!\\p{M})\\p{M}{${LIMITS.builtinMarks + 1}}`, 'u')

/** Marks on one letter are sorted by insertion. Unicode's stream-safe format has 30 of them at most. */
function refuseMarks(text: string): void {
  if (RegExpExec(MARKS, text) === null) return
  throw new RangeErrorCtor(
    `String.prototype.normalize was given more than ${LIMITS.builtinMarks} combining marks in a row; that is the limit.`,
  )
}
