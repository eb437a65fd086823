import { type ExecFileException, execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const run = promisify(execFile)
const child = fileURLToPath(new URL('child.ts', import.meta.url))
const programs = fileURLToPath(new URL('programs/', import.meta.url))

/** One hostile program per file; its first line says how it may end. What must hold besides is the same for all. */
describe.concurrent('hostile programs', () => {
  test.each(readdirSync(programs))('%s', { timeout: 60_000 }, async file => {
    const [firstLine = ''] = readFileSync(programs + file, 'utf8').split('\n')
    const allowed = firstLine.replace('// expect: ', '').split(' ')
    // The child must exit by itself: a wedged thread would keep it here until it is killed, and fail the test.
    const { stdout } = await run(process.execPath, ['--no-node-snapshot', child, programs + file], {
      timeout: 45_000,
    }).catch(({ message, signal, killed, stdout: said }: ExecFileException & { stdout: string }) => {
      throw new Error(
        `${killed ? 'It had not ended after 45 s' : `It ended by ${signal}`}: ${message}${said}`,
      )
    })
    const report = JSON.parse(stdout) as {
      outcome: string
      again: string
      after: number
      status: string
      worstGapMs: number
    }
    expect(allowed).toContain(report.outcome)
    expect(allowed).toContain(report.again)
    expect(report).toMatchObject({ after: 1, status: 'ok' })
  })
})
