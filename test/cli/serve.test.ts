import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DevProcess, makeFolder, runCommand } from './command.ts'

const WHO =
  "const cloud = require('wx-server-sdk')\ncloud.init()\nexports.main = () => cloud.getWXContext().OPENID\n"
/** More than a heap of 16 MB holds, again and again: V8 gives up, and with it the process. */
const BOMB =
  'exports.main = () => { const kept = []; for (;;) kept.push(new Array(1000).fill(kept.length)) }\n'

test('serves those who have a token, and nobody else', async () => {
  const folder = await makeFolder({
    'functions/who/index.js': WHO,
    'tokens.json': '{ "secret": { "openid": "o-ming" } }',
  })
  const tokens = join(folder, 'tokens.json')
  const served = await DevProcess.ready(
    [join(folder, 'functions'), '--memory', '--tokens', tokens],
    {},
    'serve',
  )
  expect(served.output).toContain("token: '…'")
  const known = await runCommand(['invoke', 'who', '--url', served.url, '--token', 'secret'])
  expect(known.stdout).toBe('"o-ming"\n')
  const unknown = await runCommand(['invoke', 'who', '--url', served.url, '--token', 'guess'])
  expect(unknown).toMatchObject({ stdout: '', stderr: expect.stringContaining('CLOUDLET_UNAUTHENTICATED') })
  const { exitCode } = await served.stop('SIGTERM')
  expect(exitCode).toBe(0)
})

test.each([
  ['no file', undefined, 'ENOENT'],
  ['no JSON', '{', 'JSON'],
  ['a list', '[]', 'an object from token to caller'],
])('%s of tokens is bad usage', async (_, text, problem) => {
  const folder = await makeFolder({ 'functions/who/index.js': WHO, ...(text && { 'tokens.json': text }) })
  const tokens = join(folder, 'tokens.json')
  const { exitCode, stderr } = await runCommand(['serve', join(folder, 'functions'), '--tokens', tokens])
  expect(stderr).toContain(problem)
  expect(exitCode).toBe(2)
})

test('others are not served without tokens', async () => {
  const folder = await makeFolder({ 'functions/who/index.js': WHO })
  const { exitCode, stderr } = await runCommand([
    'serve',
    join(folder, 'functions'),
    ...['--memory', '--port', '0', '--host', '0.0.0.0'],
  ])
  expect(stderr).toContain('CLOUDLET_INVALID_OPTION')
  expect(exitCode).toBe(2)
})

test.each(['dev', 'serve'] as const)(
  '%s goes on whatever a function does to its process',
  {
    timeout: 120_000,
  },
  async verb => {
    const folder = await makeFolder({
      'who/index.js': WHO,
      'bomb/index.js': BOMB,
      'bomb/config.json': '{ "memorySize": 16 }',
    })
    const served = await DevProcess.ready([folder, '--memory'], {}, verb)
    for (let call = 0; call < 12; call++) {
      const { stderr } = await runCommand(['invoke', 'bomb', '--url', served.url])
      expect(stderr).toMatch(/CLOUDLET_(MEMORY_LIMIT|ISOLATE_CRASHED)/)
    }
    const { stdout } = await runCommand(['invoke', 'who', '--url', served.url, '--openid', 'o-ming'])
    expect(stdout).toBe('"o-ming"\n')
  },
)
