import { setField } from '../protocol/value.ts'
import { type Document, isDocument } from './document.ts'
import {
  failed,
  isNullish,
  make,
  mistyped,
  type OperatorTable,
  type Scope,
  several,
  unary,
} from './evaluation.ts'
import { requireArray } from './expression-array.ts'

export const OBJECT: OperatorTable = {
  $arrayToObject: unary(arrayToObject),
  $mergeObjects: several(0, Infinity, (operands, scope) => {
    const merged: Document = {}
    for (const operand of operands) mergeInto(merged, operand, scope)
    return merged
  }),
  $objectToArray: unary((object, scope) => {
    if (isNullish(object)) return null
    if (!isDocument(object)) throw mistyped('$objectToArray', 'an object', object)
    const fields = Object.entries(object)
    make(scope, fields.length, '$objectToArray')
    return fields.map(([k, v]) => ({ k, v }))
  }),
}

/** Sets all fields of one of `$mergeObjects`'s operands. Null and missing have none. */
export function mergeInto(merged: Document, operand: unknown, scope?: Scope): void {
  if (isNullish(operand)) return
  if (!isDocument(operand)) throw mistyped('$mergeObjects', 'objects', operand)
  const fields = Object.entries(operand)
  if (scope !== undefined) make(scope, fields.length, '$mergeObjects')
  for (const [name, value] of fields) setField(merged, name, value)
}

/** From pairs `[k, v]` or objects `{ k, v }`, all of one form. */
function arrayToObject(array: unknown, scope: Scope): unknown {
  if (isNullish(array)) return null
  const items = requireArray('$arrayToObject', array)
  make(scope, items.length, '$arrayToObject')
  const arePairs = Array.isArray(items[0])
  const object: Document = {}
  for (const item of items) {
    const [name, value] = arePairs ? readPair(item) : readEntry(item)
    if (typeof name !== 'string') throw mistyped('$arrayToObject', 'keys that are strings', name)
    if (name.includes('\0')) throw failed('$arrayToObject: a key holds a NUL character.')
    setField(object, name, value)
  }
  return object
}

const FORM = 'pairs [k, v] or objects { k, v }, all of one form'

function readPair(item: unknown): readonly [unknown, unknown] {
  if (Array.isArray(item) && item.length === 2) return [item[0], item[1]]
  throw mistyped('$arrayToObject', FORM, item)
}

function readEntry(item: unknown): readonly [unknown, unknown] {
  const isEntry = isDocument(item) && Object.hasOwn(item, 'k') && Object.hasOwn(item, 'v')
  if (isEntry && Object.keys(item).length === 2) return [item['k'], item['v']]
  throw mistyped('$arrayToObject', FORM, item)
}
