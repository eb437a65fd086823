import { DatabaseError } from '../errors.ts'
import { decodeInput, isDocument } from './document.ts'
import { type Filter, isOperators, refuseNear, type Test, unknownOperator } from './filter.ts'
import { parseGeoIntersects, parseGeoWithin, parseNear } from './geo-filter.ts'
import { type Path, parsePath } from './path.ts'
import { compileRegex } from './regex.ts'
import { compileTypes } from './value-type.ts'

/**
 * Reads a MongoDB filter in extended JSON.
 *
 * @throws {DatabaseError} DATABASE_INVALID_OPERATOR for an operator there isn't, INVALID_PARAM for a bad operand.
 */
export function parseFilter(filter: unknown, nowMs: number): Filter {
  const parsed = readConditions(decodeInput(filter, 'filter', nowMs))
  refuseNear(parsed, 1)
  return parsed
}

/** The same for an already decoded filter on a part of a document, where nothing is searched by distance. */
export function parseConditions(filter: unknown): Filter {
  const parsed = readConditions(filter)
  refuseNear(parsed, 0)
  return parsed
}

function readConditions(filter: unknown): Filter {
  if (!isDocument(filter)) throw invalid('A filter must be an object.')
  const filters: Filter[] = []
  for (const [name, condition] of Object.entries(filter)) {
    if (name.startsWith('$')) filters.push(...parseTopOperator(name, condition))
    else filters.push(...parseField(parsePath(name), condition, true))
  }
  return all(filters)
}

/** A condition on a value itself, as `$pull` and `$elemMatch` have it. */
export function parseElementCondition(condition: unknown): Filter {
  const parsed = all(parseField(ELEMENT, condition, false))
  refuseNear(parsed, 0)
  return parsed
}

const ELEMENT: Path = { text: '', segments: [] }

function all(filters: Filter[]): Filter {
  const [first] = filters
  return filters.length === 1 && first !== undefined ? first : { kind: 'and', filters }
}

function invalid(message: string): DatabaseError {
  return new DatabaseError('INVALID_PARAM', message)
}

function parseTopOperator(name: string, operand: unknown): Filter[] {
  switch (name) {
    case '$and':
    case '$or':
    case '$nor': {
      if (!Array.isArray(operand) || operand.length === 0)
        throw invalid(`${name} needs an array of conditions.`)
      return [
        {
          kind: name === '$and' ? 'and' : name === '$or' ? 'or' : 'nor',
          filters: operand.map(readConditions),
        },
      ]
    }
    case '$expr':
      return [{ kind: 'expression', expression: operand }]
    case '$jsonSchema':
      return [{ kind: 'schema', schema: operand }]
    case '$comment':
      return []
    default:
      throw unknownOperator(name)
  }
}

function parseField(path: Path, condition: unknown, expandLeaf: boolean): Filter[] {
  const field = (test: Test): Filter => ({ kind: 'field', path, expandLeaf, test })
  if (condition instanceof RegExp) return [field({ op: 'regex', regex: condition })]
  if (!isOperators(condition)) {
    checkOperand(condition)
    return [field({ op: 'eq', value: condition })]
  }
  const filters: Filter[] = []
  for (const [name, operand] of Object.entries(condition)) {
    if (!name.startsWith('$')) {
      throw invalid(`The condition on "${path.text}" mixes operators with the plain field "${name}".`)
    }
    const parse = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined
    if (parse === undefined) throw ofField(path, unknownOperator(name))
    try {
      filters.push(...parse({ field, path, expandLeaf, siblings: condition }, operand))
    } catch (error) {
      throw error instanceof DatabaseError ? ofField(path, error) : error
    }
  }
  return filters
}

/** The same error, told by its field unless it is already. */
function ofField({ text }: Path, error: DatabaseError): DatabaseError {
  if (text === '' || error.message.includes(`"${text}"`)) return error
  return new DatabaseError(error.reason, `"${text}": ${error.message}`, { cause: error })
}

/** An object compared with stored data can't hold operators itself: they would be compared as names. */
function checkOperand(value: unknown): void {
  if (Array.isArray(value)) value.forEach(checkOperand)
  if (!isDocument(value)) return
  for (const [name, field] of Object.entries(value)) {
    if (name.startsWith('$')) throw unknownOperator(name)
    checkOperand(field)
  }
}

interface FieldContext {
  readonly field: (test: Test) => Filter
  readonly path: Path
  readonly expandLeaf: boolean
  /** The whole condition the operator stands in: `$options` belongs to `$regex`. */
  readonly siblings: Record<string, unknown>
}

type ParseOperator = (context: FieldContext, operand: unknown) => Filter[]

const not = (filter: Filter): Filter => ({ kind: 'nor', filters: [filter] })

const compare =
  (op: 'eq' | 'lt' | 'lte' | 'gt' | 'gte'): ParseOperator =>
  ({ field, path }, value) => {
    if (op !== 'eq') refusePattern(path, value)
    checkOperand(value)
    return [field({ op, value })]
  }

/** A pattern has no order; what it doesn't match is said with `$not`. */
function refusePattern(path: Path, value: unknown): void {
  if (value instanceof RegExp) {
    throw invalid(
      `"${path.text}" can't be compared with a regular expression. Use it alone, in $in or in $not.`,
    )
  }
}

const OPERATORS: Readonly<Record<string, ParseOperator>> = {
  $eq: compare('eq'),
  $gt: compare('gt'),
  $gte: compare('gte'),
  $lt: compare('lt'),
  $lte: compare('lte'),
  $ne: ({ field, path }, value) => {
    refusePattern(path, value)
    checkOperand(value)
    return [not(field({ op: 'eq', value }))]
  },
  $in: ({ field }, operand) => [field(parseIn('$in', operand))],
  $nin: ({ field }, operand) => [not(field(parseIn('$nin', operand)))],
  $exists: ({ field }, operand) => {
    const exists = field({ op: 'exists' })
    return [isTruthy(operand) ? exists : not(exists)]
  },
  $type: ({ field }, operand) => {
    const types = Array.isArray(operand) ? operand : [operand]
    // So that what is no type is told by its field.
    compileTypes(types)
    return [field({ op: 'type', types })]
  },
  $mod: ({ field }, operand) => [field(parseMod(operand))],
  $regex: ({ field, siblings }, pattern) => {
    const options = siblings['$options'] ?? (pattern instanceof RegExp ? pattern.flags : '')
    return [
      field({
        op: 'regex',
        regex: compileRegex(pattern instanceof RegExp ? pattern.source : pattern, options),
      }),
    ]
  },
  $options: ({ siblings }) => {
    if (!Object.hasOwn(siblings, '$regex')) throw invalid('$options needs a $regex beside it.')
    return []
  },
  $size: ({ path }, size) => {
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0) {
      throw invalid('$size needs a non-negative integer.')
    }
    return [{ kind: 'field', path, expandLeaf: false, test: { op: 'size', size } }]
  },
  $all: (context, operand) => {
    if (!Array.isArray(operand)) throw invalid('$all needs an array.')
    if (operand.length === 0) return [context.field({ op: 'in', values: [], patterns: [] })]
    return operand.flatMap(item => {
      if (isOperators(item) && !Object.hasOwn(item, '$elemMatch'))
        throw invalid('$all takes values or $elemMatch.')
      return parseField(context.path, item, context.expandLeaf)
    })
  },
  $elemMatch: ({ path }, operand) => [
    { kind: 'field', path, expandLeaf: false, test: parseElemMatch(operand) },
  ],
  $geoWithin: ({ field }, operand) => [field({ op: 'geo', geo: parseGeoWithin(operand) })],
  $geoIntersects: ({ field }, operand) => [field({ op: 'geo', geo: parseGeoIntersects(operand) })],
  $near: ({ field }, operand) => [field({ op: 'near', near: parseNear('$near', operand) })],
  $nearSphere: ({ field }, operand) => [field({ op: 'near', near: parseNear('$nearSphere', operand) })],
  $not: ({ path, expandLeaf }, operand) => {
    if (!(operand instanceof RegExp) && !isOperators(operand)) {
      throw invalid('$not needs an operator or a regular expression.')
    }
    return [not(all(parseField(path, operand, expandLeaf)))]
  },
}

function isTruthy(operand: unknown): boolean {
  return operand !== false && operand !== 0 && operand !== null
}

function parseIn(name: string, operand: unknown): Test {
  if (!Array.isArray(operand)) throw invalid(`${name} needs an array.`)
  const values: unknown[] = []
  const patterns: RegExp[] = []
  for (const item of operand) {
    if (item instanceof RegExp) patterns.push(item)
    else {
      checkOperand(item)
      values.push(item)
    }
  }
  return { op: 'in', values, patterns }
}

function parseMod(operand: unknown): Test {
  const [divisor, remainder] = Array.isArray(operand) && operand.length === 2 ? operand : []
  if (typeof divisor !== 'number' || typeof remainder !== 'number' || !Number.isFinite(divisor + remainder)) {
    throw invalid('$mod needs an array of two numbers: divisor and remainder.')
  }
  if (Math.trunc(divisor) === 0) throw invalid('$mod needs a divisor other than 0.')
  return { op: 'mod', divisor: Math.trunc(divisor), remainder: Math.trunc(remainder) }
}

function parseElemMatch(operand: unknown): Test {
  if (!isDocument(operand)) throw invalid('$elemMatch needs an object.')
  const [first] = Object.keys(operand)
  const isValueTest = first?.startsWith('$') === true && !['$and', '$or', '$nor', '$expr'].includes(first)
  return isValueTest
    ? { op: 'elements', filter: all(parseField(ELEMENT, operand, false)), isObject: false }
    : { op: 'elements', filter: readConditions(operand), isObject: true }
}
