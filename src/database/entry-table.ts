import type { IndexDefinition } from './index-definition.ts'

/** An index by its table of entries: the columns k1, k2, … and seq. */
interface EntryTable extends IndexDefinition {
  readonly table: string
}

/** Names of the key columns, one per field. */
export function columnsOf({ fields }: IndexDefinition): string[] {
  return fields.map((_, at) => `k${at + 1}`)
}

export function createEntryTable(index: EntryTable): string {
  const columns = columnsOf(index)
  const keys = columns.map((name, at) => `${name} ${index.fields[at]?.[1] === -1 ? 'DESC' : 'ASC'}`)
  return (
    `CREATE TABLE ${index.table} (${columns.map(name => `${name} BLOB NOT NULL`).join(', ')}, seq INTEGER NOT NULL, ` +
    `PRIMARY KEY (${keys.join(', ')}, seq)) STRICT, WITHOUT ROWID`
  )
}

/** Statements on the entries of an index; their parameters are an entry's keys and its row. */
export function statementsOf(index: EntryTable): EntryStatements {
  const known = STATEMENTS.get(index)
  if (known !== undefined) return known
  const columns = columnsOf(index)
  const row = `?${columns.length + 1}`
  const condition = columns.map((name, at) => `${name} = ?${at + 1}`).join(' AND ')
  const statements: EntryStatements = {
    // Equal elements of an array are one entry.
    add: `INSERT OR IGNORE INTO ${index.table} VALUES (${columns.map((_, at) => `?${at + 1}`).join(', ')}, ${row})`,
    remove: `DELETE FROM ${index.table} WHERE ${condition} AND seq = ${row}`,
    findOther: `SELECT seq FROM ${index.table} WHERE ${condition} AND seq <> ${row} LIMIT 1`,
  }
  STATEMENTS.set(index, statements)
  return statements
}

interface EntryStatements {
  readonly add: string
  readonly remove: string
  readonly findOther: string
}

/** They are written once for each index, and run for each change. */
const STATEMENTS = new WeakMap<EntryTable, EntryStatements>()
