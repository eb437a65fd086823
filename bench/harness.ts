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

export interface Comparison {
  readonly title: string
  /** Operations under way at once. One compares latency, more compare throughput. */
  readonly inFlight: number
  /** How often the contenders take turns. */
  readonly rounds: number
  /** Rounds before them that don't count: V8 compiles, and instances are made. */
  readonly warmUpRounds: number
  /** Operations of each contender in a round. */
  readonly callsPerRound: number
  readonly contenders: readonly [floor: Contender, ...others: Contender[]]
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

interface Slice {
  /** Latency of each operation, in milliseconds. */
  readonly samples: readonly number[]
  readonly elapsedMs: number
}

/**
 * Measures the contenders in turns, in short slices, so that whatever else the machine does hits them alike,
 * and whoever went first in one round goes last in the next.
 */
export async function compare(comparison: Comparison): Promise<Table> {
  const { title, inFlight, rounds, warmUpRounds, contenders } = comparison
  const slices = new Map<Contender, Slice[]>(contenders.map(contender => [contender, []]))
  globalThis.gc?.()
  const foreign = new ForeignCpu()
  for (let round = -warmUpRounds; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(turn + round + warmUpRounds) % contenders.length]
      if (contender === undefined) throw new RangeError('A turn beyond the contenders.')
      const slice = await runSlice(contender, comparison)
      if (round >= 0) slices.get(contender)?.push(slice)
    }
  }
  const measure = (contender: Contender): Measured =>
    summarize(contender, slices.get(contender) ?? [], inFlight)
  const [floor, ...others] = contenders
  return {
    title,
    unit: 'ms',
    better: inFlight === 1 ? 'lower' : 'higher',
    rows: toRows([measure(floor), ...others.map(measure)]),
    foreignCpuShare: foreign.share(),
  }
}

function summarize({ name, bar }: Contender, slices: readonly Slice[], inFlight: number): Measured {
  const samples = slices.flatMap(slice => slice.samples)
  const partLength = Math.ceil(slices.length / PART_COUNT)
  const parts: number[] = []
  for (let start = 0; start < slices.length; start += partLength) {
    const part = slices.slice(start, start + partLength)
    parts.push(inFlight === 1 ? median(part.flatMap(slice => slice.samples)) : rateOf(part))
  }
  return {
    name,
    samples,
    parts,
    opsPerSecond: rateOf(slices),
    ...(bar === undefined ? undefined : { bar }),
  }
}

/** Operations per second. */
function rateOf(slices: readonly Slice[]): number {
  let count = 0
  let elapsedMs = 0
  for (const slice of slices) {
    count += slice.samples.length
    elapsedMs += slice.elapsedMs
  }
  return (count * 1000) / elapsedMs
}

async function runSlice(contender: Contender, { inFlight, callsPerRound }: Comparison): Promise<Slice> {
  if (inFlight > 1) return runBurst(contender, inFlight, callsPerRound)
  const { name, run, prepare, cleanUp } = contender
  const samples = await runTask(name, run, callsPerRound, {
    ...(prepare === undefined ? undefined : { beforeEach: prepare }),
    ...(cleanUp === undefined ? undefined : { afterEach: cleanUp }),
  })
  return { samples, elapsedMs: samples.reduce((sum, sample) => sum + sample, 0) }
}

/** One tinybench sample is a whole burst: each operation that ends starts the next, until all have been made. */
async function runBurst({ name, run }: Contender, inFlight: number, callCount: number): Promise<Slice> {
  const samples: number[] = []
  const burst = async (): Promise<void> => {
    let startedCount = 0
    const lane = async (): Promise<void> => {
      while (startedCount++ < callCount) {
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
