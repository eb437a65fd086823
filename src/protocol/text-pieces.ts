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

/** The pieces of a text but for the first. */
export function furtherPieces(text: string): string[] {
  const pieces: string[] = []
  if (text.length > PIECED_CHARS) return pieces
  for (let start = PIECE_CHARS; start < text.length; start += PIECE_CHARS)
    pieces.push(text.slice(start, start + PIECE_CHARS))
  return pieces
}

export function firstPiece(text: string): string {
  return text.length > PIECED_CHARS ? text : text.slice(0, PIECE_CHARS)
}

/** What a guest sent, hostile or not: of a text that is too long no more than shows that it is. */
export function joinText(first: unknown, rest: readonly unknown[]): unknown {
  let text = first
  for (const part of rest)
    if (typeof part === 'string' && typeof text === 'string' && text.length <= LIMITS.crossingChars)
      text += part
  return text
}
