import { type Measured, quantile, type Table, toRows } from './statistics.ts'

const EVERY_MS = 1

/**
 * How long the event loop keeps a timer of one millisecond waiting, while each contender has its turn. The millisecond
 * is part of each sample. A timer of our own, since the histograms of `monitorEventLoopDelay` can't be added up.
 */
export class LoopDelay {
  readonly #turns = new Map<string, number[][]>()
  #samples: number[] = []
  #timer: NodeJS.Timeout | undefined

  start(): void {
    const samples: number[] = []
    this.#samples = samples
    let lastMs = performance.now()
    this.#timer = setInterval(() => {
      const nowMs = performance.now()
      samples.push(nowMs - lastMs)
      lastMs = nowMs
    }, EVERY_MS)
  }

  stop(name: string): void {
    clearInterval(this.#timer)
    const turns = this.#turns.get(name)
    if (turns === undefined) this.#turns.set(name, [this.#samples])
    else turns.push(this.#samples)
  }

  /** Rows in the order of a table of the same contenders; `bars` has what p99 of some is held to, in milliseconds. */
  toTable({ title, rows }: Table, bars: ReadonlyMap<string, number>): Table {
    const [floor, ...others] = rows.map(({ name }) => this.#measured(name, bars.get(name)))
    if (floor === undefined) throw new RangeError(`"${title}" has no rows.`)
    return {
      title: `${title}: delay of the event loop`,
      unit: 'ms',
      better: 'lower',
      rows: toRows([floor, ...others]),
    }
  }

  #measured(name: string, p99Bar: number | undefined): Measured {
    const turns = this.#turns.get(name) ?? []
    return {
      name,
      samples: turns.flat(),
      parts: turns.map(turn => quantile(turn, 0.99)),
      ...(p99Bar === undefined ? undefined : { p99Bar }),
    }
  }
}
