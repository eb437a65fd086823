import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Names that a module exports at run time, read in plain Node from the built package. */
async function exportsOf(specifier: string): Promise<unknown> {
  const script = `console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(specifier)})).sort()))`
  const args = ['--no-node-snapshot', '--input-type=module', '--eval', script]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: ROOT })
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

describe('the public API', () => {
  test('cloudlet', async () => {
    expect(await exportsOf('cloudlet')).toEqual([
      'CancelledError',
      'CapabilityDeniedError',
      'CloudletError',
      'ConnectionError',
      'DatabaseError',
      'DeadlineError',
      'DeployError',
      'ERROR_CODES',
      'FunctionError',
      'FunctionHost',
      'FunctionNotFoundError',
      'HostClosedError',
      'InternalError',
      'InvalidOptionError',
      'IsolateCrashedError',
      'LIMITS',
      'MemoryLimitError',
      'NetworkError',
      'OverloadedError',
      'ProtocolError',
      'StorageError',
      'UnauthenticatedError',
      'ValueError',
      'WechatError',
      'developmentAuthenticator',
      'jwtAuthenticator',
      'tokenAuthenticator',
    ])
  })

  test('cloudlet/client, in Node and elsewhere', async () => {
    expect(await exportsOf('cloudlet/client')).toEqual(['createCloud'])
    expect(await exportsOf('./dist/client/browser.js')).toEqual(['createCloud'])
  })

  test('cloudlet/simulator', async () => {
    expect(await exportsOf('cloudlet/simulator')).toEqual(['createSimulator'])
  })

  test('nothing else can be imported', async () => {
    await expect(exportsOf('cloudlet/dist/host.js')).rejects.toThrow(/ERR_PACKAGE_PATH_NOT_EXPORTED/)
  })
})
