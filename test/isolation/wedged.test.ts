import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const child = fileURLToPath(new URL('wedged.ts', import.meta.url))
const programs = fileURLToPath(new URL('wedging/', import.meta.url))

/** Threads V8 can't stop: the call ends all the same, neighbours answer, and health says what to do. */
describe('programs that wedge their thread', () => {
  test.each(readdirSync(programs))('%s', { timeout: 60_000 }, async file => {
    const [firstLine = ''] = readFileSync(programs + file, 'utf8').split('\n')
    const stdout = await new Promise<string>(resolve => {
      const args = ['--no-node-snapshot', child, programs + file]
      execFile(process.execPath, args, { timeout: 45_000 }, (_, output) => resolve(output))
    })
    expect(JSON.parse(stdout)).toEqual({
      before: { isHealthy: true, status: 'ok', reasons: [] },
      outcome: firstLine.replace('// expect: ', ''),
      neighbour: 1,
      after: {
        isHealthy: false,
        status: 'degraded',
        reasons: [expect.stringMatching(/1 isolate thread.*Drain it/)],
      },
      neighbourAfter: 1,
    })
  })
})
