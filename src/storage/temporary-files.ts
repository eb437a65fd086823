import { OverloadedError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { type CloudPath, isTemporaryPath, TEMPORARY_FOLDER } from './cloud-path.ts'
import { randomId } from './disk-layout.ts'
import type { Driver, Listing, StoredRecord } from './driver.ts'

/** How often those that have expired are looked for. */
const SWEEP_MS = 60_000

/** Files looked at together. */
const PAGE = 100

export interface TemporaryFilesOptions {
  readonly driver: Driver
  /** Bytes that those of one client may have together. */
  readonly maxBytes: number
  readonly now: () => number
  readonly onWarning: (message: string) => void
}

/**
 * Files that clients send along with a call, and that are gone after `LIMITS.temporaryFileMs`. Only a signed URL leads to
 * one: no fileID does, and listings leave them out. All else is as with other files.
 *
 * A path begins with when its upload was started, so that a listing tells the oldest first, and what has expired is found
 * without anything being kept of it: after a restart too, and by any host that shares the files.
 */
export class TemporaryFiles {
  readonly #options: TemporaryFilesOptions
  /** Those there are, as far as this host has heard of them. */
  readonly #known = new Map<CloudPath, Pick<StoredRecord, 'owner' | 'sizeBytes' | 'modifiedMs'>>()
  readonly #timer: NodeJS.Timeout
  #mayBeSome = false
  #reading: Promise<void> | undefined
  #sweeping: Promise<void> | undefined

  constructor(options: TemporaryFilesOptions) {
    this.#options = options
    this.#timer = setInterval(() => {
      // A medium that hangs is not asked again and again.
      this.#sweeping ??= this.#sweep().finally(() => {
        this.#sweeping = undefined
      })
    }, SWEEP_MS).unref()
  }

  /** @throws {OverloadedError} when there is no place for one more of that client. */
  async requirePlace(owner: string | undefined, sizeBytes: number): Promise<void> {
    await this.#read()
    this.#requirePlace(owner, sizeBytes)
  }

  /** Makes one, and counts it. @throws {OverloadedError} as `requirePlace` */
  async publish(record: StoredRecord, publish: () => Promise<void>): Promise<void> {
    await this.#noteFirst()
    await this.#read()
    this.#requirePlace(record.owner, record.sizeBytes)
    this.#known.set(record.path, record)
    try {
      await publish()
    } catch (error) {
      this.#known.delete(record.path)
      throw error
    }
  }

  /** Resolves when nothing is removed any more. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#sweeping
  }

  #requirePlace(owner: string | undefined, sizeBytes: number): void {
    const { maxBytes } = this.#options
    const there = [...this.#known.values()].filter(file => !this.#isExpired(file))
    const own = there.filter(file => file.owner === owner)
    const ownBytes = own.reduce((sum, file) => sum + file.sizeBytes, 0)
    const advice = `They go ${LIMITS.temporaryFileMs / 60_000} minutes after they were stored; use uploadFile for what is to stay.`
    if (own.length >= LIMITS.clientTemporaryFiles || ownBytes + sizeBytes > maxBytes) {
      throw new OverloadedError(
        `This client has ${own.length} temporary files of ${ownBytes} bytes together, and may have ${LIMITS.clientTemporaryFiles} of ${maxBytes}. ${advice}`,
      )
    }
    if (there.length >= LIMITS.temporaryFiles) {
      throw new OverloadedError(
        `The storage has ${LIMITS.temporaryFiles} temporary files, and may have no more. ${advice}`,
      )
    }
  }

  /** Learns of those of before, once. */
  #read(): Promise<void> {
    if (this.#reading !== undefined) return this.#reading
    const read = async (): Promise<void> => {
      if (!(await this.#hasSome())) return
      for await (const record of this.#all()) this.#known.set(record.path, record)
    }
    const reading = read()
    this.#reading = reading
    reading.catch(() => {
      this.#reading = undefined
    })
    return reading
  }

  async #sweep(): Promise<void> {
    try {
      if (await this.#hasSome()) await this.#removeExpired()
    } catch (error) {
      this.#options.onWarning(`Temporary files that have expired can't be removed: ${String(error)}`)
    }
  }

  /** Whether there may be any: a listing costs a look at all files where it is the first since the machine was started. */
  async #hasSome(): Promise<boolean> {
    this.#mayBeSome ||= (await this.#options.driver.readSetting('temporary')) !== undefined
    return this.#mayBeSome
  }

  /** Notes with the files that there may be some from now on. */
  async #noteFirst(): Promise<void> {
    if (await this.#hasSome()) return
    await this.#options.driver.writeSetting('temporary', Buffer.from('{}\n'), true)
    this.#mayBeSome = true
  }

  async #removeExpired(): Promise<void> {
    const { driver, now } = this.#options
    const stuck = new Map<string, unknown>()
    for await (const record of this.#all()) {
      // None behind it was even started before.
      if (startedMsOf(record.path) > now() - LIMITS.temporaryFileMs) break
      if (!this.#isExpired(record)) continue
      // One that can't be removed keeps no other from going.
      await driver.remove(record.path).catch((error: unknown) => stuck.set(record.path, error))
    }
    for (const [path, file] of this.#known) {
      if (this.#isExpired(file) && !stuck.has(path)) this.#known.delete(path)
    }
    for (const error of stuck.values()) throw error
  }

  async *#all(): AsyncGenerator<StoredRecord, void> {
    const prefix = `${TEMPORARY_FOLDER}/`
    for (let after = ''; ; ) {
      const records = await this.#options.driver.list({ prefix, after, limit: PAGE })
      yield* records.filter(({ path }) => Number.isFinite(startedMsOf(path)))
      const last = records.at(-1)
      if (last === undefined) return
      after = last.path
    }
  }

  #isExpired({ modifiedMs }: Pick<StoredRecord, 'modifiedMs'>): boolean {
    return this.#options.now() - modifiedMs >= LIMITS.temporaryFileMs
  }
}

/** The path of a new one, which nobody can guess. */
export function drawTemporaryPath(nowMs: number): CloudPath {
  return `${TEMPORARY_FOLDER}/${String(nowMs).padStart(15, '0')}-${randomId()}` as CloudPath
}

/** Files that are not temporary, in order. */
export async function listLasting(
  driver: Driver,
  { prefix, after, limit }: Listing,
): Promise<StoredRecord[]> {
  const records = await driver.list({ prefix, after, limit })
  const lasting = records.filter(({ path }) => !isTemporaryPath(path))
  if (lasting.length === records.length) return records
  // The temporary ones lie together: on from the last of all, or behind the last of those that can be.
  const last = lasting.at(-1)
  const behind = last !== undefined && last === records.at(-1) ? last.path : `${TEMPORARY_FOLDER}/~`
  const rest = await driver.list({ prefix, after: behind, limit: limit - lasting.length })
  return [...lasting, ...rest]
}

/** Not a number for what somebody else has put there. */
function startedMsOf(path: CloudPath): number {
  const digits = /\/(\d{15})-[0-9a-f]{32}$/.exec(path)?.[1]
  return digits === undefined ? Number.NaN : Number(digits)
}
