import type { EncodedObject } from '../protocol/value.ts'
import { aggregateLimitMs } from './aggregate.ts'
import { CollectionReader } from './collection-reader.ts'
import type { Filter } from './filter.ts'
import { parseFilter } from './filter-parser.ts'
import type { GroupedPart } from './group-scan.ts'
import { runBounded } from './guard.ts'
import type { EngineOps } from './messages.ts'
import { parsePipeline } from './pipeline.ts'
import { PipelineMemory } from './pipeline-memory.ts'
import { planPipeline } from './pipeline-plan.ts'
import { makePlan } from './plan.ts'
import type { SortKey } from './sort.ts'
import { limitTo, SqlParameters } from './sql.ts'
import { bounded, type Store, tableToRead } from './store.ts'

type Explained = EngineOps['explain']['result']

/** Runs a query or a pipeline for the way it takes: which index, how many documents it looks at and returns. */
export function explain(
  store: Store,
  { collection, filter, pipeline, sort = [], skip = 0, limit = 0 }: EngineOps['explain']['args'],
): Explained {
  if (pipeline !== undefined) return explainPipeline(store, collection, pipeline)
  return explainFind(store, { collection, filter: parseFilter(filter, Date.now()), sort, skip, limit })
}

/** What its documents are found by, and who does each of its stages. */
function explainPipeline(store: Store, collection: string, pipeline: readonly EncodedObject[]): Explained {
  const nowMs = Date.now()
  const stages = parsePipeline(pipeline, nowMs)
  let grouped: GroupedPart | undefined
  // The first to group is the pipeline itself, before those within its lookups.
  const { read, geoField } = new CollectionReader(store, nowMs, undefined, part => {
    grouped ??= part
  })
  const run = { memory: new PipelineMemory(), variables: undefined, collection, read, geoField }
  const { filters, sort, skip, limit, group, rest } = planPipeline(stages, run)
  const most = limit === Infinity ? 0 : limit
  const found = explainFind(store, { collection, filter: { kind: 'and', filters }, sort, skip, limit: most })
  let returned = 0
  runBounded(aggregateLimitMs(pipeline), () => {
    for (const _ of read(collection, stages, run)) returned++
  })
  const done = stages.length - rest.length
  const byOf = (index: number): 'storage' | 'memory' | 'both' =>
    index >= done ? 'memory' : group !== undefined && index === done - 1 ? BY[grouped ?? 'all'] : 'storage'
  return { ...found, returned, stages: stages.map(({ name }, index) => ({ name, by: byOf(index) })) }
}

const BY = { all: 'storage', some: 'both', none: 'memory' } as const

interface Find {
  readonly collection: string
  readonly filter: Filter
  readonly sort: readonly SortKey[]
  readonly skip: number
  readonly limit: number
}

function explainFind(store: Store, { collection, filter, sort, skip, limit }: Find): Explained {
  const table = tableToRead(store, collection)
  const parameters = new SqlParameters()
  if (table === undefined) return { plan: 'scan', indexes: [], bounds: [], ...NOTHING_FOUND }
  const { summary, from, where, order } = makePlan(store, { table, filter, sort }, parameters)
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
