import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { CloudletError, type FunctionHost } from 'cloudlet'
import { quantile } from '../statistics.ts'
import { findDisturbances, msUntilAllBack, type NeighbourCall, SLOW_MS } from './disturbance.ts'
import { NEIGHBOUR_COUNT, type Neighbours } from './neighbours.ts'
import type { Program } from './program.ts'

/** What one program did to the host and to its neighbours. Times in milliseconds. */
export interface Trial {
  readonly program: string
  readonly kind: string
  /** How its calls ended, by code, `completed` or `no answer`. */
  readonly outcomes: Readonly<Record<string, number>>
  /** Those of them that its test doesn't name. Time limits are shorter here, and a function may be blocked. */
  readonly unexpected: readonly string[]
  readonly neighbours: {
    /** Due from the first bad call until a second after the last, or until all were back. */
    readonly calls: number
    readonly errors: Readonly<Record<string, number>>
    readonly p99Ms: number
    /** Null: not within the time that was watched. */
    readonly worstMs: number | null
    /** Times at which at least one was away (disturbance.ts). */
    readonly disturbances: number
    /** From the moment of the fault until all were back. Null: not within the time that was watched. */
    readonly backMs: number | null
  }
  /** The longest time the event loop of the host was late. */
  readonly loopDelayMs: number
  /** Processes that were ended or died, as the host counts them. */
  readonly replacedCells: number
  /** What the host warned of, the first few. */
  readonly warnings: readonly string[]
}

/** Where programs are tried. */
export interface Stage {
  readonly host: FunctionHost
  readonly neighbours: Neighbours
  /** Warnings since they were last taken. */
  readonly takeWarnings: () => string[]
  readonly countReplacedCells: () => number
  readonly event: Readonly<Record<string, unknown>>
}

/** Goes of one program, one after the other. No other is begun once they took so long together. */
const MOST_GOES = 3
const GOES_MS = 4000
/** A thread that goes on after its isolate was ended is noticed within this, and its consequences with it. */
const TAIL_MS = 1000
/** None was away for so long before a program begins. */
const CALM_MS = 400
/** So long are neighbours waited for. */
const AWAY_MAX_MS = 10_000
/** A call that has no answer by so long after its time limit has none. */
const NO_ANSWER_MS = 20_000
const LOOK_EVERY_MS = 50
const LOOP_RESOLUTION_MS = 5
const TOLD_WARNINGS = 5

/** Deploys a program under a name of its own, calls it, watches the neighbours, and takes it away. */
export async function runTrial(stage: Stage, program: Program, number: number): Promise<Trial> {
  const { host, neighbours } = stage
  const name = `bad-${number}`
  const replacedBefore = stage.countReplacedCells()
  await waitForCalm(neighbours)
  const delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
  delay.enable()
  stage.takeWarnings()
  const startMs = performance.now()
  const outcomes = await runGoes(stage, program, name)
  const endMs = performance.now()
  await sleep(TAIL_MS)
  const calls = await watchUntilBack(neighbours, startMs, endMs)
  delay.disable()
  const warnings = stage.takeWarnings()
  await host.remove(name)
  const times = calls.map(call => call.endMs - call.dueMs)
  return {
    program: program.path,
    kind: program.kind,
    outcomes,
    unexpected: Object.keys(outcomes).filter(code => program.expected?.includes(code) === false),
    neighbours: {
      calls: calls.length,
      errors: countBy(calls.flatMap(({ code }) => (code === undefined ? [] : [code]))),
      p99Ms: quantile(times, 0.99),
      worstMs: orNull(Math.max(...times)),
      disturbances: findDisturbances(calls).length,
      backMs: orNull(msUntilAllBack(calls, endMs, NEIGHBOUR_COUNT)),
    },
    // The histogram counts the time between two looks, of which so much is the wait it asked for.
    loopDelayMs: Math.max(0, delay.max / 1e6 - LOOP_RESOLUTION_MS),
    replacedCells: stage.countReplacedCells() - replacedBefore,
    warnings: warnings.slice(0, TOLD_WARNINGS),
  }
}

/** How all calls of the bad function ended. A deployment that fails is one of them. */
async function runGoes(stage: Stage, program: Program, name: string): Promise<Record<string, number>> {
  // Some call themselves.
  const source = program.source.replaceAll("name: 'bad'", `name: '${name}'`)
  const config = {
    timeout: program.timeoutMs / 1000,
    memorySize: program.memoryMb,
    concurrency: program.concurrency,
  }
  const outcomes: string[] = []
  try {
    await stage.host.deploy(name, { files: { 'index.js': source }, config })
  } catch (error) {
    return { [codeOf(error)]: 1 }
  }
  const untilMs = performance.now() + GOES_MS
  for (let go = 0; go < MOST_GOES && performance.now() < untilMs; go++)
    outcomes.push(...(await runGo(stage, program, name)))
  return countBy(outcomes)
}

/** The calls of one go: most programs are called once. */
async function runGo({ host, event }: Stage, program: Program, name: string): Promise<string[]> {
  const { eventChars, calls, inFlight, timeoutMs } = program
  const sent = eventChars === 0 ? event : { ...event, text: 'x'.repeat(eventChars) }
  const outcomes: string[] = []
  let begun = 0
  const lane = async (): Promise<void> => {
    while (begun < calls) {
      begun++
      const answer = host
        .invoke(name, sent, { caller: { openid: 'attacker' } })
        .then(() => 'completed', codeOf)
      outcomes.push(await Promise.race([answer, giveUp(timeoutMs + NO_ANSWER_MS)]))
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  return outcomes
}

async function giveUp(afterMs: number): Promise<string> {
  await sleep(afterMs, undefined, { ref: false })
  return 'no answer'
}

/** What the program before has left behind is not this one's. */
async function waitForCalm(neighbours: Neighbours): Promise<void> {
  const untilMs = performance.now() + AWAY_MAX_MS
  do {
    neighbours.take()
    await sleep(CALM_MS)
  } while (performance.now() < untilMs && findDisturbances(watch(neighbours)).length > 0)
  neighbours.take()
}

/** Calls of neighbours that are over, or should be. */
function watch(neighbours: Neighbours): NeighbourCall[] {
  return [...neighbours.calls, ...neighbours.unanswered(performance.now() - SLOW_MS)]
}

/** Calls of neighbours since a moment, once all are back, or were waited for long enough. */
async function watchUntilBack(
  neighbours: Neighbours,
  startMs: number,
  endMs: number,
): Promise<NeighbourCall[]> {
  const untilMs = performance.now() + AWAY_MAX_MS
  for (;;) {
    const calls = watch(neighbours).filter(({ dueMs }) => dueMs >= startMs)
    const isBack = Number.isFinite(msUntilAllBack(calls, endMs, NEIGHBOUR_COUNT))
    if (isBack || performance.now() > untilMs) return calls
    await sleep(LOOK_EVERY_MS)
  }
}

function countBy(codes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1
  return counts
}

function codeOf(error: unknown): string {
  return error instanceof CloudletError ? error.code : String(error)
}

function orNull(ms: number): number | null {
  return Number.isFinite(ms) ? ms : null
}
