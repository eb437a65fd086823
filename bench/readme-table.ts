/**
 * Writes README's performance tables, between its two markers, from the last complete runs: bench/results/bench.json
 * and bench/results/peers.json. Run with: node bench/readme-table.ts
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { formatAmount } from './report.ts'
import { type BenchRecord, readRecord } from './results.ts'
import type { Row, Table } from './statistics.ts'

const README = fileURLToPath(new URL('../README.md', import.meta.url))
const START = '<!-- performance -->'
const END = '<!-- /performance -->'
/** Told in README although no bar is set for them. */
const WITHOUT_BAR = ['eviction', 'node-library']

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const readme = await readFile(README, 'utf8')
  await writeFile(README, fillIn(readme, await readRecord('bench'), await readRecord('peers')))
}

/**
 * README with tables of these records between its markers.
 *
 * @throws {Error} when it has no markers.
 */
export function fillIn(readme: string, bench: BenchRecord, peers: BenchRecord): string {
  const [before, rest] = readme.split(START)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined)
    throw new Error(`README.md has no "${START}" followed by "${END}".`)
  const text = [
    describeRun('Measured', bench),
    formatFloorTable(bench),
    describeRun('Beside other ways to run many functions from one Node process, measured', peers),
    formatPeerTable(peers),
    ...(peers.unmeasured ?? []).map(({ name, reason }) => `${name} was not measurable: ${reason}`),
  ]
  return `${before}${START}\n${text.join('\n\n')}\n${END}${after}`
}

function describeRun(what: string, { measuredAt, isQuick, machine }: BenchRecord): string {
  const { cpuModel, coreCount, platform, node, isolatedVm, loadBefore } = machine
  const isBusy = loadBefore > coreCount / 2
  return (
    `${what} on ${measuredAt.slice(0, 10)}: ${cpuModel}, ${coreCount} cores, ${platform}, Node ${node}, ` +
    `isolated-vm ${isolatedVm}${isQuick ? ', in a quick run' : ''}.` +
    (isBusy ? ' The machine was busy with other work at the time: expect better on a quiet one.' : '')
  )
}

/** A line for each row that has a bar, beside the floor of its table. */
function formatFloorTable({ results }: BenchRecord): string {
  const lines = results.flatMap(({ question, tables }) =>
    tables.flatMap(table => {
      const [floor, ...others] = table.rows
      if (floor === undefined) return []
      return others
        .filter(row => isOurs(row) && (hasBar(row) || WITHOUT_BAR.includes(question)))
        .map(row => formatLine(table, row, floor, WITHOUT_BAR.includes(question)))
    }),
  )
  return formatMarkdown([['', 'cloudlet', 'raw isolated-vm', 'ratio', 'goal'], ...lines])
}

function isOurs({ name }: Row): boolean {
  return !name.startsWith('raw ')
}

function hasBar({ bar, p99Bar }: Row): boolean {
  return bar !== undefined || p99Bar !== undefined
}

function formatLine(table: Table, row: Row, floor: Row, hasTail: boolean): string[] {
  const { bar, p99Bar, ratio, name } = row
  const label = name === 'cloudlet' ? table.title : `${table.title} (${name})`
  const format = ({ p50, p99, opsPerSecond }: Row): string => {
    const tail = formatAmount(p99, table.unit)
    if (p99Bar !== undefined) return `p99 ${tail}`
    if (table.better === 'higher' && opsPerSecond !== undefined) return formatRate(opsPerSecond)
    return hasTail ? `${formatAmount(p50, table.unit)}, p99 ${tail}` : formatAmount(p50, table.unit)
  }
  const sign = table.better === 'lower' ? '≤' : '≥'
  const goals = [
    ...(bar === undefined ? [] : [`${sign} ${bar}×`]),
    ...(p99Bar === undefined ? [] : [`p99 ≤ ${formatAmount(p99Bar, table.unit)}`]),
  ]
  return [
    label,
    format(row),
    `${format(floor)}${describeFloor(floor)}`,
    `${ratio.toFixed(2)}×`,
    goals.join(', '),
  ]
}

/** What the floor is, unless it is what the column says. */
function describeFloor({ name }: Row): string {
  const what = name.replace(/^raw isolated-vm(?:, )?/, '')
  return what === '' ? '' : ` (${what})`
}

/** A line for each peer, with a column for each of the run's tables. */
function formatPeerTable({ results, peers = [] }: BenchRecord): string {
  const tables = results.flatMap(result => result.tables)
  const headings = tables.map(({ title }) => title.replace('Peers: ', ''))
  const lines = peers.map(({ name, place }) => [
    name,
    place,
    ...tables.map(table => {
      const row = table.rows.find(candidate => candidate.name === name)
      if (row === undefined) return ''
      return table.better === 'higher' ? formatRate(row.opsPerSecond) : formatAmount(row.p50, table.unit)
    }),
  ])
  return formatMarkdown([['', 'a function runs in', ...headings], ...lines])
}

function formatRate(opsPerSecond = Number.NaN): string {
  return `${Math.round(opsPerSecond).toLocaleString('en')}/s`
}

function formatMarkdown(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'))
  return [head, rule, ...body].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}
