import { DatabaseError } from '../errors.ts'
import { decodeText } from './document.ts'
import { sortValue } from './match.ts'
import { type Path, parsePath } from './path.ts'
import { arrayOnTheWay, jsonPath, type SqlParameters, type SqlValue } from './sql.ts'
import { orderBytes, RANKS, rankOf } from './value-order.ts'

export type SortKey = readonly [path: string, direction: 1 | -1]

/**
 * `ORDER BY` terms for MongoDB's order of all types. Ties keep their natural order.
 *
 * Numbers, strings, booleans, dates and null are ordered by SQLite; rows that hold an array or object on
 * a sort path call `cloudlet_rank` and `cloudlet_order`.
 *
 * @throws {DatabaseError} INVALID_PARAM for a path that is none.
 */
export function sortToSql(keys: readonly SortKey[], parameters: SqlParameters): string {
  const terms: string[] = []
  for (const [text, direction] of keys) {
    if (direction !== 1 && direction !== -1) {
      throw new DatabaseError('INVALID_PARAM', `The sort direction of "${text}" must be 1 or -1.`)
    }
    const order = direction === 1 ? 'ASC' : 'DESC'
    const path = parsePath(text)
    // Ids are strings or numbers, which the column orders as MongoDB does.
    if (text === '_id') terms.push(`id ${order}`)
    else for (const term of orderTerms(path, direction, parameters)) terms.push(`${term} ${order}`)
  }
  return [...terms, 'seq ASC'].join(', ')
}

function orderTerms(path: Path, direction: 1 | -1, parameters: SqlParameters): [rank: string, value: string] {
  const at = jsonPath(path)
  const call = (name: string): string => `${name}(${parameters.bind(path.text)}, ${direction}, json(doc))`
  const [rank, value] = [call('cloudlet_rank'), call('cloudlet_order')]
  if (at === undefined) return [rank, value]
  const date = `${at.slice(0, -1)}."$date"'`
  const isOnTheWay = arrayOnTheWay(path)
  const orElse = (callback: string, missing: string): string =>
    isOnTheWay === undefined ? missing : `CASE WHEN ${isOnTheWay} THEN ${callback} ELSE ${missing} END`
  return [
    `CASE json_type(doc, ${at}) WHEN 'integer' THEN ${RANKS.number} WHEN 'real' THEN ${RANKS.number} ` +
      `WHEN 'text' THEN ${RANKS.string} WHEN 'true' THEN ${RANKS.boolean} WHEN 'false' THEN ${RANKS.boolean} ` +
      `WHEN 'null' THEN ${RANKS.null} ` +
      `WHEN 'object' THEN CASE WHEN json_type(doc, ${date}) IS NULL THEN ${rank} ELSE ${RANKS.date} END ` +
      `WHEN 'array' THEN ${rank} ELSE ${orElse(rank, String(RANKS.null))} END`,
    `CASE json_type(doc, ${at}) WHEN 'object' THEN coalesce(json_extract(doc, ${date}), ${value}) ` +
      // As JavaScript has it: beyond 2^53, several integers are one number.
      `WHEN 'array' THEN ${value} WHEN 'null' THEN NULL WHEN 'integer' THEN CAST(json_extract(doc, ${at}) AS REAL) ` +
      `WHEN 'real' THEN json_extract(doc, ${at}) WHEN 'text' THEN json_extract(doc, ${at}) ` +
      `WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE ${orElse(value, 'NULL')} END`,
  ]
}

/** What `cloudlet_rank(path, direction, json)` answers. */
export function sortRank(path: string, direction: 1 | -1, text: string): number {
  const { isNothing, value } = sortValue(decodeText(text), path.split('.'), direction)
  return isNothing ? RANKS.nothing : rankOf(value)
}

/** What `cloudlet_order(path, direction, json)` answers: of one SQL type within a rank. */
export function sortOrder(path: string, direction: 1 | -1, text: string): SqlValue {
  const { value } = sortValue(decodeText(text), path.split('.'), direction)
  switch (typeof value) {
    case 'number':
      return Number.isNaN(value) ? null : value
    case 'string':
      return value
    case 'boolean':
      return value ? 1 : 0
  }
  if (value === null || value === undefined) return null
  return value instanceof Date ? value.getTime() : orderBytes(value)
}
