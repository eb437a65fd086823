import { parseFilter } from './filter-parser.ts'
import type { EngineOps } from './messages.ts'
import { makePlan } from './plan.ts'
import { limitTo, SqlParameters } from './sql.ts'
import { bounded, type Store, tableToRead } from './store.ts'

/** Runs a query for the way it takes: which index, how many documents it looks at, how many it returns. */
export function explain(
  store: Store,
  { collection, filter, sort = [], skip = 0, limit = 0 }: EngineOps['explain']['args'],
): EngineOps['explain']['result'] {
  const table = tableToRead(store, collection)
  const parsed = parseFilter(filter, Date.now())
  const parameters = new SqlParameters()
  if (table === undefined) return { plan: 'scan', indexes: [], bounds: [], ...NOTHING_FOUND }
  const { summary, from, where, order } = makePlan(store, { table, filter: parsed, sort }, parameters)
  const sql =
    `SELECT c.seq FROM ${from} WHERE cloudlet_seen(c.seq) AND (${where}) ORDER BY ${order} ` +
    limitTo(limit || -1, skip, parameters)
  return bounded(store, parameters, () => {
    let returned = 0
    for (const _ of store.sqlite.iterate(sql, parameters.values)) returned++
    const { kind: plan, isExact: exact, indexes, bounds, sort: sorting } = summary
    return {
      plan,
      indexes: [...indexes],
      bounds: bounds.map(one => ({ ...one })),
      exact,
      sort: sorting,
      examined: parameters.seenCount,
      returned,
    }
  })
}

const NOTHING_FOUND = { exact: false, sort: 'none', examined: 0, returned: 0 } as const
