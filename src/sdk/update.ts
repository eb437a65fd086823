import { DatabaseError, ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { type Encoded, type EncodedObject, encodeValue, setField } from '../protocol/value.ts'
import { requireDepth } from './depth.ts'
import { isPlain } from './parameters.ts'
import { QueryCommand } from './query-command.ts'
import { UpdateCommand, type UpdateOperator } from './update-command.ts'

/**
 * Encodes the data of `update`: update commands apply at their path, every other value is set, and nested
 * objects are merged field by field. Data of nothing but undefined gives `{}`, which changes nothing.
 *
 * @throws {ValueError} for a query command, a value that can't be stored, or more than 100 levels.
 */
export function encodeUpdate(data: Readonly<Record<string, unknown>>): EncodedObject {
  const update: Update = {}
  addFields(update, '', data, 0)
  requireDepth(update, 'update')
  return update
}

/** Paths and operands by operator. */
type Update = Record<string, Record<string, Encoded>>

function addFields(
  update: Update,
  path: string,
  fields: Readonly<Record<string, unknown>>,
  depth: number,
): void {
  if (depth >= LIMITS.valueDepth) {
    throw new ValueError('data', `data is nested more than ${LIMITS.valueDepth} levels deep or circular.`)
  }
  for (const key of Object.keys(fields)) {
    addValue(update, path === '' ? key : `${path}.${key}`, fields[key], depth)
  }
}

function addValue(update: Update, path: string, value: unknown, depth: number): void {
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return
  if (value instanceof QueryCommand) {
    throw new ValueError(path, `${path} holds a query command, which can't be stored.`)
  }
  if (value instanceof UpdateCommand) {
    addOperation(update, value.operator, path, value.operand)
  } else if (isPlain(value)) {
    addFields(update, path, value, depth + 1)
  } else {
    addOperation(update, '$set', path, encodeValue(value, path))
  }
}

function addOperation(update: Update, operator: UpdateOperator, path: string, operand: Encoded): void {
  update[operator] ??= {}
  const operations = update[operator]
  // A dotted and a nested spelling of one path: the later would silently win.
  if (Object.hasOwn(operations, path)) {
    throw new DatabaseError('DATABASE_REQUEST_FAILED', `data names the path "${path}" twice (conflict).`)
  }
  setField(operations, path, operand)
}
