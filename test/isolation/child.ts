/**
 * Runs one hostile program beside a well-behaved neighbour, in a process of its own. Prints what became of both as
 * one line of JSON; the process must then end by itself.
 */
import { readFileSync } from 'node:fs'
import { FunctionHost } from '../../src/index.ts'
import { CAPABILITIES } from '../../src/protocol/calls.ts'

const program = readFileSync(process.argv[2] as string, 'utf8')
// What must end by its deadline gets a short one; what must end otherwise has time for it on a busy machine.
const asked = /^\/\/ timeoutMs: (\d+)$/m.exec(program)?.[1]
const timeoutMs = Number(asked ?? (program.startsWith('// expect: CLOUDLET_DEADLINE\n') ? 500 : 15_000))
const host = new FunctionHost({ memoryMb: 32, timeoutMs })
// A neighbour has time to wait for a core, however busy the machine.
await host.deploy('good', {
  files: {
    'index.js': 'exports.main = async event => ({ twice: event.n * 2 })',
    'config.json': '{ "timeout": 30 }',
  },
})
// Strangers are not to have WebAssembly in a host's own process; programs that end all the same say that they have it.
const isTrusted = /^\/\/ capabilities: webAssembly$/m.test(program)
await host.deploy(
  'bad',
  { files: { 'index.js': program } },
  { capabilities: CAPABILITIES.filter(capability => isTrusted || capability !== 'webAssembly') },
)

async function askNeighbour(n: number): Promise<number> {
  const { result } = await host.invoke('good', { n })
  if ((result as { twice: number }).twice !== n * 2) throw new Error('the neighbour answered wrongly')
  return 1
}

let worstGapMs = 0
let lastMs = performance.now()
const heartbeat = setInterval(() => {
  worstGapMs = Math.max(worstGapMs, performance.now() - lastMs)
  lastMs = performance.now()
}, 5)

await askNeighbour(0)
let isOver = false
const bad = host
  .invoke('bad', {}, { caller: { openid: 'attacker' } })
  .then(
    () => 'completed',
    (error: { code?: string }) => error.code ?? String(error),
  )
  .finally(() => {
    isOver = true
  })
let during = 0
while (!isOver) {
  during += await askNeighbour(during)
  await new Promise(resolve => setTimeout(resolve, 20))
}
const outcome = await bad
const after = await askNeighbour(7)
const again = await host.invoke('bad').then(
  () => 'completed',
  (error: { code?: string }) => error.code ?? String(error),
)
clearInterval(heartbeat)
const { status } = host.health
await host.close()
console.log(JSON.stringify({ outcome, again, during, after, status, worstGapMs: Math.round(worstGapMs) }))
