import type { Call, OpArgs } from './protocol/calls.ts'
import { parseWatchUpdate } from './protocol/watching.ts'
import { createDatabase, type ServerDatabase } from './sdk/database.ts'
import { createIndexAdmin, type IndexAdmin } from './sdk/index-admin.ts'
import { createPermissionAdmin, type PermissionAdmin } from './sdk/permission-admin.ts'
import type { OpenWatch } from './sdk/watch.ts'

/** The database as functions have it, `watch`, and what the platform's console adds. */
export type HostDatabase = ServerDatabase & IndexAdmin & PermissionAdmin & Backups

export interface Backups {
  /**
   * Copies the whole database, with all that was acknowledged before, into a file, which appears when it is on the
   * disk. Other requests go on. `cloudlet db restore` puts it in place of a database.
   *
   * @throws {InvalidOptionError} without a name; {DatabaseError} DATABASE_REQUEST_FAILED when the file exists or
   *   can't be written.
   */
  backup(file: string): Promise<void>
}

/** Runs `database.watch`: gives each update to `emit`, one at a time, until the signal aborts. */
export type RunWatch = (
  args: OpArgs<'database.watch'>,
  emit: (event: unknown) => Promise<void>,
  signal: AbortSignal,
) => Promise<unknown>

/** The database API with administrator's rights, over one `call`. */
export function createHostDatabase(
  call: Call,
  runWatch: RunWatch,
  warn: (message: string) => void,
  { backup }: Backups,
): HostDatabase {
  const database = createDatabase({ call, profile: 'server', warn, openWatch: watchOpener(runWatch) })
  return { ...database, ...createIndexAdmin(call), ...createPermissionAdmin(call), backup }
}

/** The host can't lose the connection to itself, so what ends a watch ends it for good. */
function watchOpener(runWatch: RunWatch): OpenWatch {
  return request => {
    const controller = new AbortController()
    const emit = async (event: unknown): Promise<void> => request.onUpdate(parseWatchUpdate(event))
    const run = async (): Promise<void> => {
      await runWatch(request.args(), emit, controller.signal)
    }
    return { ended: run(), close: () => controller.abort() }
  }
}
