import type { EncodedObject } from '../protocol/value.ts'

/** Documents for which a rule holds, and those for which it fails. For others it can't be told: they are refused. */
export interface Verdict {
  readonly holds: EncodedObject
  readonly fails: EncodedObject
}

/** Filters that every document and none fulfils. Known by identity. */
export const EVERY: EncodedObject = Object.freeze({})
export const NONE: EncodedObject = Object.freeze({ _id: Object.freeze({ $in: Object.freeze([]) }) })

export const HOLDS: Verdict = { holds: EVERY, fails: NONE }
export const FAILS: Verdict = { holds: NONE, fails: EVERY }
/** Neither the rule nor its negation is granted: an error in a rule opens nothing. */
export const UNTOLD: Verdict = { holds: NONE, fails: NONE }

export function told(isTrue: boolean): Verdict {
  return isTrue ? HOLDS : FAILS
}

/** What both filters accept. */
export function both(left: EncodedObject, right: EncodedObject): EncodedObject {
  if (left === NONE || right === NONE) return NONE
  if (left === EVERY) return right
  return right === EVERY ? left : { $and: [left, right] }
}

/** What either filter accepts. */
export function either(left: EncodedObject, right: EncodedObject): EncodedObject {
  if (left === EVERY || right === EVERY) return EVERY
  if (left === NONE) return right
  return right === NONE ? left : { $or: [left, right] }
}
