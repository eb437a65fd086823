import { expect, test } from 'vitest'
import { formatDeployments } from '../../src/cli/invocation-text.ts'

const SUM = {
  name: 'sum',
  version: '0123456789abcdef',
  fileCount: 1,
  sizeBytes: 2048,
  timeoutMs: 20_000,
  cpuMs: 20_000,
  memoryMb: 128,
  concurrency: 10,
  warnings: [],
}

test('functions that anyone may call by HTTP are listed with their paths', () => {
  const [heading = '', ...lines] = formatDeployments([SUM, { ...SUM, name: 'hello', httpPath: '/hello' }])
  expect(heading).toMatch(/memory +http$/)
  expect(lines.find(line => line.startsWith('sum'))).toMatch(/128 MB *$/)
  expect(lines.find(line => line.startsWith('hello'))).toMatch(/128 MB +\/hello$/)
})

test('there is no such column without them', () => {
  expect(formatDeployments([SUM]).join('\n')).not.toContain('http')
})
