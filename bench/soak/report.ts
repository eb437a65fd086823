import type { PartCount } from './ledger.ts'
import type { Sample } from './probe.ts'
import type { SoakRecord } from './soak.ts'
import type { Trend } from './trend.ts'
import {
  findRestTrend,
  findRssTrend,
  formatTrend,
  RSS_JUDGED_FROM_MS,
  RSS_SLOPE_MAX_MB_PER_MINUTE,
} from './verdict.ts'

/** Rows of the table over time. */
const MOMENTS = 20

const SAMPLE_COLUMNS: readonly (readonly [heading: string, read: (sample: Sample) => number])[] = [
  ['s', ({ timeMs }) => Math.round(timeMs / 1000)],
  ['RSS MB', ({ rssMb }) => Math.round(rssMb)],
  ['heap MB', ({ heapUsedMb }) => Math.round(heapUsedMb)],
  ['external MB', ({ externalMb }) => Math.round(externalMb)],
  ['loop p99 ms', ({ loopDelayP99Ms }) => Math.round(loopDelayP99Ms)],
  ['loop max ms', ({ loopDelayMaxMs }) => Math.round(loopDelayMaxMs)],
  ['resources', ({ activeResources }) => activeResources],
  ['isolates', ({ isolates }) => isolates],
  ['their MB', ({ isolatesMb }) => Math.round(isolatesMb)],
  ['made', ({ createdIsolates }) => createdIsolates],
  ['running', ({ runningInvocations }) => runningInvocations],
  ['queued', ({ queuedInvocations }) => queuedInvocations],
  ['invocations', ({ settledInvocations }) => settledInvocations],
]

/** One line for a terminal, while a soak runs. */
export function formatMoment({ timeMs, rssMb, settledInvocations, loopDelayP99Ms }: Sample): string {
  const seconds = Math.round(timeMs / 1000)
  return `${seconds} s: ${settledInvocations} invocations, RSS ${Math.round(rssMb)} MB, loop p99 ${loopDelayP99Ms} ms`
}

/** What a soak found, as tables and sentences. */
export function formatRecord(record: SoakRecord): string {
  const { samples, parts, told, faults } = record
  const moments = samples.filter((_, index) => index % Math.ceil(samples.length / MOMENTS) === 0)
  const last = samples.at(-1)
  if (last !== undefined && moments.at(-1) !== last) moments.push(last)
  const overTime = [
    SAMPLE_COLUMNS.map(([heading]) => heading),
    ...moments.map(sample => SAMPLE_COLUMNS.map(([, read]) => read(sample).toLocaleString('en'))),
  ]
  const atRest = [
    ['at rest: s', 'RSS MB', 'heap MB', 'isolates', 'their MB'],
    ...record.rests.map(({ timeMs, rssMb, heapUsedMb, isolates, isolatesMb }) =>
      [timeMs / 1000, rssMb, heapUsedMb, isolates, isolatesMb].map(figure =>
        Math.round(figure).toLocaleString('en'),
      ),
    ),
  ]
  const byPart = [
    ['function', 'sent', 'reported', 'endings'],
    ...Object.entries(parts).map(([name, count]) => formatPart(name, count)),
  ]
  const counted = Object.entries(faults).map(([fault, count]) => `${count} ${fault}`)
  return [
    formatTable(overTime, 'number'),
    '',
    formatTable(byPart, 'text'),
    '',
    formatTable(atRest, 'number'),
    '',
    formatTrends(record),
    `${record.invocationCount.toLocaleString('en')} invocations: ${counted.join(', ')}.`,
    ...told,
  ].join('\n')
}

function formatPart(name: string, { sentCount, reportedCount, endings }: PartCount): string[] {
  const ends = Object.entries(endings).map(([ending, count]) => `${ending} ${count.toLocaleString('en')}`)
  return [name, sentCount.toLocaleString('en'), reportedCount.toLocaleString('en'), ends.join(', ')]
}

function formatTrends(record: SoakRecord): string {
  const isJudged = record.durationMs >= RSS_JUDGED_FROM_MS
  const bound = isJudged
    ? `up to ${RSS_SLOPE_MAX_MB_PER_MINUTE} is called flat`
    : 'the run was too short to judge'
  return (
    `RSS at rest over the second half: ${tellTrend(findRestTrend(record))} (${bound}). ` +
    `Under load: ${tellTrend(findRssTrend(record))}.`
  )
}

function tellTrend(trend: Trend | undefined): string {
  return trend === undefined ? 'too few samples for a slope' : formatTrend(trend)
}

/** The first column stands left, and the last if it is text. */
function formatTable(rows: readonly (readonly string[])[], lastIs: 'number' | 'text'): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  const pad = (cell: string, column: number): string => {
    const width = widths[column] ?? 0
    const isText = column === 0 || (lastIs === 'text' && column === widths.length - 1)
    return isText ? cell.padEnd(width) : cell.padStart(width)
  }
  return rows.map(row => row.map(pad).join('  ').trimEnd()).join('\n')
}
