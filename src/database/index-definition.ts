import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { isDocument } from './document.ts'
import { arrayIndex, type Path, parsePath } from './path.ts'

/** A field of an index: its path, and the direction its keys are kept in, or `2dsphere` for geometry. */
export type IndexField = readonly [path: string, direction: 1 | -1 | '2dsphere']

/** An index as it is asked for and listed. */
export interface IndexDefinition {
  readonly name: string
  readonly fields: readonly IndexField[]
  /** Whether no two documents may have the same keys; a missing field counts as null. */
  readonly unique: boolean
  /** Whether documents that have none of the fields are left out. An index of geometry always leaves them out. */
  readonly sparse: boolean
}

/**
 * Checks and completes what was asked for. Without a name it gets MongoDB's: `owner_1_at_-1`.
 *
 * @throws {DatabaseError} INVALID_PARAM
 */
export function parseDefinition(asked: unknown): IndexDefinition {
  if (!isDocument(asked)) throw invalid('An index must be an object with fields.')
  const { fields, unique = false, sparse = false } = asked
  if (typeof unique !== 'boolean' || typeof sparse !== 'boolean') {
    throw invalid('unique and sparse must be true or false.')
  }
  if (!Array.isArray(fields) || fields.length === 0 || fields.length > LIMITS.indexFields) {
    throw invalid(`An index has 1 to ${LIMITS.indexFields} fields, each a pair such as ["owner", 1].`)
  }
  const checked = fields.map(checkField)
  const isGeo = checked.some(([, direction]) => direction === '2dsphere')
  if (isGeo && (checked.length > 1 || unique)) {
    throw invalid('An index of geometry ("2dsphere") has one field and can\'t be unique.')
  }
  const paths = new Set(checked.map(([path]) => path))
  if (paths.size < checked.length) throw invalid('An index can name each field once only.')
  if (checked.length === 1 && paths.has('_id')) throw invalid('_id has an index already.')
  const name = asked['name'] ?? checked.map(([path, direction]) => `${path}_${direction}`).join('_')
  return { name: checkName(name), fields: checked, unique, sparse: sparse || isGeo }
}

/** Whether an index holds geometry. */
export function isGeoIndex({ fields }: Pick<IndexDefinition, 'fields'>): boolean {
  return fields.some(([, direction]) => direction === '2dsphere')
}

/** Whether two definitions make the same entries under the same rules, whatever their names. */
export function isSameIndex(a: IndexDefinition, b: IndexDefinition): boolean {
  return (
    JSON.stringify(a.fields) === JSON.stringify(b.fields) && a.unique === b.unique && a.sparse === b.sparse
  )
}

export function checkName(name: unknown): string {
  const isAllowed =
    typeof name === 'string' &&
    name.length >= 1 &&
    name.length <= LIMITS.indexNameChars &&
    name !== '_id_' &&
    !name.includes('\0') &&
    name.isWellFormed()
  if (isAllowed) return name
  throw invalid(`The name of an index has 1 to ${LIMITS.indexNameChars} characters and is not "_id_".`)
}

function checkField(field: unknown): IndexField {
  const [path, direction] = Array.isArray(field) && field.length === 2 ? field : []
  if (typeof path !== 'string' || (direction !== 1 && direction !== -1 && direction !== '2dsphere')) {
    throw invalid('A field of an index is a pair of a path and 1, -1 or "2dsphere".')
  }
  checkPath(parsePath(path.toWellFormed()))
  return [path.toWellFormed(), direction]
}

function checkPath({ text, segments }: Path): void {
  for (const segment of segments) {
    if (segment === '' || segment.startsWith('$')) throw invalid(`"${text}" is not the path of a field.`)
    // It could mean an element or a field, and differently in each document.
    if (arrayIndex(segment) !== undefined) {
      throw invalid(
        `"${text}" can't be indexed: an index has all elements of an array, not the one at ${segment}.`,
      )
    }
  }
}

function invalid(message: string): DatabaseError {
  return new DatabaseError('INVALID_PARAM', message)
}
