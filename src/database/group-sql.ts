import { decodeValue, type Encoded } from '../protocol/value.ts'
import type { GroupForm, GroupOutput } from './group-form.ts'
import type { Path } from './path.ts'
import { arrayOnTheWay, jsonPath } from './sql.ts'
import type { Row } from './sqlite.ts'

/** The documents that one statement groups, by parts of SQL; `seq` is the column of their numbers. */
export interface GroupedRows {
  readonly seq: string
  readonly from: string
  readonly where: string
  readonly order: string
  readonly limit: string
}

/** Of some documents those with the same key, and what they come to. */
export interface PartialGroup {
  readonly key: unknown
  readonly count: number
  readonly outputs: readonly PartialOutput[]
}

/** `sum` is exact: of `count` numbers whose sizes add up to no more than `magnitude`. Extremes are one of the values. */
export type PartialOutput =
  | { readonly kind: 'sum'; readonly sum: number; readonly count: number; readonly magnitude: number }
  | { readonly kind: 'extreme'; readonly values: readonly unknown[] }

/** Longer texts are not given to SQLite's sorter, which is in memory. */
const MAX_TEXT_BYTES = 100

/** What a key is that SQLite can't tell: no JSON text is empty. */
const NO_KEY = `''`
/** What a value is that SQLite can't tell: a BLOB, which `max` finds among all texts and numbers. */
const NO_VALUE = `x''`

/**
 * SQL of one row per group: its keys as JSON texts, its documents, and its values.
 *
 * JSON texts are equal where values are, since JSON.stringify wrote them all. What SQLite would not do as MongoDB does
 * becomes NO_KEY or NO_VALUE, for `readGroups` to see. The inner statements have limits so that SQLite doesn't join
 * them with the outer one: each field is looked up once, and what is sorted is short.
 */
export function groupsToSql({ paths, key, outputs }: GroupForm, rows: GroupedRows): string {
  const lookups = paths.map((path, at) => `${lookup(path)} AS p${at}`)
  const keys = key.at.map((at, index) => ({ name: `k${index}`, sql: shortKey(`p${at}`) }))
  const values = new Map(outputs.flatMap(valuesOf).map(({ name, sql }) => [name, `${sql} AS ${name}`]))
  const shorts = [...keys.map(({ name, sql }) => `${sql} AS ${name}`), ...values.values()]
  const columns = [
    ...keys.map(({ name }) => name),
    ...['count(*) AS n', 'min(seq) AS first', 'max(seq) AS last'],
    ...new Set(outputs.flatMap(resultsOf)),
  ]
  return (
    `SELECT ${columns.join(', ')} FROM (SELECT ${['seq', ...shorts].join(', ')} FROM (` +
    `SELECT ${[`${rows.seq} AS seq`, ...lookups].join(', ')} FROM ${rows.from} WHERE ${rows.where} ` +
    `ORDER BY ${rows.order} ${rows.limit}` +
    `) LIMIT -1)${keys.length === 0 ? '' : ` GROUP BY ${keys.map(({ name }) => name).join(', ')}`}`
  )
}

/** The JSON text at a path. Below an array SQLite finds nothing, and MongoDB may: that is NO_KEY, which is no value either. */
function lookup(path: Path): string {
  const isOnTheWay = arrayOnTheWay(path)
  const text = `c.doc -> ${jsonPath(path)}`
  return isOnTheWay === undefined ? text : `coalesce(${text}, iif(${isOnTheWay}, ${NO_KEY}, NULL))`
}

const shortKey = (text: string): string =>
  `iif(octet_length(${text}) > ${MAX_TEXT_BYTES}, ${NO_KEY}, ${text})`

/** Columns of a document: `n…` a number, `e…` what is compared, `d…` a date; by the number of their path. */
function valuesOf(output: GroupOutput): { readonly name: string; readonly sql: string }[] {
  if (output.kind === 'count') return []
  const { kind, at } = output
  const text = `p${at}`
  if (kind === 'number') return [{ name: `n${at}`, sql: exactNumber(text) }]
  return [
    { name: `e${at}`, sql: comparable(text) },
    { name: `d${at}`, sql: dateMs(text) },
  ]
}

/** Columns of a group. The greatest value is always one of them, since a NO_VALUE would be it. */
function resultsOf(output: GroupOutput): string[] {
  if (output.kind === 'count') return []
  const { kind, at } = output
  const value = kind === 'number' ? `n${at}` : `e${at}`
  const greatest = `max(${value}) AS max_${value}`
  const least = `min(${value}) AS min_${value}`
  if (kind === 'number')
    return [greatest, least, `total(${value}) AS total${at}`, `count(${value}) AS count${at}`]
  return output.isMax
    ? [greatest, `max(d${at}) AS max_d${at}`]
    : [greatest, least, `min(d${at}) AS min_d${at}`]
}

/** Number texts begin with a digit or a minus; `"` is below, letters and brackets are above. */
const isNumber = (text: string): string => `${text} >= '-' AND ${text} < ':'`
const isDate = (text: string): string => `${text} >= '{"$d' AND ${text} < '{"$e'`

const integer = (text: string): string => `CAST(${text} AS INTEGER)`
/** A number and its integer are compared as numbers. Of up to 15 characters, an integer is exact. */
const isSafeInteger = (text: string): string => `octet_length(${text}) < 16 AND ${text} = ${integer(text)}`

/**
 * A number that a sum may have: an integer, since sums of others hang on their order. NULL for what a sum leaves out;
 * NaN and the infinities count, and are objects with a tag.
 */
function exactNumber(text: string): string {
  const isTagged = `${text} >= '{"$n' AND ${text} < '{"$o'`
  return (
    `CASE WHEN ${isSafeInteger(text)} THEN ${integer(text)} ` +
    `WHEN (${isNumber(text)}) OR (${isTagged}) OR ${text} = ${NO_KEY} THEN ${NO_VALUE} END`
  )
}

/**
 * Numbers and texts, which SQLite orders as MongoDB does; NULL for null and what is missing, and for dates, which are
 * beside them. Of other numbers those of up to 15 digits: they remain apart and in order even where SQLite reads them
 * one bit off.
 */
function comparable(text: string): string {
  return (
    `CASE WHEN ${isNumber(text)} THEN CASE WHEN ${isSafeInteger(text)} THEN ${integer(text)} ` +
    `WHEN length(${text}) <= 16 AND instr(${text}, '.') AND NOT instr(${text}, 'e') THEN CAST(${text} AS REAL) ` +
    `ELSE ${NO_VALUE} END ` +
    `WHEN ${text} >= '"' AND ${text} < '#' AND octet_length(${text}) <= ${MAX_TEXT_BYTES} ` +
    `AND NOT instr(${text}, '\\') THEN substr(${text}, 2, length(${text}) - 2) ` +
    `WHEN ${text} IS NULL OR ${text} = 'null' OR (${isDate(text)}) THEN NULL ELSE ${NO_VALUE} END`
  )
}

function dateMs(text: string): string {
  return `iif(${isDate(text)}, CAST(substr(${text}, ${'{"$date":'.length + 1}) AS INTEGER), NULL)`
}

/** The groups in the order of their first documents; undefined if there is anything that SQLite can't tell. */
export function readGroups({ key, outputs }: GroupForm, rows: readonly Row[]): PartialGroup[] | undefined {
  const groups: PartialGroup[] = []
  for (const row of rows.toSorted((a, b) => Number(a['first']) - Number(b['first']))) {
    const texts = key.at.map((_, index) => row[`k${index}`])
    if (texts.includes('') || outputs.some(output => isUntold(output, row))) return undefined
    const count = Number(row['n'])
    // Without keys there is a row even if there is no document.
    if (count === 0) continue
    const partials = outputs.map(output => readOutput(output, row, count))
    groups.push({ key: key.make(texts.map(readText)), count, outputs: partials })
  }
  return groups
}

function isUntold(output: GroupOutput, row: Row): boolean {
  if (output.kind === 'count') return false
  return row[`max_${output.kind === 'number' ? 'n' : 'e'}${output.at}`] instanceof Uint8Array
}

/** A column without a value is a missing field; one that is null has the text of null. */
function readText(text: unknown): unknown {
  if (typeof text !== 'string') return undefined
  const value: Encoded = JSON.parse(text)
  return text.includes('"$') ? decodeValue(value) : value
}

function readOutput(output: GroupOutput, row: Row, count: number): PartialOutput {
  if (output.kind === 'count') {
    const sum = output.step * count
    return { kind: 'sum', sum, count, magnitude: Math.abs(sum) }
  }
  const { kind, at } = output
  if (kind === 'number') {
    const greatest = Math.max(Math.abs(Number(row[`min_n${at}`])), Math.abs(Number(row[`max_n${at}`])))
    const [sum, numbers] = [Number(row[`total${at}`]), Number(row[`count${at}`])]
    return { kind: 'sum', sum, count: numbers, magnitude: greatest * numbers }
  }
  const best = output.isMax ? 'max' : 'min'
  const [value, ms] = [row[`${best}_e${at}`], row[`${best}_d${at}`]]
  return { kind: 'extreme', values: [readExtreme(value), ms === null ? null : new Date(Number(ms))] }
}

/** Back to the digits of the document, should SQLite have read a number one bit off. */
function readExtreme(value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(15)) : value
}
