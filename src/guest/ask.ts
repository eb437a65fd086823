import { type ErrorData, RemoteError } from '../errors.ts'
import { WINDOW_BYTES, WINDOW_HEADER_BYTES, WINDOW_REPLY } from '../protocol/bridge.ts'
import type { OpArgs, OpName, OpResult } from '../protocol/calls.ts'
import { writeCall } from './call.ts'
import {
  AtomicsStore,
  AtomicsWait,
  Int32ArrayCtor,
  JSONParse,
  ReflectApply,
  ReflectConstruct,
  StringFromCharCode,
  TypedArraySet,
  TypedArraySubarray,
  Uint8ArrayCtor,
  Uint16ArrayCtor,
} from './intrinsics.ts'
import { attach, postNow } from './outbox.ts'

const CAPACITY = WINDOW_BYTES - WINDOW_HEADER_BYTES
/** Characters one call makes a text of: as arguments, which the stack must hold. */
const CHUNK_CHARS = 8192

let SharedCtor: SharedArrayBufferConstructor | undefined
let shared: SharedArrayBuffer | undefined
let header: Int32Array
let bytes: Uint8Array
/** The host has been given the window, which is the same as long as the instance lives. */
let isGiven = false

/** Takes the constructor before user code runs: while the snapshot is made, there is none. */
export function keepShared(globals: Record<string, unknown>): void {
  SharedCtor = globals.SharedArrayBuffer as SharedArrayBufferConstructor
}

/**
 * Asks the host for one op and waits for the answer, the thread standing still: for what programs expect at once.
 * Throws what `callHost` rejects with.
 */
export function askHost<Op extends OpName>(op: Op, args: OpArgs<Op>): OpResult<Op> {
  const { id, text } = writeCall(op, args)
  open()
  AtomicsStore(header, 0, 0)
  const place = isGiven ? -1 : attach(shared as SharedArrayBuffer)
  isGiven = true
  postNow(`${text},"window":${place}}`)
  wait()
  const isReply = header[1] === WINDOW_REPLY
  const textChars = header[2] as number
  const contentBytes = header[3] as number
  const answer = collect(id, textChars * 2 + (contentBytes === 0 ? 0 : contentBytes - 1))
  const value = JSONParse(textOf(answer, textChars))
  if (!isReply) throw new RemoteError(value as ErrorData)
  if (contentBytes > 0) {
    const content = new Uint8ArrayCtor(contentBytes - 1)
    TypedArraySet(content, TypedArraySubarray(answer, textChars * 2))
    ;(value as { content?: Uint8Array }).content = content
  }
  return value as OpResult<Op>
}

/** Most instances never ask. */
function open(): void {
  if (shared !== undefined) return
  shared = ReflectConstruct(SharedCtor as object, [WINDOW_BYTES], SharedCtor as object) as SharedArrayBuffer
  header = new Int32ArrayCtor(shared, 0, WINDOW_HEADER_BYTES / 4)
  bytes = new Uint8ArrayCtor(shared, WINDOW_HEADER_BYTES)
}

/** Stops the thread for good: the host ends the isolate. */
export function waitForEver(): never {
  open()
  AtomicsStore(header, 0, 0)
  for (;;) wait()
}

function wait(): void {
  while (header[0] === 0) AtomicsWait(header, 0, 0)
}

/** The answer's bytes, from as many windows as it takes. If there is no memory for them the host is heard out all the same. */
function collect(id: number, size: number): Uint8Array {
  let answer: Uint8Array | undefined
  let failure: unknown
  try {
    answer = new Uint8ArrayCtor(size)
  } catch (error) {
    failure = error
  }
  for (let offset = 0; ; ) {
    const pieceSize = size - offset < CAPACITY ? size - offset : CAPACITY
    if (answer !== undefined) TypedArraySet(answer, TypedArraySubarray(bytes, 0, pieceSize), offset)
    offset += pieceSize
    if (offset >= size) {
      if (answer === undefined) throw failure
      return answer
    }
    AtomicsStore(header, 0, 0)
    postNow(`{"type":"more","id":${id}}`)
    wait()
  }
}

function textOf(answer: Uint8Array, chars: number): string {
  const units = new Uint16ArrayCtor(answer.buffer as ArrayBuffer, 0, chars)
  let text = ''
  for (let start = 0; start < chars; start += CHUNK_CHARS) {
    const end = start + CHUNK_CHARS < chars ? start + CHUNK_CHARS : chars
    text += ReflectApply(
      StringFromCharCode,
      undefined,
      TypedArraySubarray(units, start, end) as unknown as [],
    )
  }
  return text
}
