import { DatabaseError } from '../errors.ts'
import { isDocument } from './document.ts'
import { type Filter, nearOf, type Test } from './filter.ts'
import { type Box, boxAroundAll, boxAroundCircle } from './geo-box.ts'
import { parseGeometry, storedGeometry } from './geo-json.ts'
import { findNearest } from './geo-near.ts'
import { checkAreas } from './geo-valid.ts'
import { EARTH_RADIUS_METRES } from './geo-vector.ts'
import { type Path, someValue } from './path.ts'
import type { SqlParameters, SqlValue } from './sql.ts'

/** SQL of the R*Tree behind a geo index: a box of space per document that has geometry in the indexed field. */
export function createGeoTable(table: string): string {
  return `CREATE VIRTUAL TABLE ${table} USING rtree(seq, ${COLUMNS.join(', ')})`
}

export function insertIntoGeoTable(table: string): string {
  return `INSERT INTO ${table} (seq, ${COLUMNS.join(', ')}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`
}

export function removeFromGeoTable(table: string): string {
  return `DELETE FROM ${table} WHERE seq = ?1`
}

const COLUMNS = ['minX', 'maxX', 'minY', 'maxY', 'minZ', 'maxZ'] as const

/**
 * The box of all geometry a path of a document leads to; undefined when it leads to nothing or to null, which
 * leaves the document out of the index, as in MongoDB.
 *
 * @throws {DatabaseError} DATABASE_REQUEST_FAILED for a value there that is no geometry, or not a valid one.
 */
export function indexBox(document: unknown, path: Path): Box | undefined {
  const boxes: Box[] = []
  someValue(document, path.segments, false, value => {
    for (const item of isList(value) ? value : [value]) {
      if (item !== null && item !== undefined) boxes.push(checkedBox(item, path))
    }
    return false
  })
  return boxes.length === 0 ? undefined : boxAroundAll(boxes)
}

/** The box outside of which a test finds nothing; undefined when it may find something anywhere. */
export function searchBox(test: Test): Box | undefined {
  if (test.op === 'geo') return test.geo.box
  if (test.op !== 'near' || test.near.maxMetres === Infinity) return undefined
  return boxAroundCircle(test.near.place, test.near.maxMetres / EARTH_RADIUS_METRES)
}

/** SQL that is true for the rows whose box meets the given one: all that can match, and some that don't. */
export function geoCandidates(table: string, box: Box, parameters: SqlParameters): string {
  const terms = box.map((bound, index) => {
    // The least of the one may not be beyond the greatest of the other.
    const isLeast = index % 2 === 0
    const column = COLUMNS[isLeast ? index + 1 : index - 1]
    return `${column} ${isLeast ? '>=' : '<='} ${parameters.bind(bound)}`
  })
  return `seq IN (SELECT seq FROM ${table} WHERE ${terms.join(' AND ')})`
}

/**
 * The filter with its search by distance held to growing circles, each with 16 times the area of the one before, and
 * at last as it was. What a circle holds is nearest, so once one gives as many documents as were asked for, an index
 * has spared measuring the others.
 */
export function* nearSteps(filter: Filter): Generator<Filter, void> {
  const near = nearOf(filter)?.near
  if (near !== undefined) {
    const furthest = Math.min(near.maxMetres, Math.PI * EARTH_RADIUS_METRES)
    for (let metres = Math.max(FIRST_METRES, near.minMetres * 2); metres < furthest; metres *= 4) {
      yield withinMetres(filter, metres)
    }
  }
  yield filter
}

const FIRST_METRES = 1000

function withinMetres(filter: Filter, maxMetres: number): Filter {
  if (filter.kind === 'and') {
    return { ...filter, filters: filter.filters.map(inner => withinMetres(inner, maxMetres)) }
  }
  if (filter.kind !== 'field' || filter.test.op !== 'near') return filter
  return { ...filter, test: { op: 'near', near: { ...filter.test.near, maxMetres } } }
}

/** SQL that orders by distance when the filter searches near a place; undefined when it doesn't. */
export function nearOrder(filter: Filter, parameters: SqlParameters): string | undefined {
  const found = nearOf(filter)
  if (found === undefined) return undefined
  const { path, near } = found
  const distance = parameters.measure(document => findNearest(document, path.segments, near)?.metres)
  return `${distance} ASC, seq ASC`
}

/** The values of a box for `insertIntoGeoTable`, after the row's number. */
export function boxValues(seq: number, box: Box): readonly SqlValue[] {
  return [seq, ...box]
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && storedGeometry(value) === undefined
}

function checkedBox(value: unknown, path: Path): Box {
  try {
    if (Array.isArray(value) || !isDocument(value)) {
      const pair = storedGeometry(value)
      if (pair !== undefined) return pair.box
    }
    const geometry = parseGeometry(value, `"${path.text}"`)
    checkAreas(geometry, `"${path.text}"`)
    return geometry.box
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    throw new DatabaseError('DATABASE_REQUEST_FAILED', `Can't extract geo keys: ${error.message}`, {
      cause: error,
    })
  }
}
