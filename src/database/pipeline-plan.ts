import type { Filter } from './filter.ts'
import { parsePath } from './path.ts'
import type { SortKey } from './sort.ts'
import { jsonPath } from './sql.ts'
import type { PipelineRun, Stage, StageTask } from './stage.ts'

/** What of a pipeline the database does, and what is left. The result is the same as if all stages were run. */
export interface PipelinePlan {
  readonly filters: readonly Filter[]
  readonly sort: readonly SortKey[]
  readonly skip: number
  readonly limit: number
  /** The field to give the number of documents in, instead of documents. */
  readonly countField: string | undefined
  /** How to group the documents: within the database as far as it can. */
  readonly group: GroupTask | undefined
  /** JSON paths of the only fields that are looked at afterwards, by name; undefined when it may be any. */
  readonly columns: readonly (readonly [name: string, at: string])[] | undefined
  readonly rest: readonly Stage[]
}

export type GroupTask = StageTask & { readonly kind: 'group' }

/** More columns than this are no cheaper than the whole document. */
const MAX_COLUMNS = 12

export function planPipeline(stages: readonly Stage[], run: PipelineRun): PipelinePlan {
  const filters: Filter[] = []
  let sort: readonly SortKey[] = []
  let [skip, limit, done] = [0, Infinity, 0]
  let countField: string | undefined
  let group: GroupTask | undefined
  for (const { task } of stages) {
    const isCut = skip > 0 || limit < Infinity
    if (task === undefined) break
    if (task.kind === 'near') {
      // It measures what it finds, so it is run as well.
      filters.push(task.filterOf(run))
      break
    }
    if (task.kind === 'match' && !isCut) {
      filters.push(task.filterOf(run))
    } else if (task.kind === 'sort' && !isCut && sort.length === 0) {
      sort = task.keys
    } else if (task.kind === 'skip') {
      skip += task.count
      limit = Math.max(0, limit - task.count)
    } else if (task.kind === 'limit') {
      limit = Math.min(limit, task.count)
    } else if (task.kind === 'count') {
      countField = task.field
    } else {
      // The order that a sort makes is that of the groups too.
      if (task.kind !== 'group' || isCut || sort.length > 0) break
      group = task
    }
    done++
    if (countField !== undefined || group !== undefined) break
  }
  const columns = columnsOf(stages.slice(group === undefined ? done : done - 1))
  return { filters, sort, skip, limit, countField, group, columns, rest: stages.slice(done) }
}

function columnsOf(stages: readonly Stage[]): PipelinePlan['columns'] {
  const names = new Set<string>()
  for (const { use, isClosed } of stages) {
    if (use.isAll) return undefined
    for (const name of use.names) names.add(name)
    if (isClosed !== true) continue
    const columns: (readonly [string, string])[] = []
    for (const name of names) {
      const at = jsonPath(parsePath(name))
      if (at === undefined) return undefined
      columns.push([name, at])
    }
    return columns.length <= MAX_COLUMNS ? columns : undefined
  }
  return undefined
}
