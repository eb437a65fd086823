import type { Call } from '../protocol/calls.ts'
import type { Permission } from '../types.ts'

/** What the platform's console does to permissions. Rejects with CloudletErrors, as the rest of the host's API. */
export interface PermissionAdmin {
  /** What clients may do with a collection: `PRIVATE` unless it was set. */
  getPermission(collection: string): Promise<Permission>
  /**
   * Holds from the next request on, also for watches that are open, and across restarts.
   *
   * @throws {DatabaseError} `CLOUDLET_DATABASE`: INVALID_PARAM for what is no mode, or a rule that can't be read, with
   *   the place; DATABASE_COLLECTION_NOT_EXIST.
   */
  setPermission(collection: string, permission: Permission): Promise<void>
}

export function createPermissionAdmin(call: Call): PermissionAdmin {
  return {
    getPermission: async collection => {
      const { permission } = await call('database.getPermission', { collection })
      return permission
    },
    setPermission: async (collection, permission) => {
      await call('database.setPermission', { collection, permission })
    },
  }
}
