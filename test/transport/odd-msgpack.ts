/** Bytes that go into a message as they are. */
export class Raw {
  readonly bytes: Uint8Array

  constructor(hex: string) {
    this.bytes = Buffer.from(hex, 'hex')
  }
}

/** A map whose keys may come twice and in any order. */
export class Entries {
  readonly entries: readonly (readonly [key: unknown, value: unknown])[]

  constructor(entries: readonly (readonly [key: unknown, value: unknown])[]) {
    this.entries = entries
  }
}

/** Writes MessagePack that no library would: keys that come twice or are no text, bytes and broken values anywhere. */
export function packOddly(value: unknown): Buffer {
  const parts: Uint8Array[] = []
  write(value, parts)
  return Buffer.concat(parts)
}

function write(value: unknown, parts: Uint8Array[]): void {
  if (value instanceof Raw) parts.push(value.bytes)
  else if (value instanceof Entries) {
    parts.push(head(0xdf, value.entries.length))
    for (const [key, field] of value.entries) {
      write(key, parts)
      write(field, parts)
    }
  } else if (Array.isArray(value)) {
    parts.push(head(0xdd, value.length))
    for (const item of value) write(item, parts)
  } else if (value instanceof Uint8Array) parts.push(head(0xc6, value.length), value)
  else if (typeof value === 'string') {
    const text = Buffer.from(value)
    parts.push(head(0xdb, text.length), text)
  } else if (typeof value === 'number') parts.push(float(value))
  else parts.push(Uint8Array.of(value === null ? 0xc0 : value === true ? 0xc3 : 0xc2))
}

/** The longest form of a length. */
function head(token: number, length: number): Buffer {
  const bytes = Buffer.alloc(5)
  bytes[0] = token
  bytes.writeUInt32BE(length, 1)
  return bytes
}

/** Integers are sent as floats too: -0 and 2^53 are then what they are. */
function float(value: number): Buffer {
  const bytes = Buffer.alloc(9)
  bytes[0] = 0xcb
  bytes.writeDoubleBE(value, 1)
  return bytes
}
