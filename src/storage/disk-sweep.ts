import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DamageError } from './damage.ts'
import type { DiskLayout } from './disk-layout.ts'
import { isMissing } from './durable-file.ts'

/** Younger leftovers may belong to an upload another process is making in the same directory. */
const ORPHAN_AGE_MS = 60 * 60 * 1000

/**
 * Removes blobs that neither metadata nor an upload's note names, and metadata that was never committed, if they are
 * old enough.
 */
export async function sweepDirectory(layout: DiskLayout): Promise<void> {
  for (const directory of [layout.directory, layout.files, layout.uploads]) {
    for (const name of await readdir(directory)) {
      if (name.endsWith('.tmp')) await discardIfOld(layout, join(directory, name))
    }
  }
  const committed = new Set(await readdir(layout.files))
  const uploads = new Set(await readdir(layout.uploads))
  for (const [key, blobs] of Map.groupBy(await readdir(layout.blobs), name => name.slice(0, 64))) {
    const unclaimed = blobs.filter(blob => !uploads.has(`${blob.slice(65)}.json`))
    // A path's only blob is the one its metadata names, so most files need no look at their metadata.
    if (blobs.length > 1 || !committed.has(`${key}.json`)) await sweepBlobs(layout, key, unclaimed)
  }
}

async function sweepBlobs(layout: DiskLayout, key: string, blobs: readonly string[]): Promise<void> {
  let named: string | undefined
  try {
    named = (await layout.readMetadata(key))?.blob
  } catch (error) {
    // Damaged metadata is told to whoever asks for that file; it must not keep the others from opening.
    if (error instanceof DamageError) return
    throw error
  }
  for (const blob of blobs) {
    if (blob !== named) await discardIfOld(layout, layout.blobPath(blob))
  }
}

async function discardIfOld(layout: DiskLayout, path: string): Promise<void> {
  try {
    if ((await lstat(path)).mtimeMs < Date.now() - ORPHAN_AGE_MS) await layout.discard(path)
  } catch (error) {
    // Another process finished with it first.
    if (!isMissing(error)) throw error
  }
}
