import type { FaultRecord } from './record.ts'
import { BACK_BAR_MS, HEADINGS, toRows, warnOfOthers } from './report.ts'

const START = '<!-- faults -->'
const END = '<!-- /faults -->'

/**
 * docs/threat-model.md with the table of this record between its markers.
 *
 * @throws {Error} when it has no markers.
 */
export function fillIn(text: string, record: FaultRecord): string {
  const [before, rest] = text.split(START)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined)
    throw new Error(`The text has no "${START}" followed by "${END}".`)
  return `${before}${START}\n${describeRun(record)}\n\n${formatMarkdown(toRows(record))}\n${END}${after}`
}

function describeRun(record: FaultRecord): string {
  const { measuredAt, machine, isolation, verdicts } = record
  const { cpuModel, coreCount, platform, node, isolatedVm } = machine
  const warning = warnOfOthers(record)
  const againCount = verdicts.filter(({ triedBackMs }) => triedBackMs !== undefined).length
  return (
    `Measured on ${measuredAt.slice(0, 10)} with \`isolation: '${isolation}'\`, ${verdicts.length} programs: ${cpuModel}, ` +
    `${coreCount} cores, ${platform}, Node ${node}, isolated-vm ${isolatedVm}. The bar: the host survives, and all ` +
    `neighbours are back within ${BACK_BAR_MS} ms.` +
    (againCount === 0
      ? ''
      : ` They were not the first time beside ${againCount} of the programs, which were tried twice more and count with the middle time.`) +
    (warning === undefined ? '' : ` ${warning}`)
  )
}

function formatMarkdown(rows: readonly (readonly string[])[]): string {
  const rule = HEADINGS.map((_, column) => (column === 0 || column === 2 ? '---' : '---:'))
  return [HEADINGS, rule, ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}
