import type { Document } from './document.ts'
import { isNullish, type Operator, type OperatorTable } from './evaluation.ts'
import { mergeInto } from './expression-object.ts'
import { Sum, sumOf } from './sum.ts'
import { ValueMap } from './value-map.ts'
import { compareValues } from './value-order.ts'
import { sizeOf } from './value-size.ts'

/** What a group makes of the values of its documents, in their order. A missing value is undefined. */
export interface Accumulator {
  add(value: unknown): void
  /** Adds numbers at once, where that comes to the same: by their sum, if it and all on the way to it are exact. */
  addNumbers?(sum: number, count: number): void
  /** Null where MongoDB has nothing better to say. */
  result(): unknown
}

/** Told of each change of what an accumulator holds, in bytes. */
export type Hold = (bytes: number) => void

/** By MongoDB's names. */
export const ACCUMULATORS: Readonly<Record<string, (hold: Hold) => Accumulator>> = {
  $addToSet: hold => new DistinctValues(hold),
  $avg: () => new Average(),
  $count: () => new Count(),
  $first: hold => new Kept(hold, 'first'),
  $last: hold => new Kept(hold, 'last'),
  $max: hold => new Extreme(hold, 1),
  $mergeObjects: hold => new Merged(hold),
  $min: hold => new Extreme(hold, -1),
  $push: hold => new Pushed(hold),
  $stdDevPop: () => new Deviation(0),
  $stdDevSamp: () => new Deviation(1),
  $sum: () => new Total(),
}

/** Those that are expressions too: over several operands, or the elements of the only one. */
export const ACCUMULATOR_EXPRESSIONS: OperatorTable = {
  $avg: overOperands(() => new Average()),
  $max: overOperands(hold => new Extreme(hold, 1)),
  $min: overOperands(hold => new Extreme(hold, -1)),
  $stdDevPop: overOperands(() => new Deviation(0)),
  $stdDevSamp: overOperands(() => new Deviation(1)),
  $sum: {
    least: 0,
    most: Infinity,
    compute: operands => sumOf(elementsOf(operands)),
  },
}

function overOperands(create: (hold: Hold) => Accumulator): Operator {
  return {
    least: 0,
    most: Infinity,
    compute: operands => {
      const accumulator = create(() => {})
      for (const value of elementsOf(operands)) accumulator.add(value)
      return accumulator.result()
    },
  }
}

function elementsOf(operands: readonly unknown[]): readonly unknown[] {
  const [only] = operands
  return operands.length === 1 && Array.isArray(only) ? only : operands
}

class Total implements Accumulator {
  readonly #sum = new Sum()

  add(value: unknown): void {
    if (typeof value === 'number') this.#sum.add(value)
  }

  addNumbers(sum: number): void {
    this.#sum.add(sum)
  }

  result(): number {
    return this.#sum.value
  }
}

class Average implements Accumulator {
  readonly #sum = new Sum()
  #count = 0

  add(value: unknown): void {
    if (typeof value !== 'number') return
    this.#sum.add(value)
    this.#count++
  }

  addNumbers(sum: number, count: number): void {
    this.#sum.add(sum)
    this.#count += count
  }

  result(): number | null {
    return this.#count === 0 ? null : this.#sum.value / this.#count
  }
}

class Count implements Accumulator {
  #count = 0

  add(): void {
    this.#count++
  }

  addNumbers(_sum: number, count: number): void {
    this.#count += count
  }

  result(): number {
    return this.#count
  }
}

/** The standard deviation of the numbers, by Welford's method. */
class Deviation implements Accumulator {
  /** 1 for a sample of all there is, else 0. */
  readonly #missing: 0 | 1
  #count = 0
  #mean = 0
  #squares = 0

  constructor(missing: 0 | 1) {
    this.#missing = missing
  }

  add(value: unknown): void {
    if (typeof value !== 'number') return
    this.#count++
    const difference = value - this.#mean
    this.#mean += difference / this.#count
    this.#squares += difference * (value - this.#mean)
  }

  result(): number | null {
    const count = this.#count - this.#missing
    return count <= 0 ? null : Math.sqrt(this.#squares / count)
  }
}

/** What keeps one value at a time, and says how much memory that is. */
class Kept implements Accumulator {
  readonly #hold: Hold
  readonly #which: 'first' | 'last'
  #isSet = false
  #value: unknown
  #sizeBytes = 0

  constructor(hold: Hold, which: 'first' | 'last') {
    this.#hold = hold
    this.#which = which
  }

  add(value: unknown): void {
    if (this.#isSet && this.#which === 'first') return
    this.#isSet = true
    this.#value = value
    const sizeBytes = sizeOf(value)
    this.#hold(sizeBytes - this.#sizeBytes)
    this.#sizeBytes = sizeBytes
  }

  result(): unknown {
    return this.#value ?? null
  }
}

/** The greatest or the least value that is not null. */
class Extreme implements Accumulator {
  readonly #kept: Kept
  readonly #direction: 1 | -1
  #best: unknown

  constructor(hold: Hold, direction: 1 | -1) {
    this.#kept = new Kept(hold, 'last')
    this.#direction = direction
  }

  add(value: unknown): void {
    if (isNullish(value)) return
    if (this.#best !== undefined && compareValues(value, this.#best) * this.#direction <= 0) return
    this.#best = value
    this.#kept.add(value)
  }

  result(): unknown {
    return this.#kept.result()
  }
}

class Pushed implements Accumulator {
  readonly #hold: Hold
  readonly #values: unknown[] = []

  constructor(hold: Hold) {
    this.#hold = hold
  }

  add(value: unknown): void {
    if (value === undefined) return
    this.#hold(8 + sizeOf(value))
    this.#values.push(value)
  }

  result(): unknown[] {
    return this.#values
  }
}

class DistinctValues implements Accumulator {
  readonly #hold: Hold
  readonly #values = new ValueMap<true>()

  constructor(hold: Hold) {
    this.#hold = hold
  }

  add(value: unknown): void {
    if (value === undefined || this.#values.has(value)) return
    // Held twice: as it is, and as what it is found by.
    this.#hold(2 * sizeOf(value))
    this.#values.add(value, true)
  }

  result(): unknown[] {
    return this.#values.entries().map(([value]) => value)
  }
}

class Merged implements Accumulator {
  readonly #hold: Hold
  readonly #merged: Document = {}

  constructor(hold: Hold) {
    this.#hold = hold
  }

  add(value: unknown): void {
    mergeInto(this.#merged, value)
    this.#hold(sizeOf(value))
  }

  result(): Document {
    return this.#merged
  }
}
