import { DatabaseError } from '../errors.ts'
import { type Document, decodeInput, isDocument } from './document.ts'
import { isOperators, type Matcher } from './filter.ts'
import { parseConditions, parseElementCondition } from './filter-parser.ts'
import { compileFilter } from './match.ts'
import { parsePath } from './path.ts'
import { findTargets, type Target } from './update-path.ts'
import { pushModifiers } from './update-push.ts'
import { compareValues, equalValues } from './value-order.ts'

/** One operator on one path, its operand read. */
export interface FieldUpdate {
  /** Whether missing objects on the way to the field are made. */
  readonly creates: boolean
  /** `$rename` only: the second path it changes. */
  readonly renameTo?: string
  /** @throws {DatabaseError} DATABASE_REQUEST_FAILED when the value there is of the wrong type. */
  apply(target: Target, document: Document): void
}

/** Reads the operand of one field. Dates from the server are `nowMs`. */
type ParseUpdate = (operand: unknown, nowMs: number) => FieldUpdate

/** The update operators by name. */
export const UPDATE_OPERATORS: Readonly<Record<string, ParseUpdate>> = {
  $set: (operand, nowMs) => {
    const value = decodeInput(operand, 'document', nowMs)
    // Each document and each element gets a copy of its own: later operators change values in place.
    return { creates: true, apply: target => target.set(structuredClone(value)) }
  },
  $unset: () => ({ creates: false, apply: target => target.remove() }),
  $inc: operand => arithmetic(operand, amount => [amount, value => value + amount]),
  $mul: operand => arithmetic(operand, factor => [0, value => value * factor]),
  $min: (operand, nowMs) => bound(decodeInput(operand, 'document', nowMs), -1),
  $max: (operand, nowMs) => bound(decodeInput(operand, 'document', nowMs), 1),
  $bit: operand => bitwise(operand),
  $rename: operand => rename(operand),
  $currentDate: (operand, nowMs) => {
    if (operand !== true && !(isDocument(operand) && operand['$type'] === 'date')) {
      throw invalid('$currentDate needs true or {$type: "date"}.')
    }
    return { creates: true, apply: target => target.set(new Date(nowMs)) }
  },
  $push: (operand, nowMs) => {
    const insert = pushModifiers(operand, nowMs)
    return { creates: true, apply: target => target.set(insert(arrayOf(target) ?? [])) }
  },
  $addToSet: (operand, nowMs) => {
    const items = eachOf(operand, nowMs)
    return {
      creates: true,
      apply: target => {
        const array = arrayOf(target) ?? []
        for (const item of items)
          if (!array.some(value => equalValues(value, item))) array.push(structuredClone(item))
        target.set(array)
      },
    }
  },
  $pop: operand => {
    const end = decodeInput(operand, 'document', 0)
    if (end !== 1 && end !== -1) throw invalid('$pop needs 1 (last) or -1 (first).')
    return onArray(array => (end === 1 ? array.slice(0, -1) : array.slice(1)))
  },
  $pull: (operand, nowMs) => {
    const matches = pullCondition(decodeInput(operand, 'filter', nowMs))
    return onArray(array => array.filter(item => !matches(item)))
  },
  $pullAll: (operand, nowMs) => {
    const items = decodeInput(operand, 'document', nowMs)
    if (!Array.isArray(items)) throw invalid('$pullAll needs an array.')
    return onArray(array => array.filter(item => !items.some(pulled => equalValues(item, pulled))))
  },
}

function invalid(message: string): DatabaseError {
  return new DatabaseError('INVALID_PARAM', message)
}

function failed(message: string): DatabaseError {
  return new DatabaseError('DATABASE_REQUEST_FAILED', message)
}

function describeType(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return value instanceof Date ? 'date' : typeof value
}

function arithmetic(
  operand: unknown,
  make: (amount: number) => [initial: number, compute: (value: number) => number],
): FieldUpdate {
  const amount = decodeInput(operand, 'document', 0)
  if (typeof amount !== 'number') throw invalid(`the amount must be a number, not ${describeType(amount)}.`)
  const [initial, compute] = make(amount)
  return {
    creates: true,
    apply: target => {
      const { value } = target
      if (value === undefined) target.set(initial)
      else if (typeof value === 'number') target.set(compute(value))
      else throw failed(`cannot apply it to a value of non-numeric type ${describeType(value)}.`)
    },
  }
}

function bound(operand: unknown, sign: 1 | -1): FieldUpdate {
  return {
    creates: true,
    apply: target => {
      const { value } = target
      if (value === undefined || compareValues(operand, value) * sign > 0)
        target.set(structuredClone(operand))
    },
  }
}

function bitwise(operand: unknown): FieldUpdate {
  const masks = decodeInput(operand, 'document', 0)
  const entries = isDocument(masks) ? Object.entries(masks) : []
  if (entries.length === 0) throw invalid('it needs and, or, or xor with an integer.')
  for (const [name, mask] of entries) {
    if (!['and', 'or', 'xor'].includes(name) || !Number.isSafeInteger(mask)) {
      throw invalid('it needs and, or, or xor with an integer.')
    }
  }
  return {
    creates: true,
    apply: target => {
      const value = target.value ?? (target.value === undefined ? 0 : null)
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
        throw failed(`cannot apply it to a value that is not an integer (${describeType(value)}).`)
      }
      let bits = BigInt(value)
      for (const [name, operand] of entries) {
        const mask = BigInt(Number(operand))
        bits = name === 'and' ? bits & mask : name === 'or' ? bits | mask : bits ^ mask
      }
      target.set(Number(bits))
    },
  }
}

function rename(operand: unknown): FieldUpdate {
  if (typeof operand !== 'string') throw invalid('it needs the new path, a string.')
  const path = parsePath(operand)
  const refuseArray = (): number => {
    throw failed('$rename does not work on array elements.')
  }
  return {
    creates: false,
    renameTo: operand,
    apply: (target, document) => {
      const { value } = target
      if (value === undefined) return
      target.remove()
      for (const renamed of findTargets(document, path, true, refuseArray)) renamed.set(value)
    },
  }
}

/** The array there, `undefined` if nothing is there. */
function arrayOf(target: Target): unknown[] | undefined {
  const { value } = target
  if (value === undefined || Array.isArray(value)) return value
  throw failed(`the field must be an array but is of type ${describeType(value)}.`)
}

function onArray(change: (array: unknown[]) => unknown[]): FieldUpdate {
  return {
    creates: false,
    apply: target => {
      const array = arrayOf(target)
      if (array !== undefined) target.set(change(array))
    },
  }
}

function eachOf(operand: unknown, nowMs: number): readonly unknown[] {
  if (!isOperators(operand) || !Object.hasOwn(operand, '$each'))
    return [decodeInput(operand, 'document', nowMs)]
  const items = decodeInput(operand['$each'], 'document', nowMs)
  if (!Array.isArray(items) || Object.keys(operand).length > 1) throw invalid('it takes $each with an array.')
  return items
}

/** A value is pulled where it is equal; an object is a filter on the elements that are objects. */
function pullCondition(operand: unknown): Matcher {
  if (isOperators(operand) || operand instanceof RegExp) return compileFilter(parseElementCondition(operand))
  if (!isDocument(operand)) return item => equalValues(item, operand)
  const matches = compileFilter(parseConditions(operand))
  return item => isDocument(item) && matches(item)
}
