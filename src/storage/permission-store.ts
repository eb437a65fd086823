import { StorageError } from '../errors.ts'
import type { CompiledPermission } from '../rules/permission.ts'
import type { Permission } from '../types.ts'
import type { Driver } from './driver.ts'
import { PathLock } from './path-lock.ts'
import {
  compilePermission,
  DEFAULT_PERMISSION,
  deniedFile,
  type FileRequest,
  permits,
} from './storage-permission.ts'

/** After as long what another process that shares the files has set counts here too. */
const FRESH_MS = 5000

interface Known {
  readonly permission: Permission
  readonly compiled: CompiledPermission
  /** On the clock of `performance.now`. */
  readonly readMs: number
}

/** The one permission of a storage, kept with its files. */
export class PermissionStore {
  readonly #driver: Driver
  readonly #now: () => number
  readonly #lock = new PathLock()
  /** How often it was set here. */
  #setCount = 0
  #known: Known | undefined

  constructor(driver: Driver, now: () => number) {
    this.#driver = driver
    this.#now = now
  }

  async get(): Promise<Permission> {
    return (await this.#read()).permission
  }

  /** @throws {StorageError} INVALID_PARAM for what is no permission, STORAGE_REQUEST_FAIL */
  async set(permission: unknown): Promise<void> {
    const compiled = compilePermission(permission)
    const text = JSON.stringify(permission)
    // One after another, so that what is known is what was written last.
    await this.#lock.run('permission', async () => {
      await this.#driver.writeSetting('permission', Buffer.from(`${text}\n`))
      this.#setCount++
      this.#known = { permission: JSON.parse(text), compiled, readMs: performance.now() }
    })
  }

  async allows(request: Omit<FileRequest, 'nowMs'>): Promise<boolean> {
    return permits((await this.#read()).compiled, { ...request, nowMs: this.#now() })
  }

  /** @throws {StorageError} STORAGE_EXCEED_AUTHORITY */
  async require(request: Omit<FileRequest, 'nowMs'>): Promise<void> {
    if (!(await this.allows(request))) throw deniedFile(request.file.path, request.action)
  }

  async #read(): Promise<Known> {
    if (this.#known !== undefined && performance.now() - this.#known.readMs < FRESH_MS) return this.#known
    const setCount = this.#setCount
    const bytes = await this.#driver.readSetting('permission')
    // It was set while it was read, so what was read may be the older one.
    if (setCount !== this.#setCount) return this.#read()
    const permission = bytes === undefined ? DEFAULT_PERMISSION : parsePermission(bytes)
    this.#known = { permission, compiled: compilePermission(permission), readMs: performance.now() }
    return this.#known
  }
}

function parsePermission(bytes: Uint8Array): Permission {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch (error) {
    throw new StorageError(
      'STORAGE_REQUEST_FAIL',
      "The storage's permission.json is damaged: it is not JSON. Set the permission again.",
      { cause: error },
    )
  }
}
