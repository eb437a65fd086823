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
  every(...args) {
    refuse('every', this)
    return callBuiltin(every, this, args)
  },
  forEach(...args) {
    refuse('forEach', this)
    return callBuiltin(forEach, this, args)
  },
  includes(...args) {
    refuse('includes', this)
    return callBuiltin(includes, this, args)
  },
  indexOf(...args) {
    refuse('indexOf', this)
    return callBuiltin(indexOf, this, args)
  },
  join(...args) {
    refuse('join', this)
    return callBuiltin(join, this, args)
  },
  lastIndexOf(...args) {
    refuse('lastIndexOf', this)
    return callBuiltin(lastIndexOf, this, args)
  },
  reduce(...args) {
    refuse('reduce', this)
    return callBuiltin(reduce, this, args)
  },
  reduceRight(...args) {
    refuse('reduceRight', this)
    return callBuiltin(reduceRight, this, args)
  },
  some(...args) {
    refuse('some', this)
    return callBuiltin(some, this, args)
  },
  toLocaleString(...args) {
    refuse('toLocaleString', this)
    return callBuiltin(toLocaleText, this, args)
  },
}

const changes: Record<string, Guard> = {
  copyWithin(...args) {
    refuse('copyWithin', this)
    return callBuiltin(copyWithin, this, args)
  },
  fill(...args) {
    if (this === null || this === undefined) return callBuiltin(fill, this, args)
    const { length } = this as { readonly length?: number | undefined }
    if (length === undefined || !(length > STEP_ITEMS)) return callBuiltin(fill, this, args)
    return fillBySteps(this, args, MathMin(MathTrunc(length), Number.MAX_SAFE_INTEGER))
  },
  reverse(...args) {
    refuse('reverse', this)
    return callBuiltin(reverse, this, args)
  },
  shift(...args) {
    refuse('shift', this)
    return callBuiltin(shift, this, args)
  },
  sort(...args) {
    if (isComparator(args[0])) refuse('sort', this)
    return callBuiltin(sort, this, args)
  },
  splice(...args) {
    refuse('splice', this)
    return callBuiltin(splice, this, args)
  },
  unshift(...args) {
    refuse('unshift', this)
    return callBuiltin(unshift, this, args)
  },
}

const copies: Record<string, Guard> = {
  concat(...args) {
    refuseSpreadable(this)
    for (let index = 0; index < args.length; index++) refuseSpreadable(args[index])
    return callBuiltin(concat, this, args)
  },
  filter(...args) {
    refuse('filter', this)
    return callBuiltin(filter, this, args)
  },
  flat(...args) {
    refuse('flat', this)
    return callBuiltin(flat, this, args)
  },
  flatMap(...args) {
    refuse('flatMap', this)
    return callBuiltin(flatMap, this, args)
  },
  map(...args) {
    refuse('map', this)
    return callBuiltin(map, this, args)
  },
  slice(...args) {
    refuse('slice', this)
    return callBuiltin(slice, this, args)
  },
  toReversed(...args) {
    refuse('toReversed', this)
    return callBuiltin(toReversed, this, args)
  },
  toSorted(...args) {
    if (isComparator(args[0])) refuse('toSorted', this)
    return callBuiltin(toSorted, this, args)
  },
  toSpliced(...args) {
    refuse('toSpliced', this)
    return callBuiltin(toSpliced, this, args)
  },
  with(...args) {
    refuse('with', this)
    return callBuiltin(withItem, this, args)
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
function fillBySteps(self: unknown, args: readonly unknown[], length: number): unknown {
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
