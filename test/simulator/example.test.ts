import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE_CODE = join(ROOT, 'examples/guestbook/miniprogram')

test('examples/simulator runs the guestbook’s page code as several users', async () => {
  const args = ['--no-node-snapshot', 'examples/simulator/main.ts']
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: ROOT })
  expect(stderr).toBe('')
  expect(stdout.trimEnd().split('\n')).toHaveLength(9)
  expect(stdout).toMatch(/Everything on the screens was as expected\.\n$/)
})

test('the example of docs/simulator.md runs, in the guestbook’s folder', async () => {
  const [, code = ''] =
    /^```js\n(.*?)^```/ms.exec(readFileSync(join(ROOT, 'docs/simulator.md'), 'utf8')) ?? []
  expect(code).toContain('createSimulator')
  const args = ['--no-node-snapshot', '--input-type=module', '--eval', code]
  const { stderr } = await promisify(execFile)(process.execPath, args, {
    cwd: join(ROOT, 'examples/guestbook'),
  })
  expect(stderr).toBe('')
})

test('the guestbook’s page code knows nothing but wx and itself', () => {
  const scripts = readdirSync(PAGE_CODE, { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.js'),
  )
  expect(scripts.length).toBeGreaterThan(3)
  for (const name of scripts) {
    const text = readFileSync(join(PAGE_CODE, name), 'utf8')
    expect(text).not.toMatch(/cloudlet|createCloud|wss?:/)
    for (const [, specifier] of text.matchAll(/require\('([^']*)'\)/g)) expect(specifier).toMatch(/^\./)
  }
})
