import { FOREIGN_CPU_SHARE_MAX } from '../machine.ts'
import { median } from '../statistics.ts'
import { CLASSES } from './classes.ts'
import type { Run, Verdict } from './supervisor.ts'

/** All neighbours are back within so many milliseconds of the moment of a fault (disturbance.ts). */
export const BACK_BAR_MS = 200
/** A host whose event loop stood still for longer has not survived, though its process lives. */
export const RESPONSIVE_MS = 1000

export const HEADINGS = [
  'class',
  'programs',
  'calls ended as',
  'host survived',
  "neighbours' errors",
  'p99',
  'worst',
  'all back within',
  'cells replaced',
] as const

/** A row for each class, and one for all. The p99 of a class is the highest of its programs'. */
export function toRows({ verdicts }: Pick<Run, 'verdicts'>): string[][] {
  const rows = CLASSES.flatMap(kind => {
    const own = verdicts.filter(verdict => verdict.kind === kind)
    return own.length === 0 ? [] : [toRow(kind, own)]
  })
  return [...rows, toRow('all', verdicts)]
}

/** What of a run is on the wrong side of a bar, as sentences. */
export function findMissedBars({ verdicts, closedHosts }: Run): string[] {
  const missed = verdicts.flatMap(verdict => {
    const { program, fate, exit, trial } = verdict
    if (fate === 'died') return [`${program}: the host died: ${exit}.`]
    if (fate === 'hung' || trial === undefined) return [`${program}: the host hung.`]
    const found: string[] = []
    if (!hasSurvived(verdict)) {
      const late = formatMs(Math.max(trial.loopDelayMs, verdict.silenceMs))
      found.push(`${program}: the host's event loop stood still for ${late}.`)
    }
    const { backMs } = trial.neighbours
    if (backMs === null) found.push(`${program}: not all neighbours came back.`)
    else if (backMs > BACK_BAR_MS) {
      found.push(
        `${program}: all neighbours were back after ${formatMs(backMs)}; the bar is ${BACK_BAR_MS} ms.`,
      )
    }
    return found
  })
  const { expected, ended } = closedHosts
  if (ended < expected) missed.push('The process of a host did not end by itself after close().')
  return missed
}

/** All is well but that neighbours were back too late. */
export function isLate(verdict: Verdict): boolean {
  const backMs = verdict.trial?.neighbours.backMs
  return hasSurvived(verdict) && typeof backMs === 'number' && backMs > BACK_BAR_MS
}

/** Whether others had so much of the machine that it says little of us. Undefined where that isn't known. */
export function warnOfOthers({ verdicts }: Pick<Run, 'verdicts'>): string | undefined {
  const shares = verdicts.flatMap(({ foreignCpuShare }) => foreignCpuShare ?? [])
  const share = median(shares)
  if (!(share > FOREIGN_CPU_SHARE_MAX)) return undefined
  return `Other processes took ${Math.round(share * 100)} % of the cores meanwhile: expect better on a quiet machine.`
}

/** Its process lives, and its event loop went round all the time. */
export function hasSurvived({ fate, silenceMs, trial }: Verdict): boolean {
  return fate === 'survived' && silenceMs <= RESPONSIVE_MS && (trial?.loopDelayMs ?? 0) <= RESPONSIVE_MS
}

/** One line, as soon as it is known. */
export function formatVerdict(verdict: Verdict): string {
  const { program, fate, exit = '', trial, foreignCpuShare = 0 } = verdict
  if (trial === undefined) return `${program}: the host ${fate} ${exit}`.trimEnd()
  const { neighbours, loopDelayMs, replacedCells, unexpected } = trial
  const { errors, calls, p99Ms, worstMs, backMs } = neighbours
  const cells = replacedCells === 0 ? '' : `, ${replacedCells} cells replaced`
  const others =
    foreignCpuShare > FOREIGN_CPU_SHARE_MAX ? `, others ${Math.round(foreignCpuShare * 100)} % CPU` : ''
  const unlike = unexpected.length === 0 ? '' : `; its test names no ${unexpected.join(', ')}`
  return (
    `${program}: ${formatCounts(trial.outcomes)}; neighbours: ${sum(errors)} errors of ${calls}` +
    `${sum(errors) === 0 ? '' : ` (${formatCounts(errors)})`}, p99 ${formatMs(p99Ms)}, worst ${formatMs(worstMs)}, ` +
    `back within ${formatMs(backMs)}; loop ${formatMs(loopDelayMs)}${cells}${others}${unlike}`
  )
}

/** The table for a terminal. */
export function formatRows(rows: readonly (readonly string[])[]): string {
  const all = [HEADINGS, ...rows]
  const widths = HEADINGS.map((_, column) => Math.max(...all.map(row => row[column]?.length ?? 0)))
  return all
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function toRow(label: string, verdicts: readonly Verdict[]): string[] {
  const trials = verdicts.flatMap(({ trial }) => (trial === undefined ? [] : [trial]))
  const calls = trials.reduce((total, { neighbours }) => total + neighbours.calls, 0)
  const errors = trials.reduce((total, { neighbours }) => total + sum(neighbours.errors), 0)
  const worst = (
    read: (neighbours: (typeof trials)[number]['neighbours']) => number | null,
  ): number | null => {
    const values = trials.map(({ neighbours }) => read(neighbours))
    return values.includes(null) ? null : Math.max(...values.map(Number))
  }
  const isBack = trials.length === verdicts.length
  return [
    label,
    String(verdicts.length),
    formatCounts(addUp(trials.map(({ outcomes }) => outcomes))),
    `${verdicts.filter(hasSurvived).length}/${verdicts.length}`,
    calls === 0
      ? ''
      : `${errors} of ${calls.toLocaleString('en')} (${((errors / calls) * 100).toFixed(2)} %)`,
    trials.length === 0 ? '' : formatMs(worst(({ p99Ms }) => p99Ms)),
    trials.length === 0 ? '' : formatMs(worst(({ worstMs }) => worstMs)),
    isBack ? formatMs(worst(({ backMs }) => backMs)) : 'never',
    String(trials.reduce((total, { replacedCells }) => total + replacedCells, 0)),
  ]
}

/** The most frequent first. */
function formatCounts(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .sort(([, left], [, right]) => right - left)
    .map(([code, count]) => `${code.replace('CLOUDLET_', '')} ${count}`)
    .join(', ')
}

function addUp(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {}
  for (const counts of all) {
    for (const [code, count] of Object.entries(counts)) total[code] = (total[code] ?? 0) + count
  }
  return total
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

function formatMs(ms: number | null): string {
  return ms === null ? 'never' : `${Math.round(ms)} ms`
}
