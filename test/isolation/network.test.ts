import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const run = promisify(execFile)
const child = fileURLToPath(new URL('network-child.ts', import.meta.url))
const programs = fileURLToPath(new URL('network/', import.meta.url))

interface Report {
  readonly outcomes: readonly string[]
  readonly arrived: readonly string[]
  readonly requests: readonly { readonly url: string; readonly headers: Readonly<Record<string, string>> }[]
}

/** Each program says on a line of its own which outcomes its attempts may have. */
describe.concurrent('programs that reach for what is not theirs', () => {
  test.each(readdirSync(programs))('%s', { timeout: 60_000 }, async file => {
    const [, pattern = ''] = /^\/\/ expect: (.+)$/m.exec(readFileSync(programs + file, 'utf8')) ?? []
    const { stdout } = await run(process.execPath, ['--no-node-snapshot', child, programs + file], {
      timeout: 45_000,
    })
    const { outcomes, arrived, requests } = JSON.parse(stdout) as Report
    expect(arrived).toEqual([])
    expect(outcomes.length).toBeGreaterThan(0)
    for (const outcome of outcomes) expect(outcome).toMatch(new RegExp(`^(?:${pattern})$`))
    for (const { url, headers } of requests) {
      expect(url).not.toMatch(/injected/)
      expect(headers).not.toHaveProperty('injected')
    }
  })
})
