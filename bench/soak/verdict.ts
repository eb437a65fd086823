import { FAULTS } from './ledger.ts'
import type { Sample } from './probe.ts'
import type { SoakRecord } from './soak.ts'
import { fitTrend, type Trend } from './trend.ts'

/** Invocations a soak has to make in a minute, on the machine it is meant for: two cores. */
export const INVOCATIONS_PER_MINUTE = 20_000
/** A shorter run is mostly start. */
export const COUNT_JUDGED_FROM_MS = 60_000
/**
 * What is called flat, of RSS at the rests: ten kilobytes kept of each isolate, or a hundred bytes of each invocation,
 * would be more than this. Under load isolates' heaps breathe by a hundred megabytes together, over minutes, so that its
 * slope there says nothing of what is kept (rest.ts): it is told.
 */
export const RSS_SLOPE_MAX_MB_PER_MINUTE = 5
/** Standard errors that chance adds to a slope in one of forty runs. */
const CERTAIN = 2
/** A shorter run is all warm-up: its slope is told and not judged. */
export const RSS_JUDGED_FROM_MS = 5 * 60_000

/** RSS over the second half of the run, in megabytes per minute. Undefined with fewer than three samples there. */
export function findRssTrend({
  samples,
  durationMs,
}: Pick<SoakRecord, 'samples' | 'durationMs'>): Trend | undefined {
  return fitRss(samples.filter(({ timeMs }) => timeMs >= durationMs / 2 && timeMs <= durationMs))
}

/** The same of RSS at the rests. */
export function findRestTrend({
  rests,
  durationMs,
}: Pick<SoakRecord, 'rests' | 'durationMs'>): Trend | undefined {
  return fitRss(rests.filter(({ timeMs }) => timeMs >= durationMs / 2))
}

function fitRss(samples: readonly Pick<Sample, 'timeMs' | 'rssMb'>[]): Trend | undefined {
  if (samples.length < 3) return undefined
  return fitTrend(samples.map(({ timeMs, rssMb }) => [timeMs / 60_000, rssMb]))
}

/** More than is called flat, and not by chance: in ten minutes the slope is known to some 10 MB a minute, in thirty to 2. */
function isSteep({ slope, standardError }: Trend): boolean {
  return slope - CERTAIN * standardError > RSS_SLOPE_MAX_MB_PER_MINUTE
}

export function formatTrend({ slope, standardError }: Trend): string {
  return `${slope.toFixed(2)} ± ${(CERTAIN * standardError).toFixed(2)} MB a minute`
}

/** Why the soak failed, as sentences. None: it passed. */
export function findFailures(record: SoakRecord): string[] {
  const { durationMs, faults, invocationCount, notices, health } = record
  const failures: string[] = []
  for (const fault of FAULTS) {
    if (faults[fault] > 0) failures.push(`${faults[fault]} ${fault}.`)
  }
  const leastCount = Math.round((durationMs / 60_000) * INVOCATIONS_PER_MINUTE)
  if (durationMs >= COUNT_JUDGED_FROM_MS && invocationCount < leastCount)
    failures.push(`${invocationCount} invocations were made; ${leastCount} is the least.`)
  const trend = findRestTrend(record)
  if (trend !== undefined && durationMs >= RSS_JUDGED_FROM_MS && isSteep(trend)) {
    failures.push(
      `RSS at rest grows by ${formatTrend(trend)}; ${RSS_SLOPE_MAX_MB_PER_MINUTE} is called flat.`,
    )
  }
  if (health !== 'ok') failures.push(`The host's health is "${health}".`)
  failures.push(...notices.map(notice => `The host said: ${notice}`))
  return failures
}
