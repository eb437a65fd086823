/**
 * Measures: whether a host that runs good and hostile functions side by side for a long time gives each caller its
 * own right answer, once, and stays as large as it was. Good ones answer, echo 10 KB with 64 in flight under a cap of
 * 32 MB, come in waves in which one of hundreds goes wrong, use database, storage, timers and other functions,
 * compute, log, fan out and leave work behind; hostile ones loop, exhaust memory, recurse, flood, throw what can't be
 * read, never answer, or are given up by their caller. Callers are sixteen users, four of them at the WebSocket door;
 * one function is deployed again and again.
 * Twice a minute everybody rests, and garbage is collected: whether memory is flat is judged by what is resident then.
 * Runs with MALLOC_ARENA_MAX=2, as README tells those who embed the host: else glibc keeps a heap for each of the
 * threads that isolates run on, and their gaps grow for a quarter of an hour (native-notes/memory.md).
 * Excludes: speed. Its functions take what the machine has, so delays of the event loop are those of a full host.
 *
 *   npm run soak                                  ten minutes
 *   npm run soak -- --minutes 2 --seed 7          shorter; the seed decides what each caller sends, and in which order
 *   npm run soak -- --json out.json               where the record goes; bench/results/soak.json otherwise
 *
 * Exit code 1: an answer was wrong, lost, doubled or another caller's; an invocation ended as its function gives no
 * reason to; fewer than 20,000 invocations a minute; the host warned of something; or RSS grew (verdict.ts).
 */
import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeMachine, ForeignCpu } from '../machine.ts'
import { formatMoment, formatRecord } from './report.ts'
import { runSoak } from './soak.ts'
import { findFailures, findRestTrend, findRssTrend } from './verdict.ts'

// The C library reads it once, when a process starts.
if (process.platform === 'linux' && process.env['MALLOC_ARENA_MAX'] === undefined) {
  const env = { ...process.env, MALLOC_ARENA_MAX: '2' }
  const { status } = spawnSync(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    env,
    stdio: 'inherit',
  })
  process.exit(status ?? 1)
}

const RECORD = fileURLToPath(new URL('../results/soak.json', import.meta.url))

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    json: { type: 'string', default: RECORD },
  },
})
const minutes = Number(options.minutes)
const seed = Number(options.seed)
if (!(minutes > 0 && minutes <= 24 * 60)) throw new Error('--minutes is a number above 0, up to 1440.')
if (!Number.isSafeInteger(seed)) throw new Error('--seed is a whole number.')

const machine = describeMachine()
const foreign = new ForeignCpu()
const record = await runSoak({
  durationMs: Math.round(minutes * 60_000),
  seed,
  onSample: sample => process.stdout.isTTY && process.stdout.write(`\r${formatMoment(sample)}   `),
})
const failures = findFailures(record)
console.log(`${process.stdout.isTTY ? '\n' : ''}${formatRecord(record)}`)
const foreignCpuShare = foreign.share()
const written = {
  measuredAt: new Date().toISOString(),
  machine,
  foreignCpuShare,
  rssTrend: findRssTrend(record),
  restTrend: findRestTrend(record),
  failures,
  ...record,
}
await mkdir(dirname(options.json), { recursive: true })
await writeFile(options.json, `${JSON.stringify(written, undefined, 2)}\n`)
for (const failure of failures) console.error(`Failed. ${failure}`)
if (failures.length === 0) console.log('Passed.')
else process.exitCode = 1
