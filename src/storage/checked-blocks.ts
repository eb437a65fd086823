import { createHash, type Hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { HEAD_ROOM_BYTES } from '../protocol/head-room.ts'
import { damagedFile } from './damage.ts'
import type { OpenFile } from './driver.ts'
import type { ByteRange } from './signed-file.ts'

/** A file is checked block by block, so that a part of it is read without the rest. */
export const BLOCK_BYTES = 1024 * 1024

/** CRC-32, big-endian. */
const CHECK_BYTES = 4

/** Computes, as the bytes of a file go by, its SHA-256 and the checks of its blocks. */
export class BlockChecks {
  readonly #sha256 = createHash('sha256')
  readonly #done: number[] = []
  #crc = 0
  #inBlock = 0
  #sizeBytes = 0

  /** Bytes gone by. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  add(bytes: Uint8Array): void {
    this.#sha256.update(bytes)
    this.#sizeBytes += bytes.byteLength
    for (let at = 0; at < bytes.byteLength; ) {
      const piece = bytes.subarray(at, at + BLOCK_BYTES - this.#inBlock)
      this.#crc = crc32(piece, this.#crc)
      this.#inBlock += piece.byteLength
      at += piece.byteLength
      if (this.#inBlock === BLOCK_BYTES) this.#endBlock()
    }
  }

  /** Once, at the end. A file of one block has no checks but its SHA-256. */
  end(): { sha256: string; checks: Uint8Array } {
    if (this.#inBlock > 0) this.#endBlock()
    const checks = Buffer.alloc(this.#done.length > 1 ? this.#done.length * CHECK_BYTES : 0)
    if (checks.byteLength > 0) {
      for (const [index, crc] of this.#done.entries()) checks.writeUInt32BE(crc, index * CHECK_BYTES)
    }
    return { sha256: this.#sha256.digest('hex'), checks }
  }

  #endBlock(): void {
    this.#done.push(this.#crc)
    this.#crc = 0
    this.#inBlock = 0
  }
}

/**
 * A file's bytes, or a part of them, each block checked before it is handed out. All of a file is checked against its
 * SHA-256 too, at the end. Breaks with `STORAGE_REQUEST_FAIL` at what is damaged.
 */
export async function* readChecked(file: OpenFile, range?: ByteRange): AsyncGenerator<Uint8Array, void> {
  const { sizeBytes, sha256, checkBytes, path } = file.record
  const { start, end } = { start: 0, end: sizeBytes, ...range }
  if (start >= end && range !== undefined) return
  const isWhole = start === 0 && end === sizeBytes
  const blockCount = Math.ceil(sizeBytes / BLOCK_BYTES)
  const first = Math.floor(start / BLOCK_BYTES)
  const checks = blockCount > 1 && checkBytes > 0 ? await readChecks(file, first, end) : undefined
  // One block, or a file of the time before blocks had checks: only all of it together can be checked.
  if (checks === undefined && !isWhole) await checkWhole(file)
  const whole = isWhole ? createHash('sha256') : undefined
  const from = first * BLOCK_BYTES
  const until = Math.min(Math.ceil(end / BLOCK_BYTES) * BLOCK_BYTES, sizeBytes)
  let at = from
  for await (const block of inBlocks(file.read(from, until))) {
    const index = (at - from) / BLOCK_BYTES
    if (checks !== undefined && crc32(block) !== checks.readUInt32BE(index * CHECK_BYTES)) {
      throw damagedFile(path, `block ${first + index} of ${blockCount}`)
    }
    whole?.update(block)
    // Of a file of one block nothing is handed out before it has been found whole.
    if (whole !== undefined && blockCount === 1 && !isDigest(whole, sha256)) throw damagedFile(path)
    yield block.subarray(Math.max(start - at, 0), end - at)
    at += block.byteLength
  }
  if (whole !== undefined && blockCount !== 1 && !isDigest(whole, sha256)) throw damagedFile(path)
}

/** All bytes of a file, or of a part that it has, checked before any is handed out. */
export async function readTogether(file: OpenFile, range?: ByteRange): Promise<Uint8Array> {
  const { start, end } = { start: 0, end: file.record.sizeBytes, ...range }
  let content: Uint8Array | undefined
  let at = 0
  for await (const piece of readChecked(file, range)) {
    // All in one piece with memory of its own needs no other: a driver keeps none that it gives.
    const isAlone = piece.buffer.byteLength - piece.byteLength <= HEAD_ROOM_BYTES
    if (piece.byteLength === end - start && isAlone) {
      content = new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength)
      continue
    }
    content ??= new Uint8Array(end - start)
    content.set(piece, at)
    at += piece.byteLength
  }
  return content ?? new Uint8Array()
}

async function readChecks(file: OpenFile, firstBlock: number, end: number): Promise<Buffer> {
  const { sizeBytes } = file.record
  const lastBlock = Math.ceil(end / BLOCK_BYTES)
  const pieces: Uint8Array[] = []
  const bytes = file.read(sizeBytes + firstBlock * CHECK_BYTES, sizeBytes + lastBlock * CHECK_BYTES)
  for await (const piece of bytes) pieces.push(piece)
  return Buffer.concat(pieces)
}

async function checkWhole(file: OpenFile): Promise<void> {
  const hash = createHash('sha256')
  for await (const piece of file.read(0, file.record.sizeBytes)) hash.update(piece)
  if (!isDigest(hash, file.record.sha256)) throw damagedFile(file.record.path)
}

function isDigest(hash: Hash, sha256: string): boolean {
  return hash.digest('hex') === sha256
}

/**
 * The same bytes in pieces of one block each; the last may be shorter. What waits for more is copied: a source may give
 * one buffer again and again.
 */
export async function* inBlocks(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  let held: Uint8Array = new Uint8Array()
  let heldBytes = 0
  for await (const piece of pieces) {
    for (let at = 0; at < piece.byteLength; ) {
      const part = piece.subarray(at, at + BLOCK_BYTES - heldBytes)
      at += part.byteLength
      if (part.byteLength === BLOCK_BYTES) {
        yield part
        continue
      }
      if (heldBytes + part.byteLength > held.byteLength) held = grow(held, heldBytes, part.byteLength)
      held.set(part, heldBytes)
      heldBytes += part.byteLength
      if (heldBytes < BLOCK_BYTES) continue
      yield held
      held = new Uint8Array()
      heldBytes = 0
    }
  }
  if (heldBytes > 0) yield held.subarray(0, heldBytes)
}

/** A file of one small piece needs no whole block; a second piece makes one likely. */
function grow(held: Uint8Array, heldBytes: number, moreBytes: number): Uint8Array {
  const larger = new Uint8Array(heldBytes === 0 ? moreBytes : BLOCK_BYTES)
  larger.set(held.subarray(0, heldBytes))
  return larger
}
