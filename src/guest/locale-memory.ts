import { ArrayBufferCtor, RangeErrorCtor, WeakMapCtor, WeakMapSet } from './intrinsics.ts'

/**
 * What ICU allocates for an object of each kind, in bytes, about (Node 26 on Linux x64, growth of RSS by ten thousand of
 * each). V8 and isolated-vm know of none of it: within 128 MB of heap there would be room for 15 GB of it.
 */
const BYTES = {
  Collator: 1600,
  DateTimeFormat: 32_000,
  DisplayNames: 1200,
  DurationFormat: 1200,
  ListFormat: 700,
  NumberFormat: 1100,
  PluralRules: 4100,
  RelativeTimeFormat: 7800,
  Segmenter: 7100,
  v8BreakIterator: 7100,
  // What `segment` of a Segmenter gives, and each iterator of it.
  Segments: 3000,
  SegmentIterator: 4000,
} as const

export type LocaleKind = keyof typeof BYTES

let charges: WeakMap<object, ArrayBuffer> | undefined

/**
 * Makes an object that has memory of ICU's. As much is taken beside it, where isolated-vm's allocator counts it, and
 * kept for as long as the object is.
 *
 * @throws {RangeError} when the function has no more.
 */
export function makeCharged<Made>(kind: LocaleKind, make: () => Made): Made {
  const charge = takeMemory(kind)
  const made = make()
  charges ??= new WeakMapCtor()
  WeakMapSet(charges, made as object, charge)
  return made
}

function takeMemory(kind: LocaleKind): ArrayBuffer {
  try {
    return new ArrayBufferCtor(BYTES[kind])
  } catch (error) {
    const message = `There is no memory left for another Intl.${kind}. Keep one and use it again.`
    throw new RangeErrorCtor(message, { cause: error })
  }
}
