/**
 * Measures cloudlet against the raw floor: plain isolated-vm doing the same work, in the same run, in turns.
 *
 *   npm run bench                              every question
 *   npm run bench -- --quick                   fewer rounds and functions, about two minutes
 *   npm run bench -- cold-start warm-start     these questions
 *   npm run bench -- --json out.json           where the results go
 *   npm run bench -- --quick --check           exit code 1 when a bar is missed
 *   npm run bench -- --no-awake                lets idle cores sleep (awake.ts says what that does to the figures)
 *
 * A complete run goes to bench/results/bench.json, of which readme-table.ts makes README's table; any other to
 * bench/results/latest-bench.json.
 *
 * How to read a table. The first row is the floor. p50, p95 and p99 are of single operations; with many in
 * flight they include waiting for the others. "× floor" compares medians of latency where one operation is under
 * way at a time, and operations per second where there are many; the heading says which way is good. It is taken
 * of each part of the run and is the middle one; "range" has the lowest and the highest. If that is wide, the
 * machine was doing something else. Compare ratios, not times, and no ratio closer than its range.
 *
 * Calls made one at a time are between two threads, which the scheduler keeps on one core or spreads, for a whole
 * run: a raw call takes 13 µs or 50. Those tables are therefore measured on one core (one-core.ts).
 */
import { parseArgs } from 'node:util'
import { admission } from './admission.ts'
import { AwakeCores } from './awake.ts'
import { bridge } from './bridge.ts'
import { cells } from './cells.ts'
import { coldStart } from './cold-start.ts'
import { database } from './database.ts'
import { density } from './density.ts'
import { eviction } from './eviction.ts'
import { files } from './files.ts'
import type { Question } from './harness.ts'
import { describeMachine, readLoad } from './machine.ts'
import { nodeLibrary } from './node-library.ts'
import { countBars, findMissedBars, formatTable } from './report.ts'
import { resultsPath, writeRecord } from './results.ts'
import { scaling } from './scaling.ts'
import type { Table } from './statistics.ts'
import { transport } from './transport.ts'
import { values } from './values.ts'
import { warmStart } from './warm-start.ts'
import { watch } from './watch.ts'

const QUESTIONS: readonly Question[] = [
  coldStart,
  warmStart,
  bridge,
  cells,
  values,
  transport,
  files,
  database,
  watch,
  admission,
  scaling,
  density,
  eviction,
  nodeLibrary,
]

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    quick: { type: 'boolean', default: false },
    awake: { type: 'boolean', default: true },
    check: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
})

const machine = describeMachine()
const loadBefore = readLoad()
console.log(
  `node ${machine.node}, V8 ${machine.v8}, isolated-vm ${machine.isolatedVm}, ${machine.coreCount} cores, ` +
    `load ${loadBefore.toFixed(2)}`,
)
if (loadBefore > machine.coreCount / 2) console.log('The machine is busy: expect wide ranges.')

const results = await measureAll(chooseQuestions(positionals))
const loadAfter = readLoad()
const path = options.json ?? resultsPath('bench', !options.quick && positionals.length === 0)
await writeRecord(path, {
  measuredAt: new Date().toISOString(),
  isQuick: options.quick,
  isKeptAwake: options.awake,
  machine: { ...machine, loadBefore, loadAfter },
  results,
})
console.log(`\nload ${loadAfter.toFixed(2)} afterwards; results in ${path}`)

if (options.check) check(results.flatMap(({ tables }) => tables))

async function measureAll(questions: readonly Question[]): Promise<{ question: string; tables: Table[] }[]> {
  await using _cores = options.awake ? new AwakeCores() : undefined
  const results: { question: string; tables: Table[] }[] = []
  for (const { name, measure } of questions) {
    const tables = await measure({ isQuick: options.quick })
    for (const table of tables) console.log(`\n${formatTable(table)}`)
    results.push({ question: name, tables })
  }
  return results
}

/** @throws {Error} for a name that is no question. */
function chooseQuestions(names: readonly string[]): readonly Question[] {
  const known = QUESTIONS.map(({ name }) => name)
  for (const name of names) {
    if (!known.includes(name))
      throw new Error(`There is no question "${name}"; there are ${known.join(', ')}.`)
  }
  return names.length === 0 ? QUESTIONS : QUESTIONS.filter(({ name }) => names.includes(name))
}

function check(tables: readonly Table[]): void {
  const barCount = tables.reduce((count, table) => count + countBars(table), 0)
  if (barCount === 0) throw new Error('Nothing measured here has a bar to check.')
  const missed = tables.flatMap(findMissedBars)
  for (const sentence of missed) console.error(`Missed. ${sentence}`)
  if (missed.length === 0) console.log(`All ${barCount} bars are met.`)
  else process.exitCode = 1
}
