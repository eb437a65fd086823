/**
 * Measures: what hostile functions, and innocent ones that end badly, do to a host and to twenty well-behaved
 * neighbours, each of which is asked every 25 ms, whether the host is busy or not. Each program has a name of its own,
 * so that what the host holds against one is not held against the next, and is called up to three times in a row. Every
 * program of test/isolation and of programs/ is one, but those of LEFT_OUT (program.ts); rows.ts says what is known to
 * bring down a process, and which programs do that.
 * Excludes: speed. A bad function may take what the machine has left.
 *
 *   npm run faults                                all of them on one host with `isolation: 'process'`
 *   npm run faults -- --isolation in-process      each on a host and in a process of its own, to compare
 *   npm run faults -- --only bigint --only deep   those with one of these in their path
 *   npm run faults -- --quick                     a dozen
 *   npm run faults -- --docs                      and write the table of the last complete run into docs/threat-model.md
 *
 * How to read it: disturbance.ts says what the moment of a fault is, and when all neighbours are back. p99 and worst are
 * of calls of neighbours, counted from when they were due; p99 of a class is that of its worst program.
 * `innocent-hello` does nothing wrong: what it does to neighbours is what the machine does. A program beside which they
 * are back too late is tried twice more, and counts with the middle of the three times (again.ts).
 *
 * Exit code 1: the host died, its event loop stood still, neighbours were away for longer than 200 ms, or the process
 * did not end by itself after close().
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeMachine } from '../machine.ts'
import { tryLateAgain } from './again.ts'
import { fillIn } from './docs-table.ts'
import { isQuick, type Program, readPrograms } from './program.ts'
import { type FaultRecord, readFaultRecord, recordPath, writeFaultRecord } from './record.ts'
import { findMissedBars, formatRows, formatVerdict, toRows, warnOfOthers } from './report.ts'
import { type Run, superviseRun } from './supervisor.ts'

const THREAT_MODEL = fileURLToPath(new URL('../../docs/threat-model.md', import.meta.url))

const { values: options } = parseArgs({
  options: {
    isolation: { type: 'string', default: 'process' },
    only: { type: 'string', multiple: true, default: [''] },
    quick: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
  },
})
const { isolation, only, quick, docs } = options
if (isolation !== 'process' && isolation !== 'in-process')
  throw new Error('--isolation is process or in-process.')
const all = readPrograms()
const programs = all.filter(
  program => only.some(part => program.path.includes(part)) && (!quick || isQuick(program)),
)
if (programs.length === 0) throw new Error(`No program has "${only.join('" or "')}" in its path.`)

const machine = describeMachine()
const tryOnce = (these: readonly Program[]): Promise<Run> =>
  superviseRun(isolation, these, verdict => console.log(formatVerdict(verdict)))
const run = await tryLateAgain(await tryOnce(programs), programs, tryOnce)
const record: FaultRecord = { measuredAt: new Date().toISOString(), isolation, machine, ...run }
const isKept = isolation === 'process' && programs.length === all.length
await writeFaultRecord(recordPath(isKept), record)
console.log(`\n${formatRows(toRows(run))}\n`)
const warning = warnOfOthers(run)
if (warning !== undefined) console.log(`${warning}\n`)
const missed = findMissedBars(run)
for (const sentence of missed) console.error(`Missed. ${sentence}`)
if (docs) await writeFile(THREAT_MODEL, fillIn(await readFile(THREAT_MODEL, 'utf8'), await readFaultRecord()))
if (missed.length === 0) console.log('Every bar is met.')
else process.exitCode = 1
