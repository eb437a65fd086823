import type { Database } from '../../src/database/database.ts'
import type { Call } from '../../src/protocol/calls.ts'

/** Ops straight into an engine, as an administrator. */
export function callDatabase(database: Database): Call {
  return (op, args) => {
    const method: unknown = Reflect.get(database, op.slice('database.'.length))
    if (typeof method !== 'function') throw new Error(`The database has no ${op}.`)
    return Reflect.apply(method, database, [args])
  }
}
