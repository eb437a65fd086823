/** The value below which `share` (0 to 1) of the values lie, interpolated. NaN for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right)
  const place = (sorted.length - 1) * share
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** What a bench says of one contender. Latencies and sizes are in the unit of its table. */
export interface Row {
  readonly name: string
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly sampleCount: number
  /** Operations per second, where there are operations. */
  readonly opsPerSecond?: number
  /** Ratio to the floor, which is the first row: the middle one of those of the parts of the run. */
  readonly ratio: number
  /** Lowest and highest of them: how far to trust it. */
  readonly ratioRange: readonly [low: number, high: number]
  /** What `--check` holds the ratio to: at most, where lower is better; at least, where higher is. */
  readonly bar?: number
  /** What `--check` holds p99 itself to, in the unit of the table: at most. */
  readonly p99Bar?: number
}

export interface Table {
  readonly title: string
  /** `×`: the samples are ratios themselves, such as how much faster two cores are than one. */
  readonly unit: 'ms' | 'KB' | 'maps' | '×'
  /** Which way the ratio is good: latency and memory are better low, throughput high. */
  readonly better: 'lower' | 'higher'
  readonly rows: readonly Row[]
  /** CPU that other processes took while it was measured, as a share of all cores. */
  readonly foreignCpuShare?: number
}

/** One contender, measured. `parts` has what ratios are taken of: the median latency, or the throughput, of each part of the run. */
export interface Measured {
  readonly name: string
  readonly samples: readonly number[]
  readonly parts: readonly number[]
  readonly opsPerSecond?: number
  readonly bar?: number
  readonly p99Bar?: number
}

/** Rows in the given order; the first is the floor. Parts are paired, since they were measured side by side. */
export function toRows(measured: readonly [floor: Measured, ...others: Measured[]]): Row[] {
  const [floor] = measured
  return measured.map(({ name, bar, p99Bar, samples, parts, opsPerSecond }) => {
    const ratios = parts.map((part, index) => part / (floor.parts[index] ?? Number.NaN))
    return {
      name,
      p50: median(samples),
      p95: quantile(samples, 0.95),
      p99: quantile(samples, 0.99),
      sampleCount: samples.length,
      ratio: median(ratios),
      ratioRange: [Math.min(...ratios), Math.max(...ratios)],
      ...(opsPerSecond === undefined ? undefined : { opsPerSecond }),
      ...(bar === undefined ? undefined : { bar }),
      ...(p99Bar === undefined ? undefined : { p99Bar }),
    }
  })
}
