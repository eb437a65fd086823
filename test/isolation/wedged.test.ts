import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test('a thread V8 can not stop: its call ends, neighbours answer, and health says what to do', {
  timeout: 60_000,
}, async () => {
  const child = fileURLToPath(new URL('wedged.ts', import.meta.url))
  const stdout = await new Promise<string>(resolve => {
    execFile(process.execPath, ['--no-node-snapshot', child], { timeout: 45_000 }, (_, output) =>
      resolve(output),
    )
  })
  expect(JSON.parse(stdout)).toEqual({
    before: { isHealthy: true, status: 'ok', reasons: [] },
    outcome: 'CLOUDLET_MEMORY_LIMIT',
    neighbour: 1,
    after: {
      isHealthy: false,
      status: 'degraded',
      reasons: [expect.stringMatching(/1 isolate thread.*Drain it/)],
    },
    neighbourAfter: 1,
  })
})
