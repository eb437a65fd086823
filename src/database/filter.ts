import { DatabaseError } from '../errors.ts'
import { decodeInput, isDocument } from './document.ts'
import { type Path, parsePath } from './path.ts'
import { compileRegex } from './regex.ts'

/** What a filter asks of a document, free of spelling: the matcher and the SQL planner both work from it. */
export type Filter =
  | { readonly kind: 'and' | 'or' | 'nor'; readonly filters: readonly Filter[] }
  | { readonly kind: 'field'; readonly path: Path; readonly expandLeaf: boolean; readonly test: Test }
  | { readonly kind: 'expression'; readonly expression: unknown }
  | { readonly kind: 'schema'; readonly schema: unknown }

/** What a filter asks of the values one path leads to: that any of them passes. `undefined` is a missing field. */
export type Test =
  | { readonly op: 'eq' | 'lt' | 'lte' | 'gt' | 'gte'; readonly value: unknown }
  | { readonly op: 'in'; readonly values: readonly unknown[]; readonly patterns: readonly RegExp[] }
  | { readonly op: 'regex'; readonly regex: RegExp }
  | { readonly op: 'exists' }
  | { readonly op: 'type'; readonly types: readonly unknown[] }
  | { readonly op: 'mod'; readonly divisor: number; readonly remainder: number }
  | { readonly op: 'size'; readonly size: number }
  | { readonly op: 'elements'; readonly filter: Filter; readonly isObject: boolean }

/** Whether a decoded document, or an element of an array, fulfils a filter. */
export type Matcher = (value: unknown) => boolean

/**
 * Reads a MongoDB filter in extended JSON.
 *
 * @throws {DatabaseError} DATABASE_INVALID_OPERATOR for an operator there isn't, INVALID_PARAM for a bad operand.
 */
export function parseFilter(filter: unknown, nowMs: number): Filter {
  return parseConditions(decodeInput(filter, 'filter', nowMs))
}

/** The same for an already decoded filter. */
export function parseConditions(filter: unknown): Filter {
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
  return all(parseField(ELEMENT, condition, false))
}

/** Whether an object holds operators (`{$gt: 1}`) and isn't a value to compare with. */
export function isOperators(value: unknown): value is Record<string, unknown> {
  return isDocument(value) && Object.keys(value)[0]?.startsWith('$') === true
}

export function unknownOperator(name: string): DatabaseError {
  return new DatabaseError('DATABASE_INVALID_OPERATOR', `Unknown or unsupported operator ${name}.`)
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
          filters: operand.map(parseConditions),
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
    if (parse === undefined) throw unknownOperator(name)
    filters.push(...parse({ field, path, expandLeaf, siblings: condition }, operand))
  }
  return filters
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
  ({ field }, value) => {
    checkOperand(value)
    return [field({ op, value })]
  }

const OPERATORS: Readonly<Record<string, ParseOperator>> = {
  $eq: compare('eq'),
  $gt: compare('gt'),
  $gte: compare('gte'),
  $lt: compare('lt'),
  $lte: compare('lte'),
  $ne: ({ field }, value) => {
    checkOperand(value)
    return [not(field({ op: 'eq', value }))]
  },
  $in: ({ field }, operand) => [field(parseIn('$in', operand))],
  $nin: ({ field }, operand) => [not(field(parseIn('$nin', operand)))],
  $exists: ({ field }, operand) => {
    const exists = field({ op: 'exists' })
    return [isTruthy(operand) ? exists : not(exists)]
  },
  $type: ({ field }, operand) => [field({ op: 'type', types: Array.isArray(operand) ? operand : [operand] })],
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
    ? { op: 'elements', filter: parseElementCondition(operand), isObject: false }
    : { op: 'elements', filter: parseConditions(operand), isObject: true }
}
