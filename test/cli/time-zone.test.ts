import { describe, expect, test } from 'vitest'
import { DevProcess, makeFolder, runCommand } from './command.ts'

const HOURS = { 'hours/index.js': 'exports.main = () => new Date(0).getHours()' }
/** Run before the command: prints, at its end, which zone the process had. */
const TELL = preload("process.on('exit', () => console.error('TZ is', process.env.TZ))")

describe('functions run in UTC unless TZ is set', () => {
  test('with invoke --folder', async () => {
    const args = ['invoke', 'hours', '--folder', await makeFolder(HOURS)]
    const inUtc = await runCommand(args, { environment: { TZ: undefined }, nodeFlags: TELL })
    expect(inUtc).toMatchObject({ exitCode: 0, stdout: '0\n', stderr: 'TZ is UTC\n' })
    const there = await runCommand(args, { environment: { TZ: 'Asia/Shanghai' }, nodeFlags: TELL })
    expect(there).toMatchObject({ exitCode: 0, stdout: '8\n', stderr: 'TZ is Asia/Shanghai\n' })
  })

  test('with dev', async () => {
    const args = [await makeFolder(HOURS), '--memory']
    const dev = await DevProcess.ready(args, { environment: { TZ: undefined }, nodeFlags: TELL })
    const { stdout } = await runCommand(['invoke', 'hours', '--url', dev.url])
    expect(stdout).toBe('0\n')
    await dev.stop('SIGTERM')
    expect(dev.output).toContain('TZ is UTC\n')
  })

  test('a zone set while the process runs reaches its functions', async () => {
    const args = ['invoke', 'hours', '--folder', await makeFolder(HOURS)]
    const nodeFlags = preload("new Date(0).getHours(); process.env.TZ = 'Asia/Shanghai'")
    expect((await runCommand(args, { nodeFlags })).stdout).toBe('8\n')
  })
})

test('a call to a host leaves the zone alone', async () => {
  const args = ['invoke', 'hours', '--url', 'ws://127.0.0.1:1']
  const { stderr } = await runCommand(args, { environment: { TZ: undefined }, nodeFlags: TELL })
  expect(stderr).toContain('TZ is undefined\n')
})

function preload(script: string): string[] {
  return ['--import', `data:text/javascript,${encodeURIComponent(script)}`]
}
