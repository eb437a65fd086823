import type { TO_THE_END } from '../protocol/bridge.ts'
import { firstPiece, furtherPieces } from '../protocol/text-pieces.ts'
import { type BytesCopy, ExternalCopy, type NativeReference, type SharedCopy } from './ivm.ts'
import type { LingerRequest } from './linger.ts'

/**
 * The guest's door in: with the entry to wait behind or 0, the first piece of a text, its buffers, its further pieces
 * and, once, the memory to wait at; or with nothing, for its end.
 */
export type DoorIn = NativeReference<
  (entry?: number, text?: string, ...rest: (ArrayBuffer | SharedArrayBuffer | string)[]) => void
>
export type DoorArguments =
  | []
  | [toTheEnd: typeof TO_THE_END]
  | [entry: number, text: string, ...(BytesCopy | SharedCopy | string)[]]

export function carry(
  text: string,
  buffers: readonly Uint8Array[],
  wait: LingerRequest | undefined,
): DoorArguments {
  const beside = [...buffers.map(copyForGuest), ...furtherPieces(text)]
  const args: DoorArguments = [wait?.entry ?? 0, firstPiece(text), ...beside]
  if (wait?.memory !== undefined) args.push(wait.memory)
  return args
}

/**
 * A copy of our own is handed over whole; the caller's bytes may be part of a larger pool. Not by `slice`, with which a
 * Buffer gives a view.
 */
function copyForGuest(bytes: Uint8Array): BytesCopy {
  const copy = new Uint8Array(bytes).buffer
  return new ExternalCopy(copy, { transferOut: true }).copyInto({ release: true, transferIn: true })
}
