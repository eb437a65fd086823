/**
 * Measures other ways to run many functions from a Node process, in turns with plain isolated-vm and cloudlet, on the
 * same work: the first call of a function that isn't loaded, warm calls of it, a 10 KB JSON echo, fib(20), and the
 * memory of one more function. Excludes: starting a peer; deploying, where a peer has such a thing.
 *
 *   npm run bench:peers                        all of them, to bench/results/peers.json
 *   npm run bench:peers -- --quick             fewer rounds, to bench/results/latest-peers.json
 *   npm run bench:peers -- --json out.json     where the results go
 *
 * Their packages are installed in bench/peers at the first run. A peer that can't be started is left out, and the
 * record says why.
 */
import { parseArgs } from 'node:util'
import { AwakeCores } from './awake.ts'
import { describeMachine, readLoad } from './machine.ts'
import { PEERS } from './peer-list.ts'
import { installPeers } from './peer-packages.ts'
import { measurePeers, type StartedPeer } from './peer-tables.ts'
import { formatTable } from './report.ts'
import { resultsPath, type UnmeasuredPeer, writeRecord } from './results.ts'
import type { Table } from './statistics.ts'

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    quick: { type: 'boolean', default: false },
    awake: { type: 'boolean', default: true },
    json: { type: 'string' },
  },
})

await installPeers()
const machine = describeMachine()
const loadBefore = readLoad()
const unmeasured: UnmeasuredPeer[] = []
const tables = await measure()
for (const { name, reason } of unmeasured) console.log(`\n${name} was not measurable: ${reason}`)
const path = options.json ?? resultsPath('peers', !options.quick)
await writeRecord(path, {
  measuredAt: new Date().toISOString(),
  isQuick: options.quick,
  isKeptAwake: options.awake,
  machine: { ...machine, loadBefore, loadAfter: readLoad() },
  results: [{ question: 'peers', tables }],
  peers: PEERS.filter(({ name }) => tables.some(({ rows }) => rows.some(row => row.name === name))).map(
    ({ name, place }) => ({ name, place }),
  ),
  unmeasured,
})
console.log(`\nResults in ${path}`)

async function measure(): Promise<Table[]> {
  await using _cores = options.awake ? new AwakeCores() : undefined
  const started: StartedPeer[] = []
  try {
    for (const peer of PEERS) {
      try {
        started.push({ peer, runtime: await peer.start() })
      } catch (error) {
        unmeasured.push({ name: peer.name, reason: String(error) })
      }
    }
    const measured: Table[] = []
    for await (const table of measurePeers(started, { isQuick: options.quick })) {
      console.log(`\n${formatTable(table)}`)
      measured.push(table)
    }
    return measured
  } finally {
    for (const { runtime } of started) await runtime.close()
  }
}
