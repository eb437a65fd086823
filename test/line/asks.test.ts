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
