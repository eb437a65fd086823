import { StorageError } from '../errors.ts'
import { BlockChecks, inBlocks } from './checked-blocks.ts'
import { type CloudPath, isTemporaryPath } from './cloud-path.ts'
import { contentTypeOf } from './content-type.ts'
import { type Driver, type Stage, takenBytes } from './driver.ts'
import { PathLock } from './path-lock.ts'
import type { PermissionStore } from './permission-store.ts'
import type { Quota, Reservation } from './quota.ts'
import { fileTooLarge } from './storage-arguments.ts'
import type { StorageClient } from './storage-permission.ts'
import type { TemporaryFiles } from './temporary-files.ts'

/** Who stores a file: a client, whom it belongs to; or the host or a function, who may say whose it is. */
export interface Uploader {
  readonly client?: StorageClient | undefined
  readonly owner?: string | undefined
}

/** What is needed to publish bytes that are all there. */
export interface FinishedBytes {
  readonly sizeBytes: number
  readonly sha256: string
  readonly checks: Uint8Array
}

/** Changes files: one path one change at a time, within permission and quota. */
export class FileWriter {
  readonly #driver: Driver
  readonly #permission: PermissionStore
  readonly #quota: Quota
  readonly #temporary: TemporaryFiles
  readonly #now: () => number
  readonly #lock = new PathLock()

  constructor(parts: {
    readonly driver: Driver
    readonly permission: PermissionStore
    readonly quota: Quota
    readonly temporary: TemporaryFiles
    readonly now: () => number
  }) {
    this.#driver = parts.driver
    this.#permission = parts.permission
    this.#quota = parts.quota
    this.#temporary = parts.temporary
    this.#now = parts.now
  }

  /** Stores bytes that are here already. */
  async write(path: CloudPath, content: Uint8Array, uploader: Uploader): Promise<void> {
    await this.#lock.run(path, async () => {
      const older = await this.requireLeave(path, content.byteLength, uploader)
      using reservation = this.#quota.reserve(older && takenBytes(older))
      await this.#stage(path, [content], content.byteLength, reservation, (stage, bytes) =>
        this.#commit(stage, bytes, uploader),
      )
    })
  }

  /** Stores bytes as they come. Others may change the path meanwhile: it is locked when they are all there. */
  async writeStream(
    path: CloudPath,
    content: AsyncIterable<unknown>,
    maxBytes: number,
    uploader: Uploader,
  ): Promise<void> {
    const older = await this.#driver.stat(path)
    using reservation = this.#quota.reserve(older && takenBytes(older))
    await this.#stage(path, content, maxBytes, reservation, (stage, bytes) =>
      this.publish(stage, bytes, uploader),
    )
  }

  /** Makes bytes that are all there a file. */
  async publish(stage: Stage, bytes: FinishedBytes, uploader: Uploader): Promise<void> {
    await this.#lock.run(stage.path, async () => {
      await this.requireLeave(stage.path, bytes.sizeBytes, uploader)
      await this.#commit(stage, bytes, uploader)
    })
  }

  /**
   * Removes the file, if `isAllowed` says so of what is there. Which of both it was that it said no, or that there is
   * none, the answer tells.
   */
  async remove(
    path: CloudPath,
    client: StorageClient | undefined,
  ): Promise<'removed' | 'missing' | 'refused'> {
    return this.#lock.run(path, async () => {
      if (client !== undefined) {
        const file = await this.#driver.stat(path)
        if (file === undefined) return 'missing'
        if (!(await this.#permission.allows({ client, action: 'delete', file }))) return 'refused'
      }
      return (await this.#driver.remove(path)) ? 'removed' : 'missing'
    })
  }

  /**
   * The file that would be replaced.
   *
   * @throws {StorageError} STORAGE_EXCEED_AUTHORITY
   * @throws {OverloadedError} for a temporary one of a client that has as many as it may
   */
  async requireLeave(
    path: CloudPath,
    sizeBytes: number,
    { client }: Uploader,
  ): Promise<{ readonly sizeBytes: number } | undefined> {
    const older = await this.#driver.stat(path)
    if (client === undefined) return older
    await this.#permission.require({
      client,
      action: older === undefined ? 'create' : 'update',
      file: older ?? { path, owner: client.openid },
      upload: { sizeBytes, contentType: contentTypeOf(path) },
    })
    if (isTemporaryPath(path)) await this.#temporary.requirePlace(client.openid, sizeBytes)
    return older
  }

  async #stage(
    path: CloudPath,
    content: Iterable<unknown> | AsyncIterable<unknown>,
    maxBytes: number,
    reservation: Reservation,
    publish: (stage: Stage, bytes: FinishedBytes) => Promise<void>,
  ): Promise<void> {
    await reservation.grow(takenBytes({ sizeBytes: 0 }))
    const stage = await this.#driver.createStage(path)
    try {
      const checks = new BlockChecks()
      // In blocks also where all is there: hashing holds the thread, and between two others get their turn.
      for await (const block of inBlocks(bytesOnly(content))) {
        if (stage.sizeBytes + block.byteLength > maxBytes) throw fileTooLarge(maxBytes)
        await reservation.grow(block.byteLength)
        checks.add(block)
        await stage.write(stage.sizeBytes, block)
      }
      await publish(stage, { sizeBytes: checks.sizeBytes, ...checks.end() })
    } catch (error) {
      // What went wrong first is what counts. What can't be removed now is swept later.
      await stage.discard().catch(() => undefined)
      throw error
    }
  }

  async #commit(stage: Stage, bytes: FinishedBytes, { client, owner }: Uploader): Promise<void> {
    const { sizeBytes, sha256, checks } = bytes
    if (checks.byteLength > 0) await stage.write(sizeBytes, checks)
    const record = {
      path: stage.path,
      owner: client === undefined ? owner : client.openid,
      sizeBytes,
      contentType: contentTypeOf(stage.path),
      sha256,
      modifiedMs: this.#now(),
      checkBytes: checks.byteLength,
    }
    const publish = (): Promise<void> => stage.publish(record)
    await (isTemporaryPath(stage.path) ? this.#temporary.publish(record, publish) : publish())
  }
}

async function* bytesOnly(
  content: Iterable<unknown> | AsyncIterable<unknown>,
): AsyncGenerator<Uint8Array, void> {
  for await (const bytes of content) {
    if (!(bytes instanceof Uint8Array)) {
      throw new StorageError('INVALID_PARAM', `A stream of content must give bytes, not ${typeof bytes}.`)
    }
    yield bytes
  }
}
