/**
 * Ends right after an isolate died, or while one runs: by `host.close()`, after which the process must end by itself,
 * or by `process.exit()`. Prints `done` before.
 */
import { FunctionHost } from '../../src/index.ts'

const PROGRAMS: Readonly<Record<string, string>> = {
  deadline: 'exports.main = () => { for (;;); }',
  memory: 'exports.main = () => { const kept = []; for (;;) kept.push({ kept: [1, 2, 3] }) }',
  text: 'exports.main = () => { const kept = []; for (let i = 0; ; i++) kept.push(("x" + i).repeat(1e5)) }',
  waiting: 'exports.main = () => new Promise(() => {})',
  wasm: 'exports.main = () => new WebAssembly.Memory({ initial: 5000 }) && new Promise(() => {})',
}

const [, , how = '', when = '', name = ''] = process.argv
const host = new FunctionHost({ memoryMb: 16, timeoutMs: 300 })
await host.deploy('bad', { files: { 'index.js': PROGRAMS[name] ?? '' } })
const calls = Array.from({ length: 4 }, () => host.invoke('bad').catch(() => {}))
if (when === 'after') await Promise.all(calls)
else await new Promise(resolve => setTimeout(resolve, 100))
if (how === 'close') await host.close()
process.stdout.write('done')
if (how === 'exit') process.exit(7)
