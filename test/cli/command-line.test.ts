import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { makeFolder, runCommand } from './command.ts'

describe('help and version', () => {
  test('--help names every verb and exits 0', async () => {
    const { exitCode, stdout, stderr } = await runCommand(['--help'])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^Usage: cloudlet/)
    expect(stdout).toMatch(/^ {2}dev /m)
    expect(stdout).toMatch(/^ {2}invoke /m)
    expect(stderr).toBe('')
  })

  test('each verb has help of its own', async () => {
    const dev = await runCommand(['dev', '--help'])
    expect(dev.exitCode).toBe(0)
    for (const flag of ['--port', '--data', '--memory']) expect(dev.stdout).toContain(flag)
    const invoke = await runCommand(['invoke', '--help'])
    expect(invoke.exitCode).toBe(0)
    for (const flag of ['--url', '--openid', '--token', '--folder']) expect(invoke.stdout).toContain(flag)
    expect(invoke.stdout).toContain('3 no connection')
  })

  test('--version prints the version of the package', async () => {
    const { version }: { version: string } = JSON.parse(
      await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
    )
    expect(await runCommand(['--version'])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' })
  })
})

describe('bad usage exits 2 and says what is wrong', () => {
  test.each([
    ['no verb', [], 'Usage: cloudlet'],
    ['a misspelt verb', ['invok'], 'Did you mean invoke?'],
    ['an unknown option', ['dev', '.', '--prot', '1'], "unknown option '--prot'"],
    ['a missing argument', ['dev'], "missing required argument 'folder'"],
    ['a port out of range', ['dev', '.', '--port', '65536'], 'from 0 to 65535'],
    ['a port that is no number', ['dev', '.', '--port', '80a'], 'from 0 to 65535'],
    ['--data beside --memory', ['dev', '.', '--memory', '--data', 'x'], 'cannot be used with'],
    ['--url beside --folder', ['invoke', 'a', '--folder', '.', '--url', 'ws://a'], 'cannot be used with'],
    ['--token beside --folder', ['invoke', 'a', '--folder', '.', '--token', 't'], 'cannot be used with'],
  ])('%s', async (_name, args, message) => {
    const { exitCode, stdout, stderr } = await runCommand(args)
    expect(stderr).toContain(message)
    expect(exitCode).toBe(2)
    expect(stdout).toBe('')
  })
})

test('an older Node gets one line and exit code 2', async () => {
  const pretend =
    "data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.19.1'}})"
  const { exitCode, stdout, stderr } = await runCommand(['--help'], { nodeFlags: ['--import', pretend] })
  expect(exitCode).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^cloudlet needs Node 24 or newer, and this is Node 20\.19\.1 \(.+\)\.\n$/)
})

describe('colours', () => {
  const bad = ['invoke', 'sum', '{']

  test('are left out when the output is no terminal', async () => {
    const { stderr } = await runCommand(bad)
    expect(stderr).not.toContain('\u001b')
  })

  test('come when they are asked for', async () => {
    const { stderr } = await runCommand(bad, { environment: { FORCE_COLOR: '1' } })
    expect(stderr).toContain('\u001b[31m')
  })
})

test('an output that is closed early is no error', async () => {
  const folder = await makeFolder({ 'big/index.js': "exports.main = () => 'x'.repeat(1e6)" })
  const { exitCode, stderr } = await runCommand(['invoke', 'big', '--folder', folder], { closesOutput: true })
  expect(stderr).toBe('')
  expect(exitCode).toBe(0)
})
