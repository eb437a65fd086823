import { DatabaseError } from '../errors.ts'
import { isDocument } from './document.ts'
import { type Matcher, unknownOperator } from './filter.ts'
import { compileRegex } from './regex.ts'
import { equalValues } from './value-order.ts'
import { compileTypes } from './value-type.ts'

/**
 * A `$jsonSchema` as a predicate on decoded values: JSON Schema draft 4 with `bsonType`, as MongoDB has it.
 * A keyword holds for values of the type it speaks of, and for all others.
 *
 * @throws {DatabaseError} DATABASE_INVALID_OPERATOR for a keyword there isn't, INVALID_PARAM for a bad operand.
 */
export function compileJsonSchema(schema: unknown): Matcher {
  if (!isDocument(schema)) throw invalid('$jsonSchema', 'an object')
  const matchers = Object.entries(schema).map(([keyword, operand]) => {
    const compile = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined
    if (compile === undefined) throw unknownOperator(`$jsonSchema keyword ${keyword}`)
    return compile(operand, schema)
  })
  return value => matchers.every(matches => matches(value))
}

type Compile = (operand: unknown, schema: Record<string, unknown>) => Matcher

const always: Matcher = () => true

const KEYWORDS: Readonly<Record<string, Compile>> = {
  title: () => always,
  description: () => always,
  bsonType: operand => compileTypes(strings('bsonType', operand)),
  type: operand => compileTypes(strings('type', operand).map(name => (name === 'boolean' ? 'bool' : name))),
  enum: operand => {
    const values = list('enum', operand)
    return value => values.some(allowed => equalValues(value, allowed))
  },
  minimum: (operand, schema) =>
    numeric(
      'minimum',
      operand,
      (value, least) => value > least || (value === least && schema['exclusiveMinimum'] !== true),
    ),
  maximum: (operand, schema) =>
    numeric(
      'maximum',
      operand,
      (value, most) => value < most || (value === most && schema['exclusiveMaximum'] !== true),
    ),
  exclusiveMinimum: () => always,
  exclusiveMaximum: () => always,
  multipleOf: operand => numeric('multipleOf', operand, (value, factor) => value % factor === 0),
  minLength: operand => sized('minLength', operand, textLength, (length, least) => length >= least),
  maxLength: operand => sized('maxLength', operand, textLength, (length, most) => length <= most),
  pattern: operand => {
    const regex = compileRegex(operand, '')
    return value => typeof value !== 'string' || regex.test(value)
  },
  minItems: operand => sized('minItems', operand, itemCount, (count, least) => count >= least),
  maxItems: operand => sized('maxItems', operand, itemCount, (count, most) => count <= most),
  uniqueItems: operand => value =>
    operand !== true ||
    !Array.isArray(value) ||
    value.every((item, index) => value.findIndex(other => equalValues(item, other)) === index),
  items: operand => {
    if (Array.isArray(operand)) {
      const matchers = operand.map(compileJsonSchema)
      return value =>
        !Array.isArray(value) ||
        matchers.every((matches, index) => index >= value.length || matches(value[index]))
    }
    const matches = compileJsonSchema(operand)
    return value => !Array.isArray(value) || value.every(matches)
  },
  minProperties: operand => sized('minProperties', operand, fieldCount, (count, least) => count >= least),
  maxProperties: operand => sized('maxProperties', operand, fieldCount, (count, most) => count <= most),
  required: operand => {
    const names = strings('required', operand)
    return value => !isDocument(value) || names.every(name => Object.hasOwn(value, name))
  },
  properties: operand => {
    const fields = schemas('properties', operand)
    return value =>
      !isDocument(value) ||
      fields.every(([name, matches]) => !Object.hasOwn(value, name) || matches(value[name]))
  },
  patternProperties: operand => {
    const fields = patterns(operand)
    return value =>
      !isDocument(value) ||
      Object.entries(value).every(([name, field]) =>
        fields.every(([regex, matches]) => !regex.test(name) || matches(field)),
      )
  },
  additionalProperties: (operand, schema) => {
    const known = new Set(schemas('properties', schema['properties'] ?? {}).map(([name]) => name))
    const others = patterns(schema['patternProperties'] ?? {}).map(([regex]) => regex)
    const matches = typeof operand === 'boolean' ? () => operand : compileJsonSchema(operand)
    return value =>
      !isDocument(value) ||
      Object.entries(value).every(
        ([name, field]) => known.has(name) || others.some(regex => regex.test(name)) || matches(field),
      )
  },
  allOf: operand => {
    const matchers = list('allOf', operand).map(compileJsonSchema)
    return value => matchers.every(matches => matches(value))
  },
  anyOf: operand => {
    const matchers = list('anyOf', operand).map(compileJsonSchema)
    return value => matchers.some(matches => matches(value))
  },
  oneOf: operand => {
    const matchers = list('oneOf', operand).map(compileJsonSchema)
    return value => matchers.filter(matches => matches(value)).length === 1
  },
  not: operand => {
    const matches = compileJsonSchema(operand)
    return value => !matches(value)
  },
}

function invalid(keyword: string, needed: string): DatabaseError {
  return new DatabaseError('INVALID_PARAM', `${keyword} of $jsonSchema needs ${needed}.`)
}

function list(keyword: string, operand: unknown): unknown[] {
  if (Array.isArray(operand) && operand.length > 0) return operand
  throw invalid(keyword, 'a non-empty array')
}

function strings(keyword: string, operand: unknown): string[] {
  const items = Array.isArray(operand) ? operand : [operand]
  if (items.every(item => typeof item === 'string')) return items
  throw invalid(keyword, 'strings')
}

function schemas(keyword: string, operand: unknown): [name: string, matches: Matcher][] {
  if (!isDocument(operand)) throw invalid(keyword, 'an object of schemas')
  return Object.entries(operand).map(([name, schema]) => [name, compileJsonSchema(schema)])
}

function patterns(operand: unknown): [regex: RegExp, matches: Matcher][] {
  return schemas('patternProperties', operand).map(([pattern, matches]) => [
    compileRegex(pattern, ''),
    matches,
  ])
}

function numeric(
  keyword: string,
  operand: unknown,
  holds: (value: number, operand: number) => boolean,
): Matcher {
  if (typeof operand !== 'number') throw invalid(keyword, 'a number')
  return value => typeof value !== 'number' || holds(value, operand)
}

/** Holds for values that have no such size. */
function sized(
  keyword: string,
  operand: unknown,
  sizeOf: (value: unknown) => number | undefined,
  holds: (size: number, operand: number) => boolean,
): Matcher {
  if (typeof operand !== 'number' || !Number.isInteger(operand) || operand < 0) {
    throw invalid(keyword, 'a non-negative integer')
  }
  return value => {
    const size = sizeOf(value)
    return size === undefined || holds(size, operand)
  }
}

/** In code points, as MongoDB counts. */
function textLength(value: unknown): number | undefined {
  return typeof value === 'string' ? Array.from(value).length : undefined
}

function itemCount(value: unknown): number | undefined {
  return Array.isArray(value) ? value.length : undefined
}

function fieldCount(value: unknown): number | undefined {
  return isDocument(value) ? Object.keys(value).length : undefined
}
