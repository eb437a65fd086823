/**
 * A program that V8 can't stop: optimised, its loop holds only calls of built-ins, and TurboFan leaves out the
 * check by which a thread is told to end. Prints what the host makes of it and ends by force, since such a thread
 * keeps a process from exiting.
 */
import { FunctionHost } from '../../src/index.ts'

const host = new FunctionHost({ memoryMb: 16, timeoutMs: 5000 })
await host.deploy('good', { files: { 'index.js': 'exports.main = () => 1' } })
await host.deploy('bad', {
  files: {
    'index.js':
      'exports.main = async () => { const kept = []; for (;;) kept.push(new Array(1000).fill(1.5)) }',
  },
})
const before = host.health
const outcome = await host.invoke('bad').catch((error: { code: string }) => error.code)
const neighbour = (await host.invoke('good')).result
const untilMs = Date.now() + 10_000
while (host.health.isHealthy && Date.now() < untilMs) await new Promise(resolve => setTimeout(resolve, 50))
const after = host.health
const neighbourAfter = (await host.invoke('good')).result
process.stdout.write(JSON.stringify({ before, outcome, neighbour, after, neighbourAfter }), () =>
  process.kill(process.pid, 'SIGKILL'),
)
