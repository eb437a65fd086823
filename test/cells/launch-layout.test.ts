import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
let copy = ''

/** A copy of what a cell needs, whose packages lie elsewhere, as with workspaces and package managers that link. */
beforeAll(() => {
  copy = mkdtempSync(join(realpathSync(tmpdir()), 'cloudlet-layout-'))
  const needed = ['package.json', 'src/cells', 'src/isolate', 'src/protocol', 'dist/guest', 'test/cells']
  const words = ['errors', 'cloudlet-error', 'network-error', 'wechat-error', 'limits', 'types'].map(
    name => `src/${name}.ts`,
  )
  for (const path of [...needed, ...words]) cpSync(join(root, path), join(copy, path), { recursive: true })
  writeFileSync(
    join(copy, 'ask.ts'),
    `import { Standin } from './test/cells/standin-client.ts'
    const cell = new Standin()
    const count = await cell.ask('isolates', 2)
    console.log(JSON.stringify([count, (await cell.ask('facts')).isMsgpackrNative]))
    await cell.close()`,
  )
})

afterAll(() => rmSync(copy, { recursive: true, force: true }))

test('a cell starts where node_modules is a link', () => {
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const printed = execFileSync(process.execPath, [join(copy, 'ask.ts')], { encoding: 'utf8' })
  expect(JSON.parse(printed)).toEqual([2, true])
  rmSync(join(copy, 'node_modules'))
})

test('a cell starts where each package is a link', () => {
  mkdirSync(join(copy, 'node_modules'))
  for (const name of ['isolated-vm', 'msgpackr']) {
    symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name))
  }
  const printed = execFileSync(process.execPath, [join(copy, 'ask.ts')], { encoding: 'utf8' })
  expect(JSON.parse(printed)).toEqual([2, true])
})
