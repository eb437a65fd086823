import { Bench } from 'tinybench'
import { ForeignCpu } from './machine.ts'
import { type Measured, median, type Table, toRows } from './statistics.ts'

/** One way to do the work. */
export interface Contender {
  readonly name: string
  /** One operation, from its start to its end. Checks its own answer, and throws when that is wrong. */
  readonly run: () => Promise<unknown>
  /** Before each operation, untimed. Only with one in flight. */
  readonly prepare?: () => Promise<void>
  /** After each operation, untimed. Only with one in flight. */
  readonly cleanUp?: () => Promise<void>
  /** What `--check` holds its ratio to: at most, for latency; at least, for throughput. */
  readonly bar?: number
}

/** Who takes turns, and how often. */
export interface Turns<T> {
  readonly contenders: readonly T[]
  /** How often the contenders take turns. */
  readonly rounds: number
  /** Rounds before them that don't count: V8 compiles, and instances are made. */
  readonly warmUpRounds: number
}

export interface Comparison extends Turns<Contender> {
  readonly title: string
  /** Operations under way at once. One compares latency, more compare throughput. */
  readonly inFlight: number
  /** Operations of each contender in a round. */
  readonly callsPerRound: number
  /**
   * What one call does so many times, and what is then compared: throughput, also with one call in flight.
   * Without it a call is one operation.
   */
  readonly operationsPerCall?: number
  /** So many of the contenders, the first ones, are floors: that with the best throughput is the others' floor. @default 1 */
  readonly floorCount?: number
  /** Around each turn that counts, untimed. */
  readonly beforeTurn?: (contender: Contender) => void
  readonly afterTurn?: (contender: Contender) => void
}

/** A run is looked at in so many parts, to see how far its ratios wander. */
const PART_COUNT = 5

/** How long a bench may take: `--quick` measures the same with fewer rounds. */
export interface Settings {
  readonly isQuick: boolean
}

/** One question, one file. */
export interface Question {
  readonly name: string
  readonly measure: (settings: Settings) => Promise<Table[]>
}

export interface Slice {
  /** Latency of each operation, in milliseconds. */
  readonly samples: readonly number[]
  readonly elapsedMs: number
}

/** Measures the contenders in turns. The floor comes first in the table. */
export async function compare(comparison: Comparison): Promise<Table> {
  const { title, inFlight, contenders, floorCount = 1, operationsPerCall } = comparison
  globalThis.gc?.()
  const foreign = new ForeignCpu()
  const slices = await takeTurns(comparison, async (contender, isCounted) => {
    if (isCounted) comparison.beforeTurn?.(contender)
    const slice = await runSlice(contender, comparison)
    if (isCounted) comparison.afterTurn?.(contender)
    return slice
  })
  const isThroughput = inFlight > 1 || operationsPerCall !== undefined
  const measured = contenders.map(contender =>
    summarize(contender, slices.get(contender) ?? [], isThroughput, operationsPerCall ?? 1),
  )
  const floors = measured.slice(0, floorCount).sort((left, right) => right.opsPerSecond - left.opsPerSecond)
  const [floor, ...others] = [...floors, ...measured.slice(floorCount)]
  if (floor === undefined) throw new RangeError(`"${title}" has no contender.`)
  return {
    title,
    unit: 'ms',
    better: isThroughput ? 'higher' : 'lower',
    rows: toRows([floor, ...others]),
    foreignCpuShare: foreign.share(),
  }
}

/**
 * By then V8 has all of a call's way compiled, in every process on it: of 64 calls in flight over a WebSocket as many a
 * second came to 0.45 of the floor in the first 40,000 after 24,000, and to 0.6 from then on.
 */
const WARM_UP_CALLS = 65_536

/** Rounds that don't count where calls are what is compared, not what comes before them. */
export function roundsToWarmUp(callsPerRound: number): number {
  return Math.ceil(WARM_UP_CALLS / callsPerRound)
}

/**
 * Lets the contenders take turns, in short slices, so that whatever else the machine does hits them alike, and
 * whoever went first in one round goes last in the next.
 */
export async function takeTurns<T, S>(
  { contenders, rounds, warmUpRounds }: Turns<T>,
  run: (contender: T, isCounted: boolean) => Promise<S>,
): Promise<ReadonlyMap<T, readonly S[]>> {
  const slices = new Map<T, S[]>(contenders.map(contender => [contender, []]))
  for (let round = -warmUpRounds; round < rounds; round++) {
    const first = (round + warmUpRounds) % contenders.length
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      const slice = await run(contender, round >= 0)
      if (round >= 0) slices.get(contender)?.push(slice)
    }
  }
  return slices
}

/** As many parts of equal length as a run is looked at in; the last may be shorter. */
export function splitRun<T>(run: readonly T[]): T[][] {
  const partLength = Math.ceil(run.length / PART_COUNT)
  const parts: T[][] = []
  for (let start = 0; start < run.length; start += partLength)
    parts.push(run.slice(start, start + partLength))
  return parts
}

/** Calls per second. */
export function rateOf(slices: readonly Slice[]): number {
  let count = 0
  let elapsedMs = 0
  for (const slice of slices) {
    count += slice.samples.length
    elapsedMs += slice.elapsedMs
  }
  return (count * 1000) / elapsedMs
}

/** One tinybench sample is a whole burst: each operation that ends starts the next, as long as one may start. */
export async function runBurst(
  { name, run }: Pick<Contender, 'name' | 'run'>,
  inFlight: number,
  mayStart: () => boolean,
): Promise<Slice> {
  const samples: number[] = []
  const burst = async (): Promise<void> => {
    const lane = async (): Promise<void> => {
      while (mayStart()) {
        const startMs = performance.now()
        await run()
        samples.push(performance.now() - startMs)
      }
    }
    await Promise.all(Array.from({ length: inFlight }, lane))
  }
  const [elapsedMs] = await runTask(name, burst, 1, {})
  return { samples, elapsedMs: elapsedMs ?? Number.NaN }
}

function summarize(
  { name, bar }: Contender,
  slices: readonly Slice[],
  isThroughput: boolean,
  operationsPerCall: number,
): Measured & { readonly opsPerSecond: number } {
  return {
    name,
    samples: slices.flatMap(slice => slice.samples),
    parts: splitRun(slices).map(part =>
      isThroughput ? rateOf(part) : median(part.flatMap(slice => slice.samples)),
    ),
    opsPerSecond: rateOf(slices) * operationsPerCall,
    ...(bar === undefined ? undefined : { bar }),
  }
}

async function runSlice(contender: Contender, { inFlight, callsPerRound }: Comparison): Promise<Slice> {
  if (inFlight > 1) {
    let startedCount = 0
    return runBurst(contender, inFlight, () => startedCount++ < callsPerRound)
  }
  const { name, run, prepare, cleanUp } = contender
  const samples = await runTask(name, run, callsPerRound, {
    ...(prepare === undefined ? undefined : { beforeEach: prepare }),
    ...(cleanUp === undefined ? undefined : { afterEach: cleanUp }),
  })
  return { samples, elapsedMs: samples.reduce((sum, sample) => sum + sample, 0) }
}

async function runTask(
  name: string,
  run: () => Promise<unknown>,
  iterations: number,
  hooks: { beforeEach?: () => Promise<void>; afterEach?: () => Promise<void> },
): Promise<readonly number[]> {
  const bench = new Bench({ iterations, time: 0, warmup: false, retainSamples: true, throws: true })
  bench.add(name, run, { async: true, ...hooks })
  const [task] = await bench.run()
  if (task?.result.state !== 'completed') throw new Error(`"${name}" did not complete.`)
  return task.result.latency.samples ?? []
}
