import { ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { type Encodable, type Encoded, type EncodedObject, encodeValue } from '../protocol/value.ts'
import {
  encodeGeoIntersects,
  encodeGeoNear,
  encodeGeoWithin,
  type GeoIntersects,
  type GeoNear,
  type GeoWithin,
} from './geo-condition.ts'

export type LogicOperator = '$and' | '$or' | '$nor' | '$not'

/**
 * A condition on one field or, for logic and expressions, on the whole document. Immutable: chaining makes a
 * new command. A query command after another means *and*: `_.gt(1).lt(5)`.
 */
export abstract class QueryCommand implements Encodable {
  /** How many commands deep this one is. */
  readonly depth: number

  constructor(depth = 1) {
    if (depth > LIMITS.valueDepth) {
      throw new ValueError('command', `Commands are nested more than ${LIMITS.valueDepth} levels deep.`)
    }
    this.depth = depth
  }

  /** The condition as an operator object, where its field is written elsewhere. */
  abstract encodeValue(): Encoded

  eq(value: unknown): LogicCommand {
    return this.and(compare('$eq', value))
  }

  neq(value: unknown): LogicCommand {
    return this.and(compare('$ne', value))
  }

  gt(value: unknown): LogicCommand {
    return this.and(compare('$gt', value))
  }

  gte(value: unknown): LogicCommand {
    return this.and(compare('$gte', value))
  }

  lt(value: unknown): LogicCommand {
    return this.and(compare('$lt', value))
  }

  lte(value: unknown): LogicCommand {
    return this.and(compare('$lte', value))
  }

  in(values: readonly unknown[]): LogicCommand {
    return this.and(compare('$in', values))
  }

  nin(values: readonly unknown[]): LogicCommand {
    return this.and(compare('$nin', values))
  }

  exists(exists: boolean): LogicCommand {
    return this.and(compare('$exists', exists))
  }

  size(length: number): LogicCommand {
    return this.and(compare('$size', length))
  }

  mod(...numbers: readonly number[] | readonly [readonly number[]]): LogicCommand {
    return this.and(compare('$mod', spread(numbers)))
  }

  all(values: readonly unknown[]): LogicCommand {
    return this.and(compare('$all', values))
  }

  elemMatch(condition: unknown): LogicCommand {
    return this.and(new ElementCondition(condition))
  }

  geoNear(near: GeoNear): LogicCommand {
    return this.and(new OperatorCommand(encodeGeoNear(near)))
  }

  geoWithin(area: GeoWithin): LogicCommand {
    return this.and(new OperatorCommand(encodeGeoWithin(area)))
  }

  geoIntersects(shape: GeoIntersects): LogicCommand {
    return this.and(new OperatorCommand(encodeGeoIntersects(shape)))
  }

  /** Takes conditions one by one or in one array, as do `or` and `nor`. */
  and(...conditions: readonly unknown[]): LogicCommand {
    return combine('$and', [this, ...spread(conditions)])
  }

  or(...conditions: readonly unknown[]): LogicCommand {
    return combine('$or', [this, ...spread(conditions)])
  }

  nor(...conditions: readonly unknown[]): LogicCommand {
    return combine('$nor', [this, ...spread(conditions)])
  }

  /** None of this and the given conditions. */
  not(...conditions: readonly unknown[]): LogicCommand {
    return combine('$not', [this, ...spread(conditions)])
  }
}

/** `{ $gt: 1 }` and the like: an operator object for one field. */
export class OperatorCommand extends QueryCommand {
  readonly #encoded: EncodedObject

  constructor(encoded: EncodedObject) {
    super()
    this.#encoded = encoded
  }

  override encodeValue(): EncodedObject {
    return this.#encoded
  }
}

/**
 * An array element that satisfies any of the alternatives. One is an ordinary `$elemMatch`; several come from
 * `_.or` between values, which `$elemMatch` can't hold, and become an `$or` around the field.
 */
export class ElementCommand extends QueryCommand {
  readonly alternatives: readonly EncodedObject[]

  constructor(alternatives: readonly EncodedObject[]) {
    super()
    this.alternatives = alternatives.map(alternative => ({ $elemMatch: alternative }))
  }

  override encodeValue(): Encoded {
    const [only] = this.alternatives
    if (only !== undefined && this.alternatives.length === 1) return only
    throw new ValueError(
      'elemMatch',
      'An elemMatch of _.or() between values must stand alone on its field. Write it as _.or() of several elemMatch.',
    )
  }
}

/** An elemMatch behind another command, as it was given: encoded with the whole condition (condition.ts). */
export class ElementCondition extends QueryCommand {
  readonly condition: unknown

  constructor(condition: unknown) {
    super(1 + depthOf(condition))
    this.condition = condition
  }

  override encodeValue(): Encoded {
    throw new ValueError('elemMatch', "elemMatch can't stand inside a value. Put it on a field.")
  }
}

/** `_.expr` and `_.jsonSchema`: a filter of the whole document. */
export class ExpressionCommand extends QueryCommand {
  readonly filter: EncodedObject

  constructor(filter: EncodedObject) {
    super()
    this.filter = filter
  }

  override encodeValue(): Encoded {
    return this.filter
  }
}

/** `_.and`, `_.or`, `_.nor`, `_.not` over conditions, commands or values, which stand as they were given. */
export class LogicCommand extends QueryCommand {
  readonly operator: LogicOperator
  readonly operands: readonly unknown[]

  constructor(operator: LogicOperator, operands: readonly unknown[]) {
    super(1 + operands.reduce<number>((deepest, operand) => Math.max(deepest, depthOf(operand)), 0))
    this.operator = operator
    this.operands = operands
  }

  override encodeValue(): Encoded {
    throw new ValueError(
      this.operator,
      `_.${this.operator.slice(1)}() can't stand inside a value. Put it on a field or around whole conditions.`,
    )
  }
}

/** A logic command; the same `and` or `or` again widens the one there is. */
export function combine(operator: LogicOperator, operands: readonly unknown[]): LogicCommand {
  if (operands.length === 0) {
    throw new ValueError(operator, `_.${operator.slice(1)}() needs at least one condition.`)
  }
  const [first, ...rest] = operands
  const widens = operator === '$and' || operator === '$or'
  if (widens && rest.length > 0 && first instanceof LogicCommand && first.operator === operator) {
    return new LogicCommand(operator, [...first.operands, ...rest])
  }
  return new LogicCommand(operator, operands)
}

/** `_.eq` to `_.nin`: an operator and its operand. Encoded at once, so later changes to the operand don't count. */
export function compare(operator: string, operand: unknown): OperatorCommand {
  return new OperatorCommand({ [operator]: encodeValue(operand, operator) })
}

/** Conditions given one by one, or as one array. */
export function spread(conditions: readonly unknown[]): readonly unknown[] {
  const [first] = conditions
  return conditions.length === 1 && Array.isArray(first) ? first : conditions
}

function depthOf(operand: unknown): number {
  return operand instanceof QueryCommand ? operand.depth : 0
}
