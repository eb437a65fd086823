import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

const DIGEST_BYTES = 32

/** A file that begins with a digest of what follows, so that one that was cut off or changed is told. */
export type CheckedFile =
  | { readonly kind: 'whole'; readonly data: Uint8Array }
  | { readonly kind: 'damaged' | 'missing' }

/** @throws what reading a file that is there throws. */
export async function readChecked(path: string): Promise<CheckedFile> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'missing' }
    throw error
  }
  const data = bytes.subarray(DIGEST_BYTES)
  return digestOf(data).equals(bytes.subarray(0, DIGEST_BYTES))
    ? { kind: 'whole', data }
    : { kind: 'damaged' }
}

/** Puts it in place whole, its folder too if that is missing. */
export async function writeChecked(path: string, data: Uint8Array): Promise<void> {
  const draft = `${path}.${process.pid}.draft`
  await mkdir(dirname(path), { recursive: true })
  await writeFile(draft, [digestOf(data), data])
  await rename(draft, path)
}

function digestOf(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest()
}
