import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const child = fileURLToPath(new URL('wedged.ts', import.meta.url))
const programs = fileURLToPath(new URL('wedging/', import.meta.url))

const healthy = { isHealthy: true, status: 'ok', reasons: [] }

interface Report {
  readonly outcome: string
  readonly after: { readonly isHealthy: boolean }
  /** A thread of it used a tenth of a core or more, long after its isolate was to end. */
  readonly isSpinning: boolean
  /** Health named the function when it was called again. */
  readonly isStillTold: boolean
  readonly again: string
}

/**
 * Threads V8 can't stop: the call ends all the same, neighbours answer, the function is refused, and health names it
 * and says what to do.
 */
describe.concurrent('programs that wedge their thread', () => {
  test.each(readdirSync(programs))('%s', { timeout: 120_000 }, async file => {
    const [firstLine = ''] = readFileSync(programs + file, 'utf8').split('\n')
    const stdout = await new Promise<string>(resolve => {
      const args = ['--no-node-snapshot', child, programs + file]
      execFile(process.execPath, args, { timeout: 90_000 }, (_, output) => resolve(output))
    })
    const report = JSON.parse(stdout) as Report
    const outcomes = firstLine.replace('// expect: ', '').split(' ')
    expect(outcomes).toContain(report.outcome)
    expect(report).toMatchObject({ before: healthy, neighbour: 1, neighbourAfter: 1 })
    // How long a thread goes on depends on the machine: one that has ended in time, and only that, is none to tell of.
    if (!report.isSpinning && report.after.isHealthy) {
      expect([report.after, outcomes]).toEqual([healthy, expect.arrayContaining([report.again])])
    } else {
      const reasons = [expect.stringMatching(/1 isolate thread.*"bad".*refused.*Drain/)]
      expect(report.after).toMatchObject({ isHealthy: false, status: 'degraded', reasons })
      // One that has ended since is none to refuse the function for.
      expect(report.isStillTold ? ['CLOUDLET_ISOLATE_CRASHED'] : outcomes).toContain(report.again)
    }
  })
})

/** docs/threat-model.md offers embedders this switch, and says of one class of programs that it ends them. */
test('with --no-turboshaft-loop-unrolling, loops of built-ins end', { timeout: 60_000 }, async () => {
  const args = [
    '--no-node-snapshot',
    '--no-turboshaft-loop-unrolling',
    fileURLToPath(new URL('child.ts', import.meta.url)),
  ]
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...args, `${programs}built-ins-in-a-loop.js`],
    { timeout: 45_000 },
  )
  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'CLOUDLET_MEMORY_LIMIT', after: 1, status: 'ok' })
})
