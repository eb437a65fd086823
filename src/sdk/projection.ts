import { ValueError } from '../errors.ts'
import { type Encoded, type EncodedObject, encodeValue, setField } from '../protocol/value.ts'
import { isObject, nameType } from './parameters.ts'

/** Fields by path: true or false, 1 or 0, or what `_.project` makes for arrays. */
export type Projection = Readonly<Record<string, boolean | number | object>>

/** @throws {Error} when it is not an object. @throws {ValueError} for any other value of a field. */
export function encodeProjection(projection: unknown): EncodedObject {
  if (!isObject(projection)) throw new Error('field must be an object')
  const encoded: Record<string, Encoded> = {}
  for (const path of Object.keys(projection)) {
    const field = projection[path]
    if (field !== undefined) setField(encoded, path, encodeField(path, field))
  }
  return encoded
}

function encodeField(path: string, field: unknown): Encoded {
  if (typeof field === 'boolean' || typeof field === 'number') return field ? 1 : 0
  if (isObject(field)) return encodeValue(field, path)
  throw new ValueError(
    path,
    `field "${path}" must be true, false or made by _.project, not ${nameType(field)}.`,
  )
}
