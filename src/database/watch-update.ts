import type { LiveQuery } from './live-query.ts'
import { diffLists, type HeldDocument } from './watch-diff.ts'

export const NO_CHANGE = '{"isInit":false,"left":[],"placed":[]}'

/** The text of an update from what a listener has to the result of now. */
export function writeUpdate(live: LiveQuery, held: readonly HeldDocument[], isInit: boolean): string {
  const { left, placed } = diffLists(held, live.entries)
  const versions = new Map(held.map(({ id, version }) => [id, version]))
  const leaving = left.map(({ id }) => JSON.stringify({ id, dataType: live.causeOfLeaving(id) }))
  const placing = placed.map(({ index, document: entry, isNew }) => {
    const { id, version, cause } = entry
    const dataType = isInit ? 'init' : isNew ? cause : cause === 'replace' ? 'replace' : 'update'
    const fields = JSON.stringify({ index, id, version, dataType, isNew })
    // A document that only moved is there already.
    return versions.get(id) === version ? fields : `${fields.slice(0, -1)},"document":${live.textOf(entry)}}`
  })
  return `{"isInit":${isInit},"left":[${leaving.join(',')}],"placed":[${placing.join(',')}]}`
}
