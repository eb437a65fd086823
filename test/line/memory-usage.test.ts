import { afterEach, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'

let host: FunctionHost
afterEach(() => host.close())

test('process.memoryUsage tells what the host measured of the isolate last', async () => {
  host = new FunctionHost()
  const source = `const kept = []
    exports.main = ({ mb }) => {
      for (let i = 0; i < mb; i++) kept.push(new Uint8Array(1048576).fill(1))
      const until = Date.now() + 300
      while (Date.now() < until);
      return process.memoryUsage().heapUsed === process.memoryUsage.rss() && process.memoryUsage().heapUsed
    }`
  await host.deploy('f', { files: { 'index.js': source } })
  await host.invoke('f', { mb: 20 })
  await expect
    .poll(async () => Number((await host.invoke('f', { mb: 0 })).result), { timeout: 20_000 })
    .toBeGreaterThan(20 * 1_048_576)
})
