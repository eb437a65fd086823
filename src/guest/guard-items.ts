// biome-ignore-all lint/complexity/noArguments: rest parameters would change the functions' length, and defining it costs each instance half a kilobyte.
import { LIMITS } from '../limits.ts'
import { callBuiltin, type Guard, placeGuards, refuseLong, tooLong } from './guard.ts'
import { ArrayIsArray, MathFloor, MathMax, MathMin, MathTrunc, SymbolIterator } from './intrinsics.ts'

/** How many items are filled between two looks at the deadline. */
const STEP_ITEMS = 65_536

const { isConcatSpreadable } = Symbol
const { from } = Array
const {
  concat,
  copyWithin,
  every,
  fill,
  filter,
  flat,
  flatMap,
  forEach,
  includes,
  indexOf,
  join,
  lastIndexOf,
  map,
  reduce,
  reduceRight,
  reverse,
  shift,
  slice,
  some,
  sort,
  splice,
  toLocaleString: toLocaleText,
  toReversed,
  toSorted,
  toSpliced,
  unshift,
  with: withItem,
} = Array.prototype

/** Array built-ins that walk over a length without a look at the deadline: 2 ** 53 items are years. */
export function guardItems(): void {
  placeGuards(Array.prototype, walks)
  placeGuards(Array.prototype, changes)
  placeGuards(Array.prototype, copies)
  placeGuards(Array, { from: fromItems })
}

function refuse(name: string, value: unknown): void {
  refuseLong(`Array.prototype.${name}`, value, LIMITS.builtinItems)
}

// One function for each, not one for all: the optimiser can then see through it to the built-in.
const walks: Record<string, Guard> = {
  every(_first) {
    refuse('every', this)
    return callBuiltin(every, this, arguments)
  },
  forEach(_first) {
    refuse('forEach', this)
    return callBuiltin(forEach, this, arguments)
  },
  includes(_first) {
    refuse('includes', this)
    return callBuiltin(includes, this, arguments)
  },
  indexOf(_first) {
    refuse('indexOf', this)
    return callBuiltin(indexOf, this, arguments)
  },
  join(_first) {
    refuse('join', this)
    return callBuiltin(join, this, arguments)
  },
  lastIndexOf(_first) {
    refuse('lastIndexOf', this)
    return callBuiltin(lastIndexOf, this, arguments)
  },
  reduce(_first) {
    refuse('reduce', this)
    return callBuiltin(reduce, this, arguments)
  },
  reduceRight(_first) {
    refuse('reduceRight', this)
    return callBuiltin(reduceRight, this, arguments)
  },
  some(_first) {
    refuse('some', this)
    return callBuiltin(some, this, arguments)
  },
  toLocaleString() {
    refuse('toLocaleString', this)
    return callBuiltin(toLocaleText, this, arguments)
  },
}

const changes: Record<string, Guard> = {
  copyWithin(_first, _second) {
    refuse('copyWithin', this)
    return callBuiltin(copyWithin, this, arguments)
  },
  fill(_first) {
    if (this === null || this === undefined) return callBuiltin(fill, this, arguments)
    const { length } = this as { readonly length?: number | undefined }
    if (length === undefined || !(length > STEP_ITEMS)) return callBuiltin(fill, this, arguments)
    return fillBySteps(this, arguments, MathMin(MathTrunc(length), Number.MAX_SAFE_INTEGER))
  },
  reverse() {
    refuse('reverse', this)
    return callBuiltin(reverse, this, arguments)
  },
  shift() {
    refuse('shift', this)
    return callBuiltin(shift, this, arguments)
  },
  sort(comparator) {
    if (isComparator(comparator)) refuse('sort', this)
    return callBuiltin(sort, this, arguments)
  },
  splice(_first, _second) {
    refuse('splice', this)
    return callBuiltin(splice, this, arguments)
  },
  unshift(_first) {
    refuse('unshift', this)
    return callBuiltin(unshift, this, arguments)
  },
}

const copies: Record<string, Guard> = {
  concat(_first) {
    refuseSpreadable(this)
    for (let index = 0; index < arguments.length; index++) refuseSpreadable(arguments[index])
    return callBuiltin(concat, this, arguments)
  },
  filter(_first) {
    refuse('filter', this)
    return callBuiltin(filter, this, arguments)
  },
  flat() {
    refuse('flat', this)
    return callBuiltin(flat, this, arguments)
  },
  flatMap(_first) {
    refuse('flatMap', this)
    return callBuiltin(flatMap, this, arguments)
  },
  map(_first) {
    refuse('map', this)
    return callBuiltin(map, this, arguments)
  },
  slice(_first, _second) {
    refuse('slice', this)
    return callBuiltin(slice, this, arguments)
  },
  toReversed() {
    refuse('toReversed', this)
    return callBuiltin(toReversed, this, arguments)
  },
  toSorted(comparator) {
    if (isComparator(comparator)) refuse('toSorted', this)
    return callBuiltin(toSorted, this, arguments)
  },
  toSpliced(_first, _second) {
    refuse('toSpliced', this)
    return callBuiltin(toSpliced, this, arguments)
  },
  with(_first, _second) {
    refuse('with', this)
    return callBuiltin(withItem, this, arguments)
  },
}

/** Another is refused before the length is read. */
function isComparator(value: unknown): boolean {
  return value === undefined || typeof value === 'function'
}

/** Array.from of something with a length and no iterator. With a mapper the built-in itself looks at the deadline. */
const fromItems: Guard = {
  from(this: unknown, ...args: unknown[]): unknown {
    const items = args[0]
    if (typeof items === 'object' && items !== null && args[1] === undefined && !ArrayIsArray(items)) {
      const { length } = items as { readonly length?: number | undefined }
      if (length !== undefined && length > LIMITS.builtinItems && !isIterable(items)) {
        throw tooLong('Array.from', length, LIMITS.builtinItems)
      }
    }
    return callBuiltin(from, this, args)
  },
}.from

function isIterable(items: object): boolean {
  const iterator = (items as { readonly [Symbol.iterator]?: unknown })[SymbolIterator]
  return iterator !== undefined && iterator !== null
}

/** A real array costs concat what it holds; anything else that says it can be spread, its length. */
function refuseSpreadable(value: unknown): void {
  if (typeof value !== 'object' || value === null || ArrayIsArray(value)) return
  if ((value as { readonly [isConcatSpreadable]?: unknown })[isConcatSpreadable]) refuse('concat', value)
}

/** `Array(1e9).fill(0)` need not be refused: filled part by part, it ends at the deadline or the memory limit. */
function fillBySteps(self: unknown, args: ArrayLike<unknown>, length: number): unknown {
  const start = clamp(args[1], 0, length)
  const end = clamp(args[2], length, length)
  return fillPart(self, args[0], start, MathMax(start, end))
}

/** An index as fill, slice and others understand it. */
function clamp(index: unknown, otherwise: number, length: number): number {
  if (index === undefined) return otherwise
  // Unary plus, since Number() would let a BigInt pass.
  const whole = MathTrunc(+(index as number)) || 0
  return whole < 0 ? MathMax(whole + length, 0) : MathMin(whole, length)
}

/** By halves: a function that calls itself is not inlined, so each entry is a look at the deadline. */
function fillPart(self: unknown, value: unknown, start: number, end: number): unknown {
  const itemCount = end - start
  if (itemCount <= STEP_ITEMS) return callBuiltin(fill, self, [value, start, end])
  const middle = start + MathFloor(itemCount / 2)
  fillPart(self, value, start, middle)
  return fillPart(self, value, middle, end)
}
