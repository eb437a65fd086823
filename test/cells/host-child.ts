/** A host of its own process, whose cells' main threads, or threads of their isolates, are busy. Prints their pids. */
import { FunctionHost } from '../../src/index.ts'

const host = new FunctionHost({ isolation: 'process', cells: { count: 1 }, onWarning: () => {} })
const how = process.argv[2]
const source = `exports.main = ({ isBad }) => {
  if (isBad) Array.prototype.forEach.call({ reads: 0, get length() { return this.reads++ === 0 ? 1 : 2 ** 53 - 1 } }, Math.abs)
}`
await host.deploy('f', { files: { 'index.js': source } })
// Quick by then, it is entered on the main thread of its cell.
if (how === 'main thread') for (let call = 0; call < 40; call++) await host.invoke('f')
while (host.stats().cells.some(({ isReady }) => !isReady))
  await new Promise(resolve => setTimeout(resolve, 10))
const pids = host.stats().cells.map(({ pid }) => pid)
if (how !== 'idle') void host.invoke('f', { isBad: true })
// Sent before this one is over.
setImmediate(() => process.stdout.write(`${JSON.stringify(pids)}\n`))
