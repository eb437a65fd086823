import { LIMITS } from '../limits.ts'

/**
 * The text of a crossing between host and guest goes as several arguments: the first piece, then the byte buffers, then
 * the other pieces, in order. isolated-vm hands over a text of 1,024 bytes or more as one outside the heap, which V8
 * frees with its old objects only, without counting how much there is of it. Shorter ones are copied, and gone with the
 * young objects (native-notes/memory.md). So many characters of two bytes, as one that is not Latin makes all of them,
 * are below that.
 */
export const PIECE_CHARS = 511
/** A longer text crosses whole: to take it apart would cost more than it saves. */
export const PIECED_CHARS = 16 * 1024

/** Characters of each piece of a text, of the whole if it is not taken apart. */
export function pieceChars({ length }: string): number {
  return length > PIECED_CHARS ? length : PIECE_CHARS
}

export function firstPiece(text: string): string {
  return text.slice(0, pieceChars(text))
}

/** The pieces of a text but for the first. */
export function furtherPieces(text: string): string[] {
  const size = pieceChars(text)
  const pieces: string[] = []
  for (let start = size; start < text.length; start += size) pieces.push(text.slice(start, start + size))
  return pieces
}

/**
 * The text whose first piece came before `rest`, in which its other pieces are. Of one from a hostile guest that is too
 * long no more than shows that it is. Calls nothing that user code can replace: guests read with it too.
 */
export function joinText(first: string, rest: readonly unknown[]): string
export function joinText(first: unknown, rest: readonly unknown[]): unknown
export function joinText(first: unknown, rest: readonly unknown[]): unknown {
  let text = first
  for (let index = 0; index < rest.length; index++) {
    const part = rest[index]
    if (typeof part === 'string' && typeof text === 'string' && text.length <= LIMITS.crossingChars)
      text += part
  }
  return text
}
