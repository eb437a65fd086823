import { DatabaseError } from '../errors.ts'
import type { Encoded, EncodedObject } from '../protocol/value.ts'
import { cellOf, writeCsvNames, writeCsvRow } from './csv.ts'
import type { Database } from './database.ts'
import { placeField, writeExtended } from './extended-json.ts'
import { readFieldPath } from './field-path.ts'
import type { FileFormat } from './import.ts'

export interface ExportOptions {
  readonly collection: string
  readonly format: FileFormat
  /** Extended JSON in MongoDB's form. Default: all documents. */
  readonly filter?: EncodedObject
  /** Dotted paths; CSV needs them. Default for JSON: all fields. */
  readonly fields?: readonly string[]
  readonly onProgress?: (documentCount: number) => void
}

/**
 * The documents of a collection as text, in natural order: JSON Lines with extended JSON, or CSV with the fields'
 * names in its first row. What `importDocuments` reads of it is the same.
 *
 * @throws {DatabaseError} INVALID_PARAM for CSV without fields, or a path that is none.
 */
export async function* exportDocuments(database: Database, options: ExportOptions): AsyncGenerator<string> {
  const { collection, format, filter = {}, fields, onProgress } = options
  for (const field of fields ?? []) readFieldPath(field, 'A field to export')
  if (format === 'csv') {
    if (fields === undefined || fields.length === 0) {
      throw new DatabaseError('INVALID_PARAM', 'CSV needs the fields to export, e.g. _id,name,address.city.')
    }
    yield writeCsvNames(fields)
  }
  let after = 0
  let count = 0
  for (;;) {
    const { documents, last } = await database.scan({ collection, filter, after })
    count += documents.length
    const write = (document: EncodedObject): string =>
      format === 'csv' && fields !== undefined
        ? writeCsvRow(fields.map(field => cellOf(document, field)))
        : `${writeExtended(JSON.stringify(fields === undefined ? document : picked(document, fields)))}\n`
    yield documents.map(write).join('')
    onProgress?.(count)
    if (last === undefined) return
    after = last
  }
}

function picked(document: EncodedObject, fields: readonly string[]): EncodedObject {
  const result: Record<string, Encoded> = {}
  for (const field of fields) {
    const value = cellOf(document, field)
    if (value !== undefined) placeField(result, field, value)
  }
  return result
}
