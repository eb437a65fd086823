import { ValueError } from '../errors.ts'

/**
 * The byte strings of an op, which travel as one: `content`, cut by `sizes`.
 *
 * @throws {ValueError} when there are not as many as `count`, or they don't make up the content.
 */
export function splitBytes(
  op: string,
  { content, sizes }: { readonly content: Uint8Array; readonly sizes: readonly number[] },
  count = sizes.length,
): Uint8Array[] {
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (sizes.length !== count || total !== content.byteLength) {
    throw new ValueError(
      `${op}.sizes`,
      `${op}.sizes must be ${count} lengths that make up the ${content.byteLength} bytes of content.`,
    )
  }
  let end = 0
  return sizes.map(size => {
    end += size
    return content.subarray(end - size, end)
  })
}

/** The other way round. */
export function joinBytes(parts: readonly Uint8Array[]): { content: Uint8Array; sizes: number[] } {
  return { content: Buffer.concat(parts), sizes: parts.map(part => part.byteLength) }
}

/** @throws {ValueError} for a part longer than `limit`. */
export function requireSize(path: string, part: Uint8Array, limit: number): void {
  if (part.byteLength <= limit) return
  throw new ValueError(path, `${path} is ${part.byteLength} bytes; the limit is ${limit}.`)
}
