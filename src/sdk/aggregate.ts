import { type Encodable, type Encoded, encodeValue } from '../protocol/value.ts'

/**
 * Aggregation expressions by the platform's names (wxcloud-spec §4.9). Each is MongoDB's operator of that name. In a
 * function, so that they are no strings of the startup snapshot (native-notes/snapshot.md).
 */
const listNames = () =>
  [
    ...['abs', 'add', 'ceil', 'divide', 'exp', 'floor', 'ln', 'log', 'log10', 'mod', 'multiply', 'pow'],
    ...['sqrt', 'subtract', 'trunc'],
    ...['arrayElemAt', 'arrayToObject', 'concatArrays', 'filter', 'in', 'indexOfArray', 'isArray', 'map'],
    ...['objectToArray', 'range', 'reduce', 'reverseArray', 'size', 'slice', 'zip'],
    ...['and', 'not', 'or', 'cmp', 'eq', 'gt', 'gte', 'lt', 'lte', 'cond', 'ifNull', 'switch'],
    ...['dateFromParts', 'dateFromString', 'dateToString', 'dateToParts', 'dayOfMonth', 'dayOfWeek'],
    ...['dayOfYear', 'hour', 'isoDayOfWeek', 'isoWeek', 'isoWeekYear', 'millisecond', 'minute', 'month'],
    ...['second', 'week', 'year', 'literal', 'mergeObjects'],
    ...['allElementsTrue', 'anyElementTrue', 'setDifference', 'setEquals', 'setIntersection', 'setIsSubset'],
    ...['setUnion', 'concat', 'indexOfBytes', 'indexOfCP', 'split', 'strLenBytes', 'strLenCP', 'strcasecmp'],
    ...['substr', 'substrBytes', 'substrCP', 'toLower', 'toUpper', 'ltrim', 'rtrim', 'trim'],
    ...['addToSet', 'avg', 'first', 'last', 'max', 'min', 'push', 'stdDevPop', 'stdDevSamp', 'sum'],
    ...['let', 'meta', 'convert', 'toBool', 'toDate', 'toDecimal', 'toDouble', 'toInt', 'toLong'],
    ...['toObjectId', 'toString', 'type'],
  ] as const

type ListedName = ReturnType<typeof listNames>[number]
export type ExpressionName = ListedName | 'neq'

/** An aggregation expression: `{ $gt: ['$a', '$b'] }`. Its operand is encoded when it is made. */
export class Expression implements Encodable {
  readonly #encoded: Encoded

  constructor(operator: string, operand: unknown) {
    this.#encoded = { [operator]: encodeValue(operand, operator) }
  }

  encodeValue(): Encoded {
    return this.#encoded
  }
}

type ExpressionMaker = (...operands: readonly unknown[]) => Expression

type Expressions = Readonly<Record<ExpressionName, ExpressionMaker>>

/** What `db.command.aggregate`, usually named `$`, is made of. Operands come as one value or array, or one by one. */
export function makeExpressions(): Expressions {
  const entries = listNames().map(name => [name, createMaker(`$${name}`)] as const)
  return { ...(Object.fromEntries(entries) as Record<ListedName, ExpressionMaker>), neq: createMaker('$ne') }
}

function createMaker(operator: string): ExpressionMaker {
  return (...operands) => new Expression(operator, operands.length > 1 ? operands : operands[0])
}
