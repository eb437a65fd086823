import { ValueError } from '../errors.ts'
import { type Encoded, encodeValue, setField } from '../protocol/value.ts'
import { makeExpressions } from './aggregate.ts'
import { encodeElement } from './condition.ts'
import {
  encodeGeoIntersects,
  encodeGeoNear,
  encodeGeoWithin,
  type GeoIntersects,
  type GeoNear,
  type GeoWithin,
} from './geo-condition.ts'
import { isPlain } from './parameters.ts'
import { Pipeline } from './pipeline.ts'
import {
  combine,
  compare,
  ElementCommand,
  ExpressionCommand,
  type LogicCommand,
  OperatorCommand,
  QueryCommand,
  spread,
} from './query-command.ts'
import { UpdateCommand } from './update-command.ts'

/** Modifiers of `_.push`: `each` makes an object modifiers rather than an element. */
export interface PushModifiers {
  readonly each: readonly unknown[]
  /** Index to insert at; negative counts from the end. */
  readonly position?: number
  /** 1 or -1, or such per field. */
  readonly sort?: number | Readonly<Record<string, number>>
  /** Elements kept: the first n, or the last n when negative. */
  readonly slice?: number
}

const queryCommands = {
  eq: (value: unknown): QueryCommand => compare('$eq', value),
  neq: (value: unknown): QueryCommand => compare('$ne', value),
  gt: (value: unknown): QueryCommand => compare('$gt', value),
  gte: (value: unknown): QueryCommand => compare('$gte', value),
  lt: (value: unknown): QueryCommand => compare('$lt', value),
  lte: (value: unknown): QueryCommand => compare('$lte', value),
  in: (values: readonly unknown[]): QueryCommand => compare('$in', values),
  nin: (values: readonly unknown[]): QueryCommand => compare('$nin', values),
  exists: (exists: boolean): QueryCommand => compare('$exists', exists),
  size: (length: number): QueryCommand => compare('$size', length),
  /** `value % divisor === remainder`, as two numbers or one array. */
  mod: (...numbers: readonly number[] | readonly [readonly number[]]): QueryCommand =>
    compare('$mod', spread(numbers)),
  /** Every value must be in the array; each may be an elemMatch. */
  all: (values: readonly unknown[]): QueryCommand => compare('$all', values),
  /** One array element that satisfies a condition object or a command. */
  elemMatch: (condition: unknown): QueryCommand => new ElementCommand(encodeElement(condition)),
  geoNear: (near: GeoNear): QueryCommand => new OperatorCommand(encodeGeoNear(near)),
  geoWithin: (area: GeoWithin): QueryCommand => new OperatorCommand(encodeGeoWithin(area)),
  geoIntersects: (shape: GeoIntersects): QueryCommand => new OperatorCommand(encodeGeoIntersects(shape)),
  /** An aggregation expression as the whole condition. */
  expr: (expression: unknown): QueryCommand =>
    new ExpressionCommand({ $expr: encodeValue(expression, 'expr') }),
  jsonSchema: (schema: object): QueryCommand =>
    new ExpressionCommand({ $jsonSchema: encodeValue(schema, 'jsonSchema') }),
}

/** Each takes conditions one by one or in one array, on a field or around whole conditions. */
const logicCommands = {
  and: (...conditions: readonly unknown[]): LogicCommand => combine('$and', spread(conditions)),
  or: (...conditions: readonly unknown[]): LogicCommand => combine('$or', spread(conditions)),
  nor: (...conditions: readonly unknown[]): LogicCommand => combine('$nor', spread(conditions)),
  not: (...conditions: readonly unknown[]): LogicCommand => combine('$not', spread(conditions)),
}

const updateCommands = {
  /** Sets the whole value where a plain object would be merged. */
  set: (value: unknown): UpdateCommand => operate('$set', value),
  remove: (): UpdateCommand => operate('$unset', ''),
  inc: (by: number): UpdateCommand => operate('$inc', by),
  mul: (by: number): UpdateCommand => operate('$mul', by),
  min: (value: unknown): UpdateCommand => operate('$min', value),
  max: (value: unknown): UpdateCommand => operate('$max', value),
  /** To another path from the top of the document. */
  rename: (path: string): UpdateCommand => operate('$rename', path),
  /** `{ and: n }`, `{ or: n }` or `{ xor: n }`. A number, as the platform's types have it, the host refuses. */
  bit: (operation: object | number): UpdateCommand => operate('$bit', operation),
  /** Appends elements given one by one, in one array, or as `{ each, position, sort, slice }`. */
  push: (...elements: readonly unknown[]): UpdateCommand => operate('$push', readPush(elements)),
  pop: (): UpdateCommand => operate('$pop', 1),
  unshift: (...elements: readonly unknown[]): UpdateCommand =>
    operate('$push', { $each: spread(elements), $position: 0 }),
  shift: (): UpdateCommand => operate('$pop', -1),
  /** Removes the elements that equal a value or satisfy a condition or command. */
  pull: (condition: unknown): UpdateCommand => new UpdateCommand('$pull', encodePull(condition)),
  pullAll: (values: readonly unknown[]): UpdateCommand => operate('$pullAll', values),
  /** Adds one element, or each of `{ each: […] }`, unless it is there. */
  addToSet: (element: unknown): UpdateCommand =>
    operate('$addToSet', hasEach(element) ? { $each: element.each } : element),
}

/** What `field()` can take for an array beside true and false. */
const project = Object.freeze({
  /** The first n elements, the last n when negative, or `[skip, limit]`. */
  slice: (range: number | readonly [number, number]): OperatorCommand => compare('$slice', range),
  /** The first element that satisfies a condition object or a command. */
  elemMatch: (condition: unknown): QueryCommand => new ElementCommand(encodeElement(condition)),
})

type Aggregate = Readonly<ReturnType<typeof makeExpressions> & { pipeline(): Pipeline }>
let aggregate: Aggregate | undefined

/** `db.command`, usually named `_`. */
export const command = Object.freeze({
  ...queryCommands,
  ...logicCommands,
  ...updateCommands,
  project,
  /** Its hundred and more functions are made at first use: alive, each would slow the start of every isolate. */
  get aggregate(): Aggregate {
    aggregate ??= Object.freeze({ ...makeExpressions(), pipeline: () => new Pipeline() })
    return aggregate
  },
})

function operate(operator: UpdateCommand['operator'], operand: unknown): UpdateCommand {
  return new UpdateCommand(operator, encodeValue(operand, operator))
}

function hasEach(value: unknown): value is PushModifiers {
  return isPlain(value) && Array.isArray(value['each'])
}

const PUSH_MODIFIERS = ['position', 'sort', 'slice'] as const

function readPush(elements: readonly unknown[]): object {
  const [first] = elements
  if (elements.length !== 1 || !hasEach(first)) return { $each: spread(elements) }
  const modifiers: Record<string, unknown> = { $each: first.each }
  for (const name of PUSH_MODIFIERS) {
    if (first[name] !== undefined) setField(modifiers, `$${name}`, first[name])
  }
  return modifiers
}

function encodePull(condition: unknown): Encoded {
  if (!isPlain(condition) && !(condition instanceof QueryCommand)) return encodeValue(condition, '$pull')
  const [only, ...others] = encodeElement(condition)
  if (only !== undefined && others.length === 0) return only
  throw new ValueError('$pull', '_.pull() takes no _.or() between values. Use _.in(), or pull twice.')
}
