import type { Program } from './program.ts'
import { hasSurvived, isLate } from './report.ts'
import type { Run, Verdict } from './supervisor.ts'

/** Tries of a program whose neighbours were late at first. */
const TRIES = 3

/**
 * Tries programs again, twice, whose neighbours were back too late the first time, and lets each count with the middle
 * of its three times: on shared cores some are late for what others do, and innocent code among them. What is worse is
 * never excused: a try after which the host or a neighbour was gone counts, whatever the others gave.
 *
 * @param tryOnce Each program once, on one host.
 */
export async function tryLateAgain(
  first: Run,
  programs: readonly Program[],
  tryOnce: (late: readonly Program[]) => Promise<Run>,
): Promise<Run> {
  const late = programs.filter(({ path }) =>
    first.verdicts.some(verdict => verdict.program === path && isLate(verdict)),
  )
  const runs = [first]
  while (late.length > 0 && runs.length < TRIES) runs.push(await tryOnce(late))
  const verdicts = first.verdicts.map(verdict =>
    isLate(verdict) ? middleOf(runs.flatMap(run => run.verdicts.filter(isOf(verdict)))) : verdict,
  )
  return {
    verdicts,
    closedHosts: {
      expected: sum(runs.map(({ closedHosts }) => closedHosts.expected)),
      ended: sum(runs.map(({ closedHosts }) => closedHosts.ended)),
    },
  }
}

function isOf({ program }: Verdict): (verdict: Verdict) => boolean {
  return verdict => verdict.program === program
}

function middleOf(tries: readonly Verdict[]): Verdict {
  const triedBackMs = tries.map(({ trial }) => trial?.neighbours.backMs ?? null)
  const harm = tries.find(verdict => !hasSurvived(verdict) || verdict.trial?.neighbours.backMs === null)
  const byTime = [...tries].sort((left, right) => backMsOf(left) - backMsOf(right))
  const counted = harm ?? (byTime[Math.floor(byTime.length / 2)] as Verdict)
  return { ...counted, triedBackMs }
}

function backMsOf({ trial }: Verdict): number {
  return trial?.neighbours.backMs ?? Number.POSITIVE_INFINITY
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
