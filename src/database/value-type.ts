import { DatabaseError } from '../errors.ts'
import { isDocument } from './document.ts'
import { RANKS, rankOf } from './value-order.ts'

/** Whether a value is of any of the types, by MongoDB's name or number. */
export function compileTypes(names: readonly unknown[]): (value: unknown) => boolean {
  const types = names.map(name => {
    const type = Object.hasOwn(TYPES, String(name)) ? TYPES[String(name)] : undefined
    if (type !== undefined) return type
    throw new DatabaseError('INVALID_PARAM', `There is no type ${JSON.stringify(name)}.`)
  })
  return value => value !== undefined && types.some(isType => isType(value))
}

/** MongoDB's name of a value's type; `missing` for undefined. */
export function typeNameOf(value: unknown): string {
  switch (rankOf(value)) {
    case RANKS.number:
      return isInt(value) ? 'int' : isDouble(value) ? 'double' : 'long'
    case RANKS.string:
      return 'string'
    case RANKS.boolean:
      return 'bool'
    case RANKS.date:
      return 'date'
    case RANKS.array:
      return 'array'
    case RANKS.regex:
      return 'regex'
    case RANKS.null:
      return value === undefined ? 'missing' : 'null'
    default:
      return 'object'
  }
}

const isInt = (value: unknown): boolean => Number.isInteger(value) && Math.abs(Number(value)) <= 0x7fff_ffff
const isDouble = (value: unknown): boolean => typeof value === 'number' && !Number.isSafeInteger(value)
const isLong = (value: unknown): boolean => Number.isSafeInteger(value) && !isInt(value)

/** By MongoDB's names and numbers, with the number types the platform would have chosen. */
const TYPES: Readonly<Partial<Record<string, (value: unknown) => boolean>>> = Object.assign(
  Object.create(null),
  {
    double: isDouble,
    1: isDouble,
    string: (value: unknown) => typeof value === 'string',
    2: (value: unknown) => typeof value === 'string',
    object: isDocument,
    3: isDocument,
    array: Array.isArray,
    4: Array.isArray,
    bool: (value: unknown) => typeof value === 'boolean',
    8: (value: unknown) => typeof value === 'boolean',
    date: (value: unknown) => rankOf(value) === RANKS.date,
    9: (value: unknown) => rankOf(value) === RANKS.date,
    null: (value: unknown) => value === null,
    10: (value: unknown) => value === null,
    int: isInt,
    16: isInt,
    long: isLong,
    18: isLong,
    number: (value: unknown) => typeof value === 'number',
  },
)
