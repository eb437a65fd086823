import { afterEach, beforeEach, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'

let host: FunctionHost
beforeEach(async () => {
  host = new FunctionHost({ timeoutMs: 50_000, cpuMs: 50_000, maxHostCalls: 5 })
  const source = `const { domainToASCII } = require('url')
    exports.main = ({ count }) => {
      let done = 0
      try { for (; done < count; done++) domainToASCII('é' + done) } catch (error) { return [done, error.code, error.message] }
      return [done, 'all']
    }`
  await host.deploy('f', { files: { 'index.js': source } })
})
afterEach(() => host.close())

test('calls that the thread waits for have a limit of their own', async () => {
  const { result } = await host.invoke('f', { count: 20 })
  expect(result).toEqual([20, 'all'])
})

test('as many as the limit go through, and one more does not', { timeout: 120_000 }, async () => {
  const at = await host.invoke('f', { count: LIMITS.hostAsks })
  expect(at.result).toEqual([LIMITS.hostAsks, 'all'])
  const over = await host.invoke('f', { count: LIMITS.hostAsks + 1 })
  expect(over.result).toEqual([
    LIMITS.hostAsks,
    'CLOUDLET_VALUE',
    expect.stringContaining('synchronous calls'),
  ])
})

test('after an answer that there is no memory for, the next is heard', async () => {
  const source = `const fs = require('fs')
    const taken = []
    exports.main = () => {
      const file = fs.openSync('large.txt')
      const piece = Buffer.alloc(1024)
      for (let size = 8 * 1024 * 1024; size >= 256 * 1024; ) {
        try { taken.push(new Uint8Array(size)) } catch { size /= 2 }
      }
      let failure
      try { fs.readSync(file, piece) } catch (error) { failure = error.name }
      return [failure, fs.readFileSync('small.txt', 'utf8')]
    }`
  const files = {
    'index.js': source,
    'large.txt': 'x'.repeat(4 * 1024 * 1024),
    'small.txt': 'small',
    'config.json': '{ "memorySize": 32 }',
  }
  await host.deploy('full', { files })
  const { result } = await host.invoke('full')
  expect(result).toEqual(['RangeError', 'small'])
})
