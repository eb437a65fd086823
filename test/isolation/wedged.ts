/**
 * Runs a program that V8 can't stop. Prints what the host makes of it and ends by force, since such a thread keeps a
 * process from exiting.
 */
import { readFileSync } from 'node:fs'
import { FunctionHost } from '../../src/index.ts'

const host = new FunctionHost({ memoryMb: 16, timeoutMs: 2000 })
await host.deploy('good', { files: { 'index.js': 'exports.main = () => 1' } })
await host.deploy('bad', { files: { 'index.js': readFileSync(process.argv[2] as string, 'utf8') } })
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
