import { type ErrorData, RemoteError, ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Call, OpArgs, OpName, OpResult } from '../protocol/calls.ts'
import {
  ErrorCtor,
  JSONStringify,
  MapClear,
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
  readonly isBackground: boolean
  resolve(value: unknown): void
  reject(error: unknown): void
}

const waiting = new MapCtor<number, Waiting>()
let lastId = 0
let sizeInFlight = 0
let backgroundCount = 0

/** Whether an answer is due for which the invocation is kept. */
export function hasCallsWaiting(): boolean {
  return MapSize(waiting) > backgroundCount
}

/** Asks the host for one op. The host decides whether this function may; nothing here is trusted by it. */
export const callHost: Call = (op, args) => start(op, args, false)

/** The same for an op that nothing waits for once the invocation has answered: what comes is dropped then. */
export const callInBackground: Call = (op, args) => start(op, args, true)

function start<Op extends OpName>(op: Op, args: OpArgs<Op>, isBackground: boolean): Promise<OpResult<Op>> {
  return new PromiseCtor((resolve, reject) => {
    const { id, text, size } = writeCall(op, args)
    MapSet(waiting, id, { resolve: resolve as (value: unknown) => void, reject, size, isBackground })
    sizeInFlight += size
    if (isBackground) backgroundCount++
    post(isBackground ? `${text},"background":true}` : `${text}}`)
  })
}

/** Forgets the calls in the background: the invocation they were made in is over. */
export function dropBackground(): void {
  if (backgroundCount === 0) return
  sizeInFlight = 0
  backgroundCount = 0
  MapClear(waiting)
}

/**
 * The message of a call but for its closing brace, and what it counts.
 *
 * @throws {ValueError} for arguments that are too large, or more of them than may be waiting.
 */
export function writeCall<Op extends OpName>(
  op: Op,
  args: OpArgs<Op>,
): { id: number; text: string; size: number } {
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
  const argsText = JSONStringify(content === undefined ? args : withoutContent(args as object)) as string
  if (argsText.length > LIMITS.valueChars) {
    throw new ValueError(
      op,
      `The arguments of ${op} are ${argsText.length} characters long; the limit is ${LIMITS.valueChars}.`,
    )
  }
  const size = argsText.length + (content === undefined ? 0 : TypedArrayLength(content))
  if (sizeInFlight + size > LIMITS.hostCallSizeInFlight) {
    throw new ValueError(
      op,
      `More than ${LIMITS.hostCallSizeInFlight} bytes of calls are waiting for the host. Await some before making more.`,
    )
  }
  const buffer = content === undefined ? '' : `,"buffer":${attachCopy(op, content)}`
  lastId++
  return {
    id: lastId,
    text: `{"type":"call","id":${lastId},"op":${quote(op)},"args":${argsText}${buffer}`,
    size,
  }
}

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
  if (entry === undefined) return undefined
  sizeInFlight -= entry.size
  if (entry.isBackground) backgroundCount--
  return entry
}
