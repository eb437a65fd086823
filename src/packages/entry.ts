import { lstat, open, readdir, readFile, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecord } from './manifest.ts'

/** Files and bytes in a folder. */
export interface Measure {
  readonly fileCount: number
  readonly sizeBytes: number
}

/** What an entry of the store says of itself. Its time of change is when it was used last. */
export interface EntryRecord extends Measure {
  readonly key: string
  readonly warnings: readonly string[]
}

export type Entry =
  | { readonly kind: 'whole'; readonly record: EntryRecord }
  | { readonly kind: 'damaged' | 'missing' }

/** A name that npm doesn't use and no require reaches. */
const RECORD = join('node_modules', '.cloudlet.json')

export function recordFile(folder: string): string {
  return join(folder, RECORD)
}

/** Written last, and to the disk before the entry gets its name. */
export async function writeRecord(folder: string, record: EntryRecord): Promise<void> {
  const file = await open(recordFile(folder), 'w')
  try {
    await file.writeFile(JSON.stringify(record))
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Marks an entry as used now; false if it is gone. */
export async function markUsed(folder: string): Promise<boolean> {
  const file = recordFile(folder)
  const now = new Date()
  try {
    await utimes(file, now, now)
    return true
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    // Where nothing can be written, nothing can be removed either.
    if (['EROFS', 'EACCES', 'EPERM'].includes(code)) return true
    throw error
  }
}

/**
 * An entry of the store, marked as used now. After a power failure some of its files may be cut off or gone, so they
 * are counted and measured again.
 */
export async function readEntry(folder: string, key: string): Promise<Entry> {
  try {
    await markUsed(folder)
    const record = parseRecord(await readFile(recordFile(folder), 'utf8'))
    if (record?.key !== key) return { kind: 'damaged' }
    const { fileCount, sizeBytes } = await measure(folder)
    const isWhole = fileCount === record.fileCount && sizeBytes === record.sizeBytes
    return isWhole ? { kind: 'whole', record } : { kind: 'damaged' }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error
    const found = await lstat(folder).catch(() => undefined)
    return { kind: found === undefined ? 'missing' : 'damaged' }
  }
}

/** Of all files below a folder, but the record. Links are counted and not followed. */
export async function measure(folder: string): Promise<Measure> {
  let fileCount = 0
  let sizeBytes = 0
  const record = recordFile(folder)
  const visit = async (place: string): Promise<void> => {
    const entries = await readdir(place, { withFileTypes: true })
    const files = entries.filter(entry => !entry.isDirectory()).map(({ name }) => join(place, name))
    const stats = await Promise.all(files.filter(file => file !== record).map(file => lstat(file)))
    fileCount += stats.length
    for (const stat of stats) sizeBytes += stat.size
    // One folder after the other: a store may have more of them than a process may open at once.
    for (const entry of entries) if (entry.isDirectory()) await visit(join(place, entry.name))
  }
  await visit(folder)
  return { fileCount, sizeBytes }
}

function parseRecord(text: string): EntryRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Cut off: as good as none.
    return undefined
  }
  if (!isRecord(value)) return undefined
  const { key, fileCount, sizeBytes, warnings } = value
  if (typeof key !== 'string' || typeof fileCount !== 'number' || typeof sizeBytes !== 'number')
    return undefined
  return { key, fileCount, sizeBytes, warnings: Array.isArray(warnings) ? warnings.map(String) : [] }
}
