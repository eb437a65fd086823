import type { Visit } from './visitor.ts'

const OUTCOME_CHARS = 60

/** One line for each visit. */
export function formatVisits(visits: readonly Visit[]): string {
  const rows = visits.map(visit => [
    visit.functionName,
    visit.visitorName,
    visit.isCold === undefined ? '-' : visit.isCold ? 'cold' : 'warm',
    formatMs(visit.elapsedMs),
    cut(visit.outcome),
  ])
  return formatTable(['function', 'user', 'start', 'ms', 'result'], rows, new Set([3]))
}

/** One line for each function and one for all: how long cold and warm calls took. */
export function formatLatencies(visits: readonly Visit[]): string {
  const byFunction = Map.groupBy(visits, visit => visit.functionName)
  const rows = [...byFunction].map(([name, calls]) => [name, ...summarise(calls)])
  rows.push(['all', ...summarise(visits)])
  const quantiles = (kind: string): string[] => [kind, 'p50', 'p95', 'p99']
  const header = ['function', ...quantiles('cold'), ...quantiles('warm')]
  const table = formatTable(header, rows, new Set(header.map((_, column) => column).slice(1)))
  return `${table}\n\nMilliseconds from call to result over the WebSocket, calls inside the function included.`
}

function summarise(visits: readonly Visit[]): string[] {
  return [true, false].flatMap(isCold => {
    const sorted = visits
      .filter(visit => visit.isCold === isCold)
      .map(visit => visit.elapsedMs)
      .sort((one, other) => one - other)
    return [`${sorted.length}×`, ...[0.5, 0.95, 0.99].map(share => formatMs(quantile(sorted, share)))]
  })
}

/** The smallest value that at least this share of the values doesn't exceed. */
function quantile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.ceil(sorted.length * share) - 1]
}

function formatMs(ms: number | undefined): string {
  return ms === undefined ? '-' : ms.toFixed(ms < 10 ? 2 : 1)
}

function cut(text: string): string {
  const characters = [...text.replaceAll('\n', ' ')]
  return characters.length > OUTCOME_CHARS ? `${characters.slice(0, OUTCOME_CHARS - 1).join('')}…` : text
}

function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  rightAligned: ReadonlySet<number>,
): string {
  const lines = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0)))
  const format = (line: readonly string[]): string =>
    line
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return rightAligned.has(column) ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  const rule = widths.map(width => '─'.repeat(width)).join('  ')
  return [format(header), rule, ...rows.map(format)].join('\n')
}
