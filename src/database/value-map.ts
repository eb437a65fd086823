import { equalValues } from './value-order.ts'

/**
 * Values by MongoDB's equality, each with something: as a Map, in the order in which they were first set.
 * Numbers, strings, booleans, dates and null are found directly, others through their text.
 */
export class ValueMap<Entry> {
  /** Entries whose keys are alike enough to have to be compared. */
  readonly #buckets = new Map<unknown, [key: unknown, entry: Entry][]>()
  readonly #entries: [key: unknown, entry: Entry][] = []

  get(key: unknown): Entry | undefined {
    const bucket = this.#buckets.get(bucketOf(key))
    return bucket?.find(([other]) => equalKeys(other, key))?.[1]
  }

  has(key: unknown): boolean {
    return this.#buckets.get(bucketOf(key))?.some(([other]) => equalKeys(other, key)) === true
  }

  /** Sets what a key that isn't there stands for. */
  add(key: unknown, entry: Entry): void {
    const pair: [unknown, Entry] = [key, entry]
    this.#entries.push(pair)
    const bucket = this.#buckets.get(bucketOf(key))
    if (bucket === undefined) this.#buckets.set(bucketOf(key), [pair])
    else bucket.push(pair)
  }

  get size(): number {
    return this.#entries.length
  }

  entries(): readonly (readonly [key: unknown, entry: Entry])[] {
    return this.#entries
  }
}

/** The values without those that equal an earlier one. */
export function distinct(values: Iterable<unknown>): unknown[] {
  const seen = new ValueMap<true>()
  for (const value of values) if (!seen.has(value)) seen.add(value, true)
  return seen.entries().map(([value]) => value)
}

/** Missing is a key of its own. */
function equalKeys(a: unknown, b: unknown): boolean {
  return (a === undefined) === (b === undefined) && equalValues(a, b)
}

/** The same for equal keys. Strings get a prefix, so that they don't meet the text of others. */
function bucketOf(key: unknown): unknown {
  if (typeof key === 'string') return `"${key}`
  if (typeof key !== 'object' || key === null) return key
  return textOf(key)
}

function textOf(value: unknown): string {
  if (typeof value === 'number') return value === 0 ? '0' : String(value)
  if (value instanceof Date) return `@${value.getTime()}`
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? ''
  const fields = Object.entries(value).map(([name, field]) => `${JSON.stringify(name)}:${textOf(field)}`)
  return `{${fields.join()}}`
}
