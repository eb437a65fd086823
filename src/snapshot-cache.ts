import { join } from 'node:path'
import { readChecked, writeChecked } from './checked-file.ts'
import type { RuntimeKind } from './isolate/runtime-kind.ts'
import {
  adoptSnapshot,
  hasSnapshot,
  prepareSnapshot,
  snapshotBytes,
  snapshotKey,
} from './isolate/snapshot.ts'

/**
 * The process's startup snapshots on disk, so that a restarted host has the same: V8 takes code only in isolates of
 * the snapshot that it was compiled under, and no two snapshots are alike, though made alike. A file is named after
 * all that it depends on, since V8 aborts the process over one it can't read.
 */
export class SnapshotCache {
  readonly #directory: string
  readonly #onWarning: (message: string) => void
  readonly #kept = new Map<RuntimeKind, Promise<void>>()

  /** `onWarning` hears of a snapshot that can't be read or written: that costs time, and fails nothing. */
  constructor(directory: string, onWarning: (message: string) => void) {
    this.#directory = directory
    this.#onWarning = onWarning
  }

  /**
   * Takes the snapshot from here if the process has none of the kind yet; otherwise it is the process's that is kept.
   *
   * @throws {Error} when there is none here, and none can be made.
   */
  keep(kind: RuntimeKind): Promise<void> {
    let kept = this.#kept.get(kind)
    if (kept === undefined) {
      kept = this.#keep(kind)
      this.#kept.set(kind, kept)
      kept.catch(() => this.#kept.delete(kind))
    }
    return kept
  }

  async #keep(kind: RuntimeKind): Promise<void> {
    const path = join(this.#directory, `${snapshotKey(kind)}.snapshot`)
    const file = await readChecked(path).catch(error => this.#warn(error))
    if (file?.kind === 'damaged') this.#onWarning(`${path} is damaged; another snapshot is made.`)
    if (file?.kind === 'whole' && !hasSnapshot(kind)) adoptSnapshot(kind, file.data)
    await prepareSnapshot(kind)
    if (file === undefined) return
    const own = snapshotBytes(kind)
    if (file.kind === 'whole' && Buffer.from(own).equals(file.data)) return
    await writeChecked(path, own).catch(error => this.#warn(error))
  }

  #warn({ message }: Error): undefined {
    this.#onWarning(`The snapshots in ${this.#directory} can't be used: ${message}`)
  }
}
