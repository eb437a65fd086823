import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StorageError } from '../errors.ts'
import { HEAD_ROOM_BYTES, withHeadRoom } from '../protocol/head-room.ts'

/**
 * Creates a file that did not exist, and resolves when its bytes are on the medium. Its name is not durable
 * until `syncDirectory`. After a failure a part of the file may be left.
 */
export async function createDurableFile(path: string, content: Uint8Array | string): Promise<void> {
  await using file = await open(path, 'wx', 0o600)
  await file.writeFile(content)
  await file.sync()
}

/** Opens an existing file to read. A symbolic link in its place is an error (ELOOP), never followed. */
export async function openFile(path: string): Promise<FileHandle> {
  // Windows has no O_NOFOLLOW, and no links that ordinary users can make.
  return open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
}

export async function openIfExists(path: string): Promise<FileHandle | undefined> {
  try {
    return await openFile(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

export async function readIfExists(path: string): Promise<Buffer | undefined> {
  await using file = await openIfExists(path)
  return file && (await file.readFile())
}

/**
 * Opens a file to write anywhere in it. Links are not followed.
 *
 * @param mayMake Makes it if it is missing, for this user only.
 */
export async function openToWrite(path: string, mayMake: boolean): Promise<FileHandle> {
  const flags = constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0)
  return open(path, mayMake ? flags | constants.O_CREAT : flags, 0o600)
}

/** Writes all of the bytes at a position. */
export async function writeAt(file: FileHandle, position: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    at += (await file.write(bytes, at, bytes.byteLength - at, position + at)).bytesWritten
  }
}

/** The bytes from `start` to before `end`, in pieces of `pieceBytes`; ends early with the file. */
export async function* readPieces(
  file: FileHandle,
  start: number,
  end: number,
  pieceBytes: number,
): AsyncGenerator<Uint8Array, void> {
  for (let at = start; at < end; ) {
    const piece = withHeadRoom(Buffer.allocUnsafeSlow(HEAD_ROOM_BYTES + Math.min(pieceBytes, end - at)))
    const { bytesRead } = await file.read(piece, 0, piece.byteLength, at)
    if (bytesRead === 0) return
    yield piece.subarray(0, bytesRead)
    at += bytesRead
  }
}

/** Resolves when every name added to, changed in or removed from the directory before is on the medium. */
export async function syncDirectory(path: string): Promise<void> {
  // Windows can't open directories, and writes their changes through its journal.
  if (process.platform === 'win32') return
  await using directory = await open(path, 'r')
  await directory.sync()
}

/** Makes the directory and those above it, durably, for this user only. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let parent = dirname(path); ; parent = dirname(parent)) {
    await syncDirectory(parent)
    if (parent === dirname(first) || parent === dirname(parent)) return
  }
}

/** @throws {StorageError} `STORAGE_REQUEST_FAIL` when the path is a link or anything else but a directory. */
export async function checkDirectory(path: string, name: string): Promise<void> {
  if ((await lstat(path)).isDirectory()) return
  throw new StorageError(
    'STORAGE_REQUEST_FAIL',
    `"${name}" in the storage directory is not a folder of its own. Links are not followed: move the files there.`,
  )
}

/** Whether a file-system error says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return errnoOf(error) === 'ENOENT'
}

/** The system's error code, e.g. `ENOSPC`. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
