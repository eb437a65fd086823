/**
 * Runs a program that V8 can't stop. Prints what the host makes of it and ends by force, since such a thread keeps a
 * process from exiting.
 */
import { readFileSync } from 'node:fs'
import { FunctionHost } from '../../src/index.ts'

const host = new FunctionHost({ memoryMb: 16, timeoutMs: 2000 })
const files = { 'index.js': 'exports.main = () => 1', 'config.json': '{ "timeout": 30 }' }
await host.deploy('good', { files })
await host.deploy('bad', { files: { 'index.js': readFileSync(process.argv[2] as string, 'utf8') } })
const codeOf = (error: { code: string }): string => error.code
const before = host.health
const outcome = await host.invoke('bad').catch(codeOf)
const neighbour = (await host.invoke('good')).result
const untilMs = Date.now() + 12_000
while (host.health.isHealthy && Date.now() < untilMs) await new Promise(resolve => setTimeout(resolve, 50))
const after = host.health
// Nothing of this process does anything now but a thread that goes on.
const restMs = 1000
const cpu = process.cpuUsage()
await new Promise(resolve => setTimeout(resolve, restMs))
const { user, system } = process.cpuUsage(cpu)
const isSpinning = user + system > restMs * 100
const isStillTold = !host.health.isHealthy
const again = await host.invoke('bad').catch(codeOf)
const neighbourAfter = (await host.invoke('good')).result
process.stdout.write(
  JSON.stringify({ before, outcome, neighbour, after, isSpinning, isStillTold, again, neighbourAfter }),
  () => process.kill(process.pid, 'SIGKILL'),
)
