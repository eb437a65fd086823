import { decodeValue, type Encoded, type EncodedObject, encodeValue, setField } from '../protocol/value.ts'
import { reviveGeometry } from './geo.ts'
import { requireObject, requireOptions } from './parameters.ts'
import { encodeUpdate } from './update.ts'
import { createFailure, createWxError, type Surface } from './wx-errors.ts'

/** A document from the host: Dates, regular expressions and geometry are revived in its fields. */
export function decodeDocument(document: EncodedObject): Record<string, unknown> {
  const decoded: Record<string, unknown> = {}
  // Field by field, so that a document of just type and coordinates stays a document.
  for (const [key, value] of Object.entries(document)) {
    setField(decoded, key, decodeValue(value, reviveGeometry))
  }
  return decoded
}

/** `data` of add: one document, or several in an array. */
export function encodeNewDocuments(options: unknown): { documents: EncodedObject[]; isMany: boolean } {
  const { data } = requireOptions(options)
  if (!Array.isArray(data)) return { documents: [encodeDocument(data ?? {}, 'data')], isMany: false }
  if (data.length === 0) throw createWxError(-1, EMPTY_DATA)
  const documents = data.map((item: unknown, index) => encodeDocument(item, `data[${index}]`))
  return { documents, isMany: true }
}

/** `data` of set: a whole document without `_id`. */
export function encodeReplacement(surface: Surface, api: string, options: unknown): EncodedObject {
  return encodeDocument(readChange(surface, api, options), 'data')
}

/** `data` of update. */
export function encodeUpdateData(surface: Surface, api: string, options: unknown): EncodedObject {
  return encodeUpdate(readChange(surface, api, options))
}

const EMPTY_DATA = 'options.data must not be empty'

function readChange(surface: Surface, api: string, options: unknown): Record<string, unknown> {
  const data = requireObject(requireOptions(options)['data'], 'data')
  if (Object.keys(data).length === 0) throw createWxError(-1, EMPTY_DATA)
  if (Object.hasOwn(data, '_id')) throw createFailure(surface, api, -501007, '不能更新_id的值')
  return data
}

function encodeDocument(data: unknown, name: string): EncodedObject {
  return requireFields(encodeValue(requireObject(data, name), name), name)
}

/** Geometry and dates are objects that encode themselves to something that is no document. */
function requireFields(encoded: Encoded, name: string): EncodedObject {
  if (typeof encoded === 'object' && encoded !== null && !isList(encoded)) return encoded
  throw createWxError(-1, `parameter.${name} should be object;`)
}

function isList(encoded: Encoded): encoded is readonly Encoded[] {
  return Array.isArray(encoded)
}
