/**
 * A sum that keeps the rounding errors of its steps and adds them at the end (Neumaier), so that
 * 0.1 + 0.2 + 0.3 is 0.6, as MongoDB's sums are.
 */
export class Sum {
  #total = 0
  #error = 0

  add(value: number): void {
    const total = this.#total + value
    this.#error +=
      Math.abs(this.#total) >= Math.abs(value) ? this.#total - total + value : value - total + this.#total
    this.#total = total
  }

  get value(): number {
    // Once infinite, the error is NaN and says nothing.
    return Number.isFinite(this.#total) ? this.#total + this.#error : this.#total
  }
}

/** Of all numbers among the values; others don't count. */
export function sumOf(values: Iterable<unknown>): number {
  const sum = new Sum()
  for (const value of values) if (typeof value === 'number') sum.add(value)
  return sum.value
}
