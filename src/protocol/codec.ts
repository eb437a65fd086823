import { Packr, RESERVE_START_SPACE } from 'msgpackr'
import { ProtocolError, ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { FromCell, ToCell } from './cell.ts'
import type { ClientFrame, ServerFrame } from './frames.ts'
import { HEAD_ROOM_BYTES, takeHeadRoom } from './head-room.ts'
import { ownMemory } from './message-memory.ts'
import { isPlainData } from './plain-data.ts'
import {
  BYTES_DEPTH,
  BYTES_KEY,
  type PlainMsgpack,
  scanCellMsgpack,
  scanPlainMessage,
  scanPlainMsgpack,
} from './plain-msgpack.ts'
import { setField } from './value.ts'

/**
 * A frame as one MessagePack message of the plain subset (plain-msgpack.ts). Values follow the rules of
 * JSON.stringify: `toJSON` is honoured, undefined, functions and symbols are dropped (null in arrays),
 * NaN and infinities become null. Bytes are allowed in `content` of args and result.
 *
 * @throws {ValueError} for BigInt, binary data elsewhere, a cycle or more levels or values than a frame may hold.
 */
export function encodeFrame(frame: ClientFrame | ServerFrame): Uint8Array {
  if (isPlainData(frame)) return packr.pack(frame)
  const copier = new PlainCopy()
  const copy = copier.copy(frame)
  const { bytes } = copier
  return bytes !== undefined && bytes.content.length >= LARGE_BYTES
    ? packLarge(copy as Fields, bytes)
    : packr.pack(copy)
}

/** With much content the message is put together from what is packed and that: it is copied once, or stays where it is. */
function packLarge(frame: Fields, { content, field }: FoundBytes): Uint8Array {
  const { [field]: holder, ...rest } = frame
  const { [BYTES_KEY]: _, ...fields } = holder as Fields
  const head = packr.pack({ ...rest, [field]: { ...fields, [BYTES_KEY]: NO_BYTES } })
  // Of the empty content, which stands at the end.
  const start = head.length - 2
  const headBytes = start + BIN_32_BYTES
  const room = headBytes <= HEAD_ROOM_BYTES ? takeHeadRoom(content) : undefined
  const message = room?.subarray(HEAD_ROOM_BYTES - headBytes) ?? new Uint8Array(headBytes + content.length)
  ownMemory(message)
  if (room === undefined) message.set(content, headBytes)
  message.set(head.subarray(0, start))
  message[start] = 0xc6
  new DataView(message.buffer).setUint32(message.byteOffset + start + 1, content.length)
  return message
}

/**
 * The value of one received message, not yet known to be a frame (frames.ts parses it). Maps become
 * plain objects; bytes never share memory with the socket's buffers: they are copied, but for those of a large message
 * that has memory of its own.
 *
 * @throws {ProtocolError} for anything but exactly one message of the plain subset.
 */
export function decodeFrame(bytes: Uint8Array): unknown {
  return unpack(bytes, scanPlainMsgpack(bytes))
}

/** What one message brought: values not yet known to be frames. */
export interface DecodedMessage {
  readonly frames: readonly unknown[]
  /** What each takes in memory, with its part of the message, about. */
  readonly heldBytes: readonly number[]
}

/** As `decodeFrame`, for a message that may be a list of frames. @throws {ProtocolError} */
export function decodeMessage(bytes: Uint8Array): DecodedMessage {
  const scanned = scanPlainMessage(bytes)
  const { isList, heldBytes } = scanned
  // Bytes of one frame must not hold the others in memory.
  const value = unpack(bytes, scanned, !isList)
  return { frames: isList ? (value as unknown[]) : [value], heldBytes }
}

function unpack(bytes: Uint8Array, { hasBytes, hasProtoKey }: PlainMsgpack, mayShare = true): unknown {
  // The decoder slices bytes with their source's own class; a plain view keeps Node's Buffer out.
  const isOwn =
    mayShare && bytes.length >= LARGE_BYTES && bytes.buffer.byteLength <= bytes.length + OWN_SLACK_BYTES
  // Not of one with the least room beside it, where a socket may have put what came next.
  if (isOwn && bytes.buffer.byteLength === bytes.length) ownMemory(bytes)
  const source = hasBytes ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes
  try {
    return hasProtoKey ? mapsToObjects(mapPackr.unpack(source)) : (isOwn ? viewPackr : packr).unpack(source)
  } catch (error) {
    throw new ProtocolError('A frame could not be decoded.', { cause: error })
  }
}

/**
 * The messages of one frame of a cell's channel, which hold nothing but text, numbers, bytes and lists of them, behind
 * room for the channel's header.
 */
export function encodeCellFrame(messages: readonly (ToCell | FromCell)[], headerBytes = 0): Uint8Array {
  return packr.pack(messages, RESERVE_START_SPACE + headerBytes)
}

/**
 * The value of one such frame, not yet known to be a list of messages. Bytes are copied out of it.
 *
 * @throws {ProtocolError} for anything but exactly one message of the plain subset.
 */
export function decodeCellFrame(bytes: Uint8Array): unknown {
  scanCellMsgpack(bytes)
  try {
    // The decoder slices bytes with their source's own class; with Node's Buffer that is no copy.
    return packr.unpack(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length))
  } catch (error) {
    throw new ProtocolError('A frame of a cell could not be decoded.', { cause: error })
  }
}

type Fields = Readonly<Record<string, unknown>>

/** Bytes, and the frame's field whose value they stand in. */
interface FoundBytes {
  readonly content: Uint8Array
  readonly field: string
}

const NO_BYTES = new Uint8Array()
/** What stands before bytes of any length. */
const BIN_32_BYTES = 5
/** From so many bytes on a copy costs more than what saves it. */
const LARGE_BYTES = 64 * 1024
/** Memory that a message may share with others and count as alone in it. */
const OWN_SLACK_BYTES = 1024

const OPTIONS = {
  copyBuffers: true,
  int64AsType: 'number',
  moreTypes: false,
  structuredClone: false,
  useRecords: false,
  useToJSON: false,
  variableMapSize: true,
} as const

const packr = new Packr({ ...OPTIONS, mapsAsObjects: true })
/** Copies no bytes. */
const viewPackr = new Packr({ ...OPTIONS, copyBuffers: false, mapsAsObjects: true })
/** Keeps a `__proto__` key apart, which the other renames. */
const mapPackr = new Packr({ ...OPTIONS, mapsAsObjects: false })

function mapsToObjects(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mapsToObjects)
  if (!(value instanceof Map)) return value
  const object: Record<string, unknown> = {}
  for (const [key, field] of value) setField(object, String(key), mapsToObjects(field))
  return object
}

/** Copies a value into plain objects, arrays, text and numbers, reading each property once. */
class PlainCopy {
  readonly #path: (string | number)[] = []
  /** If there are any. */
  bytes: FoundBytes | undefined
  #valuesLeft: number = LIMITS.frameValues

  copy(value: unknown): unknown {
    this.#count()
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value
      case 'number':
        return Number.isFinite(value) ? value : null
      case 'bigint':
        return this.#fail("is a BigInt, which can't be sent. Use a number or a string")
      case 'object':
        return value === null ? null : this.#object(value)
      default:
        return undefined
    }
  }

  #object(value: object): unknown {
    if (isBinary(value)) return this.#bytes(value)
    const json = this.#json(value)
    if (typeof json !== 'object' || json === null) return this.copy(json)
    if (isBinary(json)) return this.#bytes(json)
    return Array.isArray(json) ? this.#array(json) : this.#fields(json)
  }

  // No `at`: mini-programs may run on an engine of 2017.
  #last(): string | number | undefined {
    return this.#path[this.#path.length - 1]
  }

  /** What the value's own `toJSON` makes of it; asked once, as JSON.stringify does. */
  #json(value: object): unknown {
    const toJson: unknown = Reflect.get(value, 'toJSON')
    return typeof toJson === 'function' ? toJson.call(value, String(this.#last() ?? '')) : value
  }

  #fields(value: object): unknown {
    this.#enter()
    const copy: Record<string, unknown> = {}
    for (const key of Object.keys(value)) {
      this.#count()
      this.#path.push(key)
      const field = this.copy(Reflect.get(value, key))
      if (field !== undefined) setField(copy, key, field)
      this.#path.pop()
    }
    return copy
  }

  #array(value: readonly unknown[]): unknown {
    this.#enter()
    const copy: unknown[] = []
    for (let index = 0; index < value.length; index++) {
      this.#path.push(index)
      copy.push(this.copy(value[index]) ?? null)
      this.#path.pop()
    }
    return copy
  }

  #bytes(value: ArrayBufferView | ArrayBuffer): Uint8Array {
    if (this.#path.length !== BYTES_DEPTH || this.#last() !== BYTES_KEY || !(value instanceof Uint8Array)) {
      this.#fail('is binary data. Upload it as a file and send the fileID, or send base64 text')
    }
    this.bytes = { content: value, field: String(this.#path[0]) }
    return value
  }

  #count(): void {
    if (--this.#valuesLeft < 0) this.#fail(`holds more than ${LIMITS.frameValues} values`)
  }

  /** A cycle has no end, so this finds it too. */
  #enter(): void {
    if (this.#path.length >= LIMITS.frameDepth) {
      const { frameDepth } = LIMITS
      this.#path.length = 8
      this.#fail(`… is nested more than ${frameDepth} levels deep or refers back to itself`)
    }
  }

  #fail(reason: string): never {
    const [head = 'value', ...rest] = this.#path
    const path = rest.reduce<string>(
      (to, key) => (typeof key === 'number' ? `${to}[${key}]` : `${to}.${key}`),
      String(head),
    )
    throw new ValueError(path, `${path} ${reason}.`)
  }
}

function isBinary(value: object): value is ArrayBufferView | ArrayBuffer {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer
}
