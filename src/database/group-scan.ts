import type { GroupForm } from './group-form.ts'
import { groupsToSql, type PartialGroup, readGroups } from './group-sql.ts'
import type { Groups } from './groups.ts'
import { naturalColumn, type Plan } from './plan.ts'
import { limitTo, type SqlParameters } from './sql.ts'
import type { Store } from './store.ts'

/** How much of a `$group` SQLite did. */
export type GroupedPart = 'all' | 'some' | 'none'

export interface GroupScan {
  readonly plan: Plan
  readonly parameters: SqlParameters
  readonly form: GroupForm
  readonly groups: Groups
}

/** Documents of a statement: few at first, since documents are alike and SQLite may not be able to tell any. */
const FIRST_DOCUMENTS = 100
/** SQLite sorts them by their keys, in memory. */
const MOST_DOCUMENTS = 10_000

/** With fewer documents to a group than this, grouping in two steps is no faster than in one. */
const LEAST_PER_GROUP = 4

/**
 * Groups documents in SQL, some at a time in their order, and says how the rest are found, if it leaves any: from the
 * first that SQLite may not group as MongoDB does. Up to there the groups are as if documents had come one by one.
 */
export function groupInSql(
  store: Store,
  { plan, parameters, form, groups }: GroupScan,
): { readonly part: GroupedPart; readonly left: Plan | undefined } {
  const seq = naturalColumn(plan)
  if (seq === undefined) return { part: 'none', left: plan }
  // One parameter more, of which the value changes.
  const where = `(${plan.where}) AND ${seq} > ${parameters.bind(0)}`
  const at = parameters.values.length - 1
  const sizes = new SumSizes(form)
  let documents = FIRST_DOCUMENTS
  for (let part: GroupedPart = 'none'; ; part = 'some') {
    const limit = limitTo(documents, 0, parameters)
    const sql = groupsToSql(form, { seq, from: plan.from, where, order: plan.order, limit })
    store.use(parameters)
    const rows = store.sqlite.all(sql, parameters.values)
    const found = readGroups(form, rows)
    if (found === undefined || !sizes.add(found)) return { part, left: { ...plan, where } }
    groups.addGroups(found)
    if (found.reduce((sum, { count }) => sum + count, 0) < documents) return { part: 'all', left: undefined }
    parameters.values[at] = rows.reduce((last, row) => Math.max(last, Number(row['last'])), 0)
    if (documents === MOST_DOCUMENTS && found.length * LEAST_PER_GROUP > documents)
      return { part: 'some', left: { ...plan, where } }
    documents = MOST_DOCUMENTS
  }
}

/** Integers are summed exactly as long as none of the sums, in whatever order, can leave the safe ones. */
class SumSizes {
  readonly #sizes: number[]

  constructor({ outputs }: GroupForm) {
    this.#sizes = outputs.map(() => 0)
  }

  /** Whether they are still exact with these. */
  add(groups: readonly PartialGroup[]): boolean {
    for (const { outputs } of groups) {
      for (const [index, output] of outputs.entries()) {
        if (output.kind === 'sum') this.#sizes[index] = (this.#sizes[index] ?? 0) + output.magnitude
      }
    }
    return this.#sizes.every(size => size <= Number.MAX_SAFE_INTEGER)
  }
}
