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

/** The rows whose ratio is on the wrong side of their bar, as sentences. */
export function findMissedBars(table: Table): string[] {
  return table.rows
    .filter(
      ({ bar, ratio }) => bar !== undefined && !(table.better === 'lower' ? ratio <= bar : ratio >= bar),
    )
    .map(({ name, ratio, bar = Number.NaN }) => {
      const side = table.better === 'lower' ? 'at most' : 'at least'
      return `${table.title}: ${name} is ${ratio.toFixed(2)}× the floor; the bar is ${side} ${bar.toFixed(2)}×.`
    })
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

function formatAmount(value: number, unit: Table['unit']): string {
  if (unit === 'KB') return `${Math.round(value)} KB`
  return value < 1 ? `${(value * 1000).toFixed(0)} µs` : `${value.toFixed(2)} ms`
}

function warnOf({ foreignCpuShare = 0 }: Table): string[] {
  if (foreignCpuShare <= FOREIGN_CPU_SHARE_MAX) return []
  const percent = Math.round(foreignCpuShare * 100)
  return [`Other processes took ${percent} % of the cores meanwhile: trust the ratios, not the times.`]
}
