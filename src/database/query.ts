import { encodeValue } from '../protocol/value.ts'
import type { Filter, Test } from './filter.ts'
import { compileFilter } from './match.ts'
import type { Path } from './path.ts'
import { arrayOnTheWay, jsonPath, type SqlParameters } from './sql.ts'

/** A group that would take a statement beyond this many conditions is left to JavaScript: SQLite bounds their depth. */
const MAX_CONDITIONS = 400

/**
 * A filter as an SQL condition on the columns `id` and `doc` (JSONB) that is true for exactly the documents the
 * filter matches.
 *
 * SQLite does the work wherever it can; the parts it can't do as MongoDB would call back into the
 * compiled filter, row by row and only for rows that need it. A part may be NULL where it is not true.
 */
export function filterToSql(filter: Filter, parameters: SqlParameters): string {
  return new Translator(parameters).translate(filter)
}

/** SQL for the type and the value of one place: a path in the document, or an element of an array. */
interface Place {
  readonly type: string
  readonly value: string
  /** SQL for the milliseconds of a date there; NULL if there is none. */
  readonly dateMs: string
}

class Translator {
  readonly #parameters: SqlParameters
  #conditionCount = 0

  constructor(parameters: SqlParameters) {
    this.#parameters = parameters
  }

  translate(filter: Filter): string {
    switch (filter.kind) {
      case 'and':
        return this.#join(filter, ' AND ', '1')
      case 'or':
        return this.#join(filter, ' OR ', '0')
      case 'nor':
        return `(${this.#join({ kind: 'or', filters: filter.filters }, ' OR ', '0')} IS NOT TRUE)`
      case 'field':
        return this.#field(filter) ?? this.#fallback(filter)
      default:
        return this.#fallback(filter)
    }
  }

  #join(filter: Filter & { kind: 'and' | 'or' | 'nor' }, operator: string, empty: string): string {
    const { filters } = filter
    if (filters.length === 0) return empty
    if (this.#conditionCount + filters.length > MAX_CONDITIONS) return this.#fallback(filter)
    this.#conditionCount += filters.length
    return `(${filters.map(member => this.translate(member)).join(operator)})`
  }

  #fallback(filter: Filter): string {
    this.#parameters.isGuarded ||= runsGuestPatterns(filter)
    return this.#parameters.match(compileFilter(filter))
  }

  #field(filter: Filter & { kind: 'field' }): string | undefined {
    const { path, test } = filter
    const byId = path.text === '_id' ? this.#id(test) : undefined
    if (byId !== undefined) return byId
    const at = jsonPath(path)
    if (at === undefined || !isTranslatable(test)) return undefined
    const condition = this.#leaf(path, at, test, filter.expandLeaf)
    if (condition === undefined) return undefined
    const isOnTheWay = arrayOnTheWay(path)
    if (isOnTheWay === undefined) return condition
    // Below an array SQLite finds nothing, so the condition is false there, unless it asks for what is missing.
    return matchesMissing(test)
      ? `CASE WHEN ${isOnTheWay} THEN ${this.#fallback(filter)} ELSE ${condition} END`
      : `(${condition} OR (${isOnTheWay} AND ${this.#fallback(filter)}))`
  }

  /** Ids have a column of their own with a unique index. */
  #id(test: Test): string | undefined {
    if (test.op === 'eq' && isScalar(test.value)) return `id = ${this.#parameters.bind(test.value)}`
    if (test.op === 'in' && test.patterns.length === 0 && test.values.every(isScalar)) {
      // The column has numbers as doubles, and SQLite reads JSON's long integers with digits a double hasn't got.
      const value = `iif(type = 'integer', CAST(value AS REAL), value)`
      return `id IN (SELECT ${value} FROM json_each(${this.#bindJson(test.values)}))`
    }
    return undefined
  }

  #leaf(path: Path, at: string, test: Test, expandLeaf: boolean): string | undefined {
    const type = `json_type(doc, ${at})`
    if (test.op === 'exists') return `(${type} IS NOT NULL)`
    if (test.op === 'size') {
      return `(${type} = 'array' AND json_array_length(doc, ${at}) = ${this.#parameters.bind(test.size)})`
    }
    if (!expandLeaf || path.segments.length === 0) return undefined
    const own = (): string =>
      this.#value(test, {
        type,
        value: `json_extract(doc, ${at})`,
        dateMs: `json_extract(doc, ${at.slice(0, -1)}."$date"')`,
      })
    const element = this.#value(test, {
      type: 'element.type',
      value: 'element.value',
      dateMs: `CASE element.type WHEN 'object' THEN json_extract(element.value, '$."$date"') END`,
    })
    const isInArray = `(${type} = 'array' AND EXISTS (SELECT 1 FROM json_each(doc, ${at}) AS element WHERE ${element}))`
    return test.op === 'eq' && isScalar(test.value)
      ? this.#equalText(`doc -> ${at}`, test.value, isInArray)
      : `(${own()} OR ${isInArray})`
  }

  /**
   * By JSON text, which is canonical: all of it was written by JSON.stringify. Of texts and numbers, which begin below
   * `[`, one look at the field leaves those that are equal; only what else is there is looked at again.
   */
  #equalText(field: string, value: string | number, isInArray: string): string {
    const text = this.#parameters.bind(JSON.stringify(value))
    return `(coalesce(nullif(${field}, ${text}), '[') >= '[' AND (${field} = ${text} OR ${isInArray}))`
  }

  #value(test: Test, place: Place): string {
    switch (test.op) {
      case 'eq':
        return this.#equal(test.value, place)
      case 'lt':
      case 'lte':
      case 'gt':
      case 'gte':
        return this.#compare(test.op, test.value, place)
      case 'in':
        return this.#in(test.values, test.patterns, place)
      case 'regex':
        return this.#pattern(test.regex, place)
      default:
        throw new Error(`The test ${test.op} has no SQL form.`)
    }
  }

  #equal(value: unknown, place: Place): string {
    if (value === null) return `coalesce(${place.type}, 'null') = 'null'`
    if (typeof value === 'boolean') return `${place.type} = '${value}'`
    if (isScalar(value)) return this.#compareScalar('=', value, place)
    if (value instanceof Date) return `${place.dateMs} = ${this.#parameters.bind(value.getTime())}`
    // JSON text is canonical here: all of it was written by JSON.stringify.
    const text = JSON.stringify(encodeValue(value))
    const type = Array.isArray(value) ? 'array' : 'object'
    return `(${place.value} = ${this.#parameters.bind(text)} AND ${place.type} = '${type}')`
  }

  #compare(op: 'lt' | 'lte' | 'gt' | 'gte', value: unknown, place: Place): string {
    const sign = COMPARISONS[op]
    if (value === null) return sign.length === 2 ? this.#equal(null, place) : '0'
    if (value instanceof Date) return `${place.dateMs} ${sign} ${this.#parameters.bind(value.getTime())}`
    if (typeof value === 'string') return this.#compareScalar(sign, value, place)
    const infinite = this.#equal(sign.startsWith('<') ? -Infinity : Infinity, place)
    return `(${this.#compareScalar(sign, Number(value), place)} OR ${infinite})`
  }

  /** The value first: most rows fail there, and an index on it can serve. */
  #compareScalar(sign: string, value: string | number, place: Place): string {
    const bound = this.#parameters.bind(value)
    if (typeof value === 'string') return `(${place.value} ${sign} ${bound} AND ${place.type} = 'text')`
    // SQLite keeps integers above 2^53 with digits a double hasn't got; as REAL they are the double again.
    const stored = Math.abs(value) > Number.MAX_SAFE_INTEGER ? `CAST(${place.value} AS REAL)` : place.value
    return `(${stored} ${sign} ${bound} AND ${place.type} IN ('integer', 'real'))`
  }

  #in(values: readonly unknown[], patterns: readonly RegExp[], place: Place): string {
    const [strings, numbers, others]: [string[], number[], unknown[]] = [[], [], []]
    for (const value of values) {
      if (typeof value === 'string') strings.push(value)
      else if (typeof value === 'number' && Number.isFinite(value)) numbers.push(value)
      else others.push(value)
    }
    const parts = others.map(value => this.#equal(value, place))
    if (strings.length > 0) parts.push(this.#oneOf(strings, `${place.type} = 'text'`, place))
    if (numbers.length > 0) parts.push(this.#oneOf(numbers, `${place.type} IN ('integer', 'real')`, place))
    for (const pattern of patterns) parts.push(this.#pattern(pattern, place))
    return parts.length === 0 ? '0' : `(${parts.join(' OR ')})`
  }

  /** CASE, since AND may call the function for numbers too, and long integers can't be given to it. */
  #pattern(pattern: RegExp, { type, value }: Place): string {
    return `CASE ${type} WHEN 'text' THEN ${this.#parameters.test(pattern, value)} ELSE 0 END`
  }

  #oneOf(values: readonly (string | number)[], typeTest: string, place: Place): string {
    const [only] = values
    if (values.length === 1 && only !== undefined) return this.#compareScalar('=', only, place)
    return `(${place.value} IN (SELECT value FROM json_each(${this.#bindJson(values)})) AND ${typeTest})`
  }

  #bindJson(values: readonly (string | number)[]): string {
    return this.#parameters.bind(JSON.stringify(values))
  }
}

const COMPARISONS = { lt: '<', lte: '<=', gt: '>', gte: '>=' } as const

/** Members of `$in` that need a condition each, and so may not be many. */
const MAX_SEPARATE_MEMBERS = 32

function isTranslatable(test: Test): boolean {
  switch (test.op) {
    case 'exists':
    case 'size':
    case 'regex':
    case 'eq':
      return true
    case 'in': {
      const separate = test.values.filter(value => typeof value !== 'string' && typeof value !== 'number')
      return separate.length + test.patterns.length <= MAX_SEPARATE_MEMBERS
    }
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte': {
      const { value } = test
      return value === null || typeof value === 'string' || value instanceof Date || Number.isFinite(value)
    }
    default:
      return false
  }
}

function matchesMissing(test: Test): boolean {
  switch (test.op) {
    case 'eq':
    case 'lte':
    case 'gte':
      return test.value === null
    case 'in':
      return test.values.includes(null)
    default:
      return false
  }
}

/** A string or a finite number: what SQLite compares by itself, and what ids are. */
function isScalar(value: unknown): value is string | number {
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))
}

/** Arcs of a geometry that compare with any stored one about as fast as the document is read. */
const QUICK_ARCS = 100

/** Whether what a guest wrote may take long on one document: patterns, expressions, geometry of many arcs. */
function runsGuestPatterns(filter: Filter): boolean {
  switch (filter.kind) {
    case 'and':
    case 'or':
    case 'nor':
      return filter.filters.some(runsGuestPatterns)
    case 'expression':
    case 'schema':
      return true
    case 'field':
      return (
        filter.test.op === 'regex' ||
        (filter.test.op === 'geo' && filter.test.geo.arcCount > QUICK_ARCS) ||
        (filter.test.op === 'in' && filter.test.patterns.length > 0) ||
        (filter.test.op === 'elements' && runsGuestPatterns(filter.test.filter))
      )
  }
}
