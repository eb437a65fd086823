/** Bits of a number that are kept, the leading one included: numbers less than 0.8 % apart count as one. */
const KEPT_BITS = 8

/**
 * How often each number up to 2 ** 31 was seen. Only what was seen takes room: Node's own histogram has a place for
 * everything that might be, at first 350 KB and 90 µs for each function, when it is called for the first time.
 */
export class Histogram {
  readonly #counts = new Map<number, number>()
  #count = 0
  #max = 0

  get max(): number {
    return this.#max
  }

  record(value: number): void {
    const whole = Math.min(Math.round(value), 2 ** 31 - 1)
    const droppedBits = Math.max(0, 32 - Math.clz32(whole) - KEPT_BITS)
    const kept = (whole >> droppedBits) << droppedBits
    this.#counts.set(kept, (this.#counts.get(kept) ?? 0) + 1)
    this.#count++
    if (whole > this.#max) this.#max = whole
  }

  add(other: Histogram): void {
    for (const [value, count] of other.#counts)
      this.#counts.set(value, (this.#counts.get(value) ?? 0) + count)
    this.#count += other.#count
    this.#max = Math.max(this.#max, other.#max)
  }

  /** The number that `percent` of all are not above; 0 of none. */
  percentile(percent: number): number {
    let left = (this.#count * percent) / 100
    for (const [value, count] of [...this.#counts].sort(([a], [b]) => a - b)) {
      left -= count
      if (left <= 0) return value
    }
    return 0
  }
}
