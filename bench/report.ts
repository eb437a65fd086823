import { FOREIGN_CPU_SHARE_MAX } from './machine.ts'
import type { Row, Table } from './statistics.ts'

const HEADINGS = ['', 'p50', 'p95', 'p99', 'ops/s', '× floor', 'range', 'samples'] as const

/** A table as text. How to read it stands at the top of main.ts. */
export function formatTable(table: Table): string {
  const cells = [HEADINGS, ...table.rows.map((row, index) => formatRow(row, table, index === 0))]
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map(row => row[column]?.length ?? 0)))
  const lines = cells.map(row =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  )
  return [`${table.title}  (× floor: ${table.better} is better)`, ...lines, ...warnOf(table)].join('\n')
}

/** What of a table is on the wrong side of its bar, as sentences. */
export function findMissedBars(table: Table): string[] {
  const { title, unit, better, rows } = table
  return rows.flatMap(({ name, ratio, bar, p99, p99Bar }) => {
    const missed: string[] = []
    if (bar !== undefined && !(better === 'lower' ? ratio <= bar : ratio >= bar)) {
      const side = better === 'lower' ? 'at most' : 'at least'
      missed.push(
        `${title}: ${name} is ${ratio.toFixed(2)}× the floor; the bar is ${side} ${bar.toFixed(2)}×.`,
      )
    }
    if (p99Bar !== undefined && !(p99 <= p99Bar)) {
      const [is, most] = [formatAmount(p99, unit), formatAmount(p99Bar, unit)]
      missed.push(`${title}: p99 of ${name} is ${is}; the bar is at most ${most}.`)
    }
    return missed
  })
}

/** How many bars a table has. */
export function countBars({ rows }: Table): number {
  return rows.reduce(
    (count, { bar, p99Bar }) => count + (bar === undefined ? 0 : 1) + (p99Bar === undefined ? 0 : 1),
    0,
  )
}

function formatRow(row: Row, { unit }: Table, isFloor: boolean): string[] {
  const { name, p50, p95, p99, opsPerSecond, ratio, ratioRange, sampleCount } = row
  const [low, high] = ratioRange
  return [
    name,
    ...[p50, p95, p99].map(value => formatAmount(value, unit)),
    opsPerSecond === undefined ? '' : Math.round(opsPerSecond).toLocaleString('en'),
    isFloor ? 'floor' : `${ratio.toFixed(2)}×`,
    isFloor ? '' : `${low.toFixed(2)}–${high.toFixed(2)}`,
    sampleCount.toLocaleString('en'),
  ]
}

/** A figure with its unit, as short as it can be told. */
export function formatAmount(value: number, unit: Table['unit']): string {
  if (unit === 'KB') return `${Math.round(value).toLocaleString('en')} KB`
  if (unit === 'maps') return value.toFixed(1)
  if (unit === '×') return `${value.toFixed(2)}×`
  return value < 1 ? `${(value * 1000).toFixed(0)} µs` : `${value.toFixed(2)} ms`
}

function warnOf({ foreignCpuShare = 0 }: Table): string[] {
  if (foreignCpuShare <= FOREIGN_CPU_SHARE_MAX) return []
  const percent = Math.round(foreignCpuShare * 100)
  return [`Other processes took ${percent} % of the cores meanwhile: trust the ratios, not the times.`]
}
