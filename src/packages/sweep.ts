import { randomUUID } from 'node:crypto'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { recordFile } from './entry.ts'

/** An installation takes an hour at most, so what is older belongs to a process that was killed. */
const DRAFT_MS = 2 * 60 * 60 * 1000

/** Where a store keeps what, below its own folder. */
export const ENTRIES = 'sets'
export const DRAFTS = 'drafts'

/**
 * Removes what killed processes left, and the entries that nobody has used for so long. Hosts mark those they use as
 * used over and over, so none of a running host is among them.
 */
export async function sweep(directory: string, idleMs: number): Promise<void> {
  const drafts = join(directory, DRAFTS)
  for (const name of await list(drafts)) {
    if ((await ageOf(join(drafts, name))) > DRAFT_MS) await remove(join(drafts, name))
  }
  const entries = join(directory, ENTRIES)
  for (const name of await list(entries)) {
    const place = join(entries, name)
    if ((await ageOf(recordFile(place))) > idleMs) await sweepEntry(place, drafts, idleMs)
  }
}

/** Out of the way at once; and back, should someone have begun to use it in this moment. */
async function sweepEntry(place: string, drafts: string, idleMs: number): Promise<void> {
  const aside = join(drafts, randomUUID())
  await rename(place, aside)
  if ((await ageOf(recordFile(aside))) > idleMs) await remove(aside)
  else await rename(aside, place)
}

export async function remove(place: string): Promise<void> {
  await rm(place, { recursive: true, force: true, maxRetries: 3 })
}

/** Milliseconds since a file was changed; of one that is not there, none. */
async function ageOf(file: string): Promise<number> {
  const found = await stat(file).catch(ignoreMissing)
  return found === undefined ? 0 : Date.now() - found.mtimeMs
}

async function list(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(ignoreMissing)) ?? []
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined
  throw error
}
