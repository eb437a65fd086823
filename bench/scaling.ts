/**
 * Measures: how much more two CPU-bound functions at once get done than one alone; and what a function that spins
 * all the time leaves to its neighbours: the work of one and of two CPU-bound ones, and the latency of a tiny call.
 * Excludes: making the instances.
 * Run with: npm run bench -- scaling
 *
 * The floor is plain isolated-vm doing the same, where the operating system shares the cores out fairly. A spinner
 * can take one core, so a neighbour's latency may rise to n/(n−1) times on n cores; that is the bar of its slowdown.
 */
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { FunctionHost } from 'cloudlet'
import { type Engine, makeHostEngine, makeRawEngine } from './cpu-engines.ts'
import { type Question, rateOf, runBurst, type Slice, splitRun, takeTurns } from './harness.ts'
import { type Measured, median, type Table, toRows } from './statistics.ts'

const SHARE_BAR = 0.95
/** The spinner is at it before the first call of a slice, and after the last. */
const SPIN_LEAD_MS = 10
const SPIN_TAIL_MS = 40

/** One way to keep an engine busy: so many calls at once, beside a spinning function or not. */
interface Load {
  readonly engine: Engine
  readonly kind: 'compute' | 'hello'
  readonly inFlight: number
  readonly isSpinning: boolean
}

/** What came of each load, by its place in `loadsOf`. */
interface Results {
  readonly one: readonly Slice[]
  readonly two: readonly Slice[]
  readonly oneSpinning: readonly Slice[]
  readonly twoSpinning: readonly Slice[]
  readonly hello: readonly Slice[]
  readonly helloSpinning: readonly Slice[]
}

export const scaling: Question = {
  name: 'scaling',
  measure: async ({ isQuick }) => {
    await using host = new FunctionHost()
    using raw = await makeRawEngine()
    const ours = await makeHostEngine(host)
    const rawLoads = loadsOf(raw)
    const ourLoads = loadsOf(ours)
    const slices = await takeTurns(
      {
        contenders: [...Object.values(rawLoads), ...Object.values(ourLoads)],
        rounds: isQuick ? 5 : 20,
        warmUpRounds: 1,
      },
      load => runLoad(load, isQuick ? 240 : 500),
    )
    const resultsOf = (loads: Record<keyof Results, Load>): Results => {
      const of = (key: keyof Results): readonly Slice[] => slices.get(loads[key]) ?? []
      return {
        one: of('one'),
        two: of('two'),
        oneSpinning: of('oneSpinning'),
        twoSpinning: of('twoSpinning'),
        hello: of('hello'),
        helloSpinning: of('helloSpinning'),
      }
    }
    return toTables(resultsOf(rawLoads), resultsOf(ourLoads))
  },
}

function loadsOf(engine: Engine): Record<keyof Results, Load> {
  const compute = { engine, kind: 'compute' } as const
  const hello = { engine, kind: 'hello', inFlight: 1 } as const
  return {
    one: { ...compute, inFlight: 1, isSpinning: false },
    two: { ...compute, inFlight: 2, isSpinning: false },
    oneSpinning: { ...compute, inFlight: 1, isSpinning: true },
    twoSpinning: { ...compute, inFlight: 2, isSpinning: true },
    hello: { ...hello, isSpinning: false },
    helloSpinning: { ...hello, isSpinning: true },
  }
}

async function runLoad({ engine, kind, inFlight, isSpinning }: Load, sliceMs: number): Promise<Slice> {
  const spinning = isSpinning ? engine.spin(Date.now() + SPIN_LEAD_MS + sliceMs + SPIN_TAIL_MS) : undefined
  if (isSpinning) await sleep(SPIN_LEAD_MS)
  const endMs = performance.now() + sliceMs
  const slice = await runBurst(
    { name: engine.name, run: () => engine[kind]() },
    inFlight,
    () => performance.now() < endMs,
  )
  await spinning
  return slice
}

function toTables(raw: Results, ours: Results): Table[] {
  const share = (title: string, over: keyof Results, under: keyof Results): Table => {
    const measured = (name: string, results: Results): Measured => {
      const parts = splitRun(results[over]).map(
        (part, index) => rateOf(part) / rateOf(splitRun(results[under])[index] ?? []),
      )
      return { name, samples: parts, parts }
    }
    const floor = measured('raw isolated-vm', raw)
    return {
      title,
      unit: '×',
      better: 'higher',
      rows: toRows([floor, { ...measured('cloudlet', ours), bar: SHARE_BAR }]),
    }
  }
  const cores = availableParallelism()
  return [
    share('Scaling: two CPU-bound functions at once, against one', 'two', 'one'),
    share('Beside a spinning function: work of one CPU-bound neighbour, against alone', 'oneSpinning', 'one'),
    share(
      'Beside a spinning function: work of two CPU-bound neighbours, against alone',
      'twoSpinning',
      'two',
    ),
    slowdown('raw isolated-vm', raw),
    slowdown('cloudlet', ours, cores / (cores - 1)),
  ]
}

function slowdown(name: string, { hello, helloSpinning }: Results, bar?: number): Table {
  const row = (label: string, slices: readonly Slice[]): Measured => ({
    name: label,
    samples: slices.flatMap(({ samples }) => samples),
    parts: splitRun(slices).map(part => median(part.flatMap(({ samples }) => samples))),
  })
  const beside = row('beside a spinning function', helloSpinning)
  return {
    title: `Latency of a tiny call, ${name}`,
    unit: 'ms',
    better: 'lower',
    rows: toRows([
      row('undisturbed', hello),
      { ...beside, ...(bar === undefined || !Number.isFinite(bar) ? undefined : { bar }) },
    ]),
  }
}
