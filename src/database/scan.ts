import { parseFilter } from './filter-parser.ts'
import type { EngineOps } from './messages.ts'
import { filterToSql } from './query.ts'
import { documentText } from './rows.ts'
import { SqlParameters } from './sql.ts'
import { bounded, type Store, tableToRead } from './store.ts'

/** Documents of one page, in characters of JSON: enough to be worth a message, and no load on either side. */
const PAGE_CHARS = 1024 * 1024

/** Documents in natural order, a page at a time; the result as JSON text. The last page has no `last`. */
export function scan(store: Store, { collection, filter, after }: EngineOps['scan']['args']): string {
  const table = tableToRead(store, collection)
  const parameters = new SqlParameters()
  const condition = filterToSql(parseFilter(filter, Date.now()), parameters)
  if (table === undefined) return '{"documents":[]}'
  const sql = `SELECT seq, json(doc) AS doc FROM ${table} WHERE seq > ${parameters.bind(after)} AND (${condition}) ORDER BY seq`
  return bounded(store, parameters, () => {
    const texts: string[] = []
    let sizeChars = 0
    for (const row of store.sqlite.iterate(sql, parameters.values)) {
      const text = documentText(row)
      texts.push(text)
      sizeChars += text.length
      if (sizeChars >= PAGE_CHARS) return `{"documents":[${texts.join(',')}],"last":${Number(row['seq'])}}`
    }
    return `{"documents":[${texts.join(',')}]}`
  })
}
