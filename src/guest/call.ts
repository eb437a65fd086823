import { type ErrorData, RemoteError, ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Call } from '../protocol/calls.ts'
import {
  ErrorCtor,
  JSONStringify,
  MapCtor,
  MapDelete,
  MapGet,
  MapSet,
  MapSize,
  PromiseCtor,
  TypedArrayBuffer,
  TypedArrayLength,
  TypedArraySet,
  Uint8ArrayCtor,
} from './intrinsics.ts'
import { attach, isInvoking, post, quote } from './outbox.ts'

interface Waiting {
  /** Characters and bytes it sent. */
  readonly size: number
  resolve(value: unknown): void
  reject(error: unknown): void
}

const waiting = new MapCtor<number, Waiting>()
let lastId = 0
let sizeInFlight = 0

export function hasCallsWaiting(): boolean {
  return MapSize(waiting) > 0
}

/** Asks the host for one op. The host decides whether this function may; nothing here is trusted by it. */
export const callHost: Call = (op, args) =>
  new PromiseCtor((resolve, reject) => {
    if (!isInvoking()) {
      throw new ErrorCtor(
        `${op} was called after the invocation was over. Await everything the handler starts before it answers.`,
      )
    }
    if (MapSize(waiting) >= LIMITS.hostCallsInFlight) {
      throw new ValueError(
        op,
        `More than ${LIMITS.hostCallsInFlight} calls are waiting for the host. Await some before making more.`,
      )
    }
    const { content } = args as { content?: Uint8Array }
    const text = JSONStringify(content === undefined ? args : withoutContent(args as object)) as string
    if (text.length > LIMITS.valueChars) {
      throw new ValueError(
        op,
        `The arguments of ${op} are ${text.length} characters long; the limit is ${LIMITS.valueChars}.`,
      )
    }
    const size = text.length + (content === undefined ? 0 : TypedArrayLength(content))
    if (sizeInFlight + size > LIMITS.hostCallSizeInFlight) {
      throw new ValueError(
        op,
        `More than ${LIMITS.hostCallSizeInFlight} bytes of calls are waiting for the host. Await some before making more.`,
      )
    }
    const buffer = content === undefined ? '' : `,"buffer":${attachCopy(op, content)}`
    lastId++
    MapSet(waiting, lastId, { resolve: resolve as (value: unknown) => void, reject, size })
    sizeInFlight += size
    post(`{"type":"call","id":${lastId},"op":${quote(op)},"args":${text}${buffer}}`)
  })

function withoutContent({ content, ...fields }: { readonly content?: unknown }): object {
  return fields
}

/** Copies, so that what crosses is a plain buffer of the runtime's own making. */
function attachCopy(op: string, content: Uint8Array): number {
  const size = TypedArrayLength(content)
  if (size > LIMITS.fileBytes) {
    throw new ValueError(`${op}.content`, `The content is ${size} bytes; the limit is ${LIMITS.fileBytes}.`)
  }
  const copy = new Uint8ArrayCtor(size)
  TypedArraySet(copy, content)
  return attach(TypedArrayBuffer(copy))
}

/** The host's answer to call `id`. */
export function settleCall(id: number, value: unknown, content: ArrayBuffer | undefined): void {
  const entry = take(id)
  if (entry === undefined) return
  if (content !== undefined) (value as { content?: Uint8Array }).content = new Uint8ArrayCtor(content)
  entry.resolve(value)
}

export function refuseCall(id: number, error: ErrorData): void {
  take(id)?.reject(new RemoteError(error))
}

function take(id: number): Waiting | undefined {
  const entry = MapGet(waiting, id)
  MapDelete(waiting, id)
  if (entry !== undefined) sizeInFlight -= entry.size
  return entry
}
