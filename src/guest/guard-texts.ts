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
  includes(...args) {
    const index = findFirst(this, args[0], args[1])
    return index === undefined ? callBuiltin(includes, this, args) : index >= 0
  },
  indexOf(...args) {
    return findFirst(this, args[0], args[1]) ?? callBuiltin(indexOf, this, args)
  },
  lastIndexOf(...args) {
    return findLast(this, args[0], args[1]) ?? callBuiltin(lastIndexOf, this, args)
  },
  normalize(...args) {
    refuse('normalize', this)
    if (typeof this === 'string' && this.length > LIMITS.builtinMarks) refuseMarks(this)
    return callBuiltin(normalize, this, args)
  },
  replace(...args) {
    refuse('replace', this)
    return callBuiltin(replace, this, args)
  },
  replaceAll(...args) {
    refuse('replaceAll', this)
    return callBuiltin(replaceAll, this, args)
  },
  split(...args) {
    refuse('split', this)
    return callBuiltin(split, this, args)
  },
  toLocaleLowerCase(...args) {
    refuse('toLocaleLowerCase', this)
    return callBuiltin(toLocaleLowerCase, this, args)
  },
  toLocaleUpperCase(...args) {
    refuse('toLocaleUpperCase', this)
    return callBuiltin(toLocaleUpperCase, this, args)
  },
  toLowerCase(...args) {
    refuse('toLowerCase', this)
    return callBuiltin(toLowerCase, this, args)
  },
}

/** Quotation marks in the attribute are written as six characters each: a text beyond V8's longest aborts the process. */
const tags: Record<string, Guard> = {
  anchor(...args) {
    if (typeof args[0] === 'string') refuse('anchor', args[0])
    return callBuiltin(anchor, this, args)
  },
  fontcolor(...args) {
    if (typeof args[0] === 'string') refuse('fontcolor', args[0])
    return callBuiltin(fontcolor, this, args)
  },
  fontsize(...args) {
    if (typeof args[0] === 'string') refuse('fontsize', args[0])
    return callBuiltin(fontsize, this, args)
  },
  link(...args) {
    if (typeof args[0] === 'string') refuse('link', args[0])
    return callBuiltin(link, this, args)
  },
}

/** A text given where an object is expected is taken for an object with a key per character. */
const objects: Record<string, Guard> = {
  assign(...args) {
    for (let index = 1; index < args.length; index++) refuseTextKeys('assign', args[index])
    return callBuiltin(assign, this, args)
  },
  entries(...args) {
    refuseTextKeys('entries', args[0])
    return callBuiltin(entries, this, args)
  },
  getOwnPropertyDescriptors(...args) {
    refuseTextKeys('getOwnPropertyDescriptors', args[0])
    return callBuiltin(getOwnPropertyDescriptors, this, args)
  },
  getOwnPropertyNames(...args) {
    refuseTextKeys('getOwnPropertyNames', args[0])
    return callBuiltin(getOwnPropertyNames, this, args)
  },
  keys(...args) {
    refuseTextKeys('keys', args[0])
    return callBuiltin(keys, this, args)
  },
  values(...args) {
    refuseTextKeys('values', args[0])
    return callBuiltin(values, this, args)
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
