import { ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { type Encoded, type EncodedObject, encodeValue, setField } from '../protocol/value.ts'
import { requireDepth } from './depth.ts'
import { isPlain, nameType } from './parameters.ts'
import {
  ElementCommand,
  ElementCondition,
  ExpressionCommand,
  LogicCommand,
  type LogicOperator,
  QueryCommand,
} from './query-command.ts'
import { UpdateCommand } from './update-command.ts'
import { DatabaseRegExp } from './values.ts'

/**
 * Encodes what `where`, a logic command or `match` takes: a condition object or a command over whole
 * documents. Nested objects become dotted paths; several `or` stay apart and are all required.
 *
 * @throws {Error} in the SDK's words when it is neither, or holds nothing but undefined.
 * @throws {ValueError} for a value that can't be compared, or more than 100 levels.
 */
export function encodeCondition(condition: unknown): EncodedObject {
  const filter = encodeAt('', condition, 0)
  requireDepth(filter, 'condition')
  return filter
}

/** The filter of one path, or of whole documents when the path is empty. */
function encodeAt(path: string, condition: unknown, depth: number): EncodedObject {
  const filter = new Filter()
  if (condition instanceof QueryCommand) {
    addCommand(filter, path, condition, depth)
  } else if (path !== '') {
    if (condition === undefined) throw new Error(ALL_UNDEFINED)
    addValue(filter, path, condition, depth)
  } else {
    addFields(filter, '', requireCondition(condition), depth)
  }
  return filter.build()
}

const NOT_AN_OBJECT = '查询参数必须为对象'
const ALL_UNDEFINED = '查询参数对象值不能均为undefined'

function requireCondition(condition: unknown): Readonly<Record<string, unknown>> {
  if (!isPlain(condition)) throw new Error(NOT_AN_OBJECT)
  const values = Object.values(condition)
  // A variable that was never set must not turn into "every document".
  if (values.length > 0 && values.every(value => value === undefined)) {
    throw new Error(ALL_UNDEFINED)
  }
  return condition
}

function addFields(
  filter: Filter,
  path: string,
  fields: Readonly<Record<string, unknown>>,
  depth: number,
): void {
  if (depth >= LIMITS.valueDepth) {
    const where = path.length > 100 ? `${path.slice(0, 100)}…` : path
    throw new ValueError(
      where,
      `The condition is nested more than ${LIMITS.valueDepth} levels deep or circular.`,
    )
  }
  for (const key of Object.keys(fields)) {
    const value = fields[key]
    if (value === undefined) continue
    if (path === '' && key.startsWith('$')) addRawOperator(filter, key, value, depth)
    else addValue(filter, path === '' ? key : `${path}.${key}`, value, depth)
  }
}

function addValue(filter: Filter, path: string, value: unknown, depth: number): void {
  if (value === undefined) return
  if (value instanceof UpdateCommand) {
    throw new ValueError(path, `${path} holds an update command, which can't be a condition.`)
  }
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw new ValueError(path, `${path} is a ${nameType(value)}, which can't be compared.`)
  }
  if (value instanceof QueryCommand) {
    addCommand(filter, path, value, depth)
  } else if (isPlain(value) && !hasOperator(value)) {
    addFields(filter, path, value, depth + 1)
  } else {
    filter.addField(path, encodeValue(value, path))
  }
}

/** MongoDB's own operators pass through; its logic may hold commands. */
function addRawOperator(filter: Filter, key: string, value: unknown, depth: number): void {
  if ((key === '$and' || key === '$or' || key === '$nor') && Array.isArray(value)) {
    filter.addClause(
      key,
      value.map(item => encodeAt('', item, depth + 1)),
    )
  } else {
    filter.addField(key, encodeValue(value, key))
  }
}

function addCommand(filter: Filter, path: string, command: QueryCommand, depth: number): void {
  if (command instanceof LogicCommand) {
    addLogic(filter, path, command, depth)
  } else if (command instanceof ElementCondition) {
    addCommand(filter, path, new ElementCommand(encodeElement(command.condition)), depth)
  } else if (command instanceof ExpressionCommand) {
    if (path !== '') {
      throw new ValueError(path, '_.expr() and _.jsonSchema() take the whole condition, not one field.')
    }
    for (const key of Object.keys(command.filter)) filter.addField(key, command.filter[key] ?? null)
  } else if (path === '') {
    throw new Error(NOT_AN_OBJECT)
  } else if (command instanceof ElementCommand && command.alternatives.length > 1) {
    filter.addClause(
      '$or',
      command.alternatives.map(alternative => ({ [path]: alternative })),
    )
  } else {
    filter.addField(path, command.encodeValue())
  }
}

function addLogic(filter: Filter, path: string, command: LogicCommand, depth: number): void {
  const { operator, operands } = command
  const [only] = operands
  if (operator === '$not' && path !== '' && operands.length === 1 && isOperator(only)) {
    filter.addField(path, { $not: only.encodeValue() })
    return
  }
  filter.addClause(
    operator === '$not' ? '$nor' : operator,
    operands.map(operand => encodeAt(path, operand, depth + 1)),
  )
}

/**
 * What an array element must be, for elemMatch and pull: operator objects or conditions, any one of which is
 * enough. Several only come from `_.or` between values.
 *
 * @throws {ValueError} for logic that operator objects can't say.
 */
export function encodeElement(condition: unknown): readonly EncodedObject[] {
  if (condition instanceof LogicCommand) {
    return isAboutDocuments(condition) ? [encodeCondition(condition)] : encodeElementLogic(condition)
  }
  if (condition instanceof ElementCommand) return condition.alternatives
  if (condition instanceof ElementCondition) {
    return new ElementCommand(encodeElement(condition.condition)).alternatives
  }
  if (condition instanceof ExpressionCommand) return [condition.filter]
  if (isOperator(condition)) return [requireOperators(condition.encodeValue())]
  if (isPlain(condition)) {
    return [hasOperator(condition) ? requireOperators(encodeValue(condition)) : encodeAt('', condition, 0)]
  }
  // $in, since $eq of a regular expression would look for the expression itself.
  if (nameType(condition) === 'regexp' || condition instanceof DatabaseRegExp) {
    return [{ $in: [encodeValue(condition)] }]
  }
  return [{ $eq: encodeValue(condition) }]
}

/** Alternatives one element may be tested against; more than this is a program out of hand. */
const MAX_ALTERNATIVES = 64

function encodeElementLogic({ operator, operands }: LogicCommand): readonly EncodedObject[] {
  const parts = operands.map(encodeElement)
  if (operator === '$or') return join(parts)
  const required = operator === '$and' ? parts : join(parts).map(alternative => [{ $not: alternative }])
  let merged: readonly EncodedObject[] = [{}]
  for (const part of required) {
    merged = join(merged.map(left => part.map(right => mergeOperators(left, right))))
    if (merged.length > MAX_ALTERNATIVES) {
      throw new ValueError('elemMatch', `The condition has more than ${MAX_ALTERNATIVES} alternatives.`)
    }
  }
  return merged
}

/** No `flat`: mini-programs may run on an engine of 2017. */
function join(parts: readonly (readonly EncodedObject[])[]): readonly EncodedObject[] {
  return parts.reduce((joined, part) => joined.concat(part), [])
}

function mergeOperators(left: EncodedObject, right: EncodedObject): EncodedObject {
  const twice = Object.keys(right).find(key => Object.hasOwn(left, key))
  if (twice === undefined) return { ...left, ...right }
  throw new ValueError(
    'elemMatch',
    `One array element is tested with ${twice} twice, which can't be said in one elemMatch. ` +
      'Put the values in one _.in() or _.nin(), or test the field with several elemMatch.',
  )
}

function requireOperators(encoded: Encoded): EncodedObject {
  if (typeof encoded === 'object' && encoded !== null && !Array.isArray(encoded))
    return encoded as EncodedObject
  throw new ValueError('elemMatch', 'elemMatch takes a condition object or a command.')
}

/** Whether logic inside an element is about its fields rather than the element as a value. */
function isAboutDocuments(command: LogicCommand): boolean {
  return command.operands.some(operand =>
    operand instanceof LogicCommand ? isAboutDocuments(operand) : isPlain(operand) && !hasOperator(operand),
  )
}

/** A command that is one operator object, so that it can stand under `$not`. */
function isOperator(value: unknown): value is QueryCommand {
  if (value instanceof ElementCommand) return value.alternatives.length === 1
  return (
    value instanceof QueryCommand && !(value instanceof LogicCommand || value instanceof ExpressionCommand)
  )
}

function hasOperator(value: object): boolean {
  return Object.keys(value).some(key => key.startsWith('$'))
}

/** A filter as it grows: fields first, then clauses, none of which may overwrite another. */
class Filter {
  readonly #fields: Record<string, Encoded> = {}
  readonly #and: EncodedObject[] = []
  readonly #nor: EncodedObject[] = []
  #or: readonly EncodedObject[] | undefined

  addField(path: string, value: Encoded): void {
    if (Object.hasOwn(this.#fields, path)) this.#and.push({ [path]: value })
    else setField(this.#fields, path, value)
  }

  addClause(operator: Exclude<LogicOperator, '$not'>, filters: readonly EncodedObject[]): void {
    if (operator !== '$or') {
      const clause = operator === '$and' ? this.#and : this.#nor
      for (const filter of filters) clause.push(filter)
    } else if (this.#or === undefined) {
      this.#or = filters
    } else {
      // A second $or is a requirement of its own; merged, either of the two would be enough.
      this.#and.push({ $or: filters })
    }
  }

  build(): EncodedObject {
    const filter = { ...this.#fields }
    if (this.#and.length > 0) filter['$and'] = this.#and
    if (this.#or !== undefined) filter['$or'] = this.#or
    if (this.#nor.length > 0) filter['$nor'] = this.#nor
    return filter
  }
}
