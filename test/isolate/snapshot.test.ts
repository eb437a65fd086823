import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { readFunctionConfig } from '../../src/function-config.ts'
import { makeIdentityTemplate, writeVariables } from '../../src/identity.ts'
import { FunctionHost } from '../../src/index.ts'
import type { Job } from '../../src/isolate/job.ts'
import { writeInvocations } from '../../src/isolate/run.ts'
import { FIRST_INVOCATION } from '../../src/protocol/first-invocation.ts'

const DEFAULTS = { timeoutMs: 20_000, memoryMb: 128, functionConcurrency: 20 }

test('a first call compiles nothing of the runtime to machine code', async () => {
  const child = fileURLToPath(new URL('./cold-starts-child.ts', import.meta.url))
  const args = ['--no-node-snapshot', '--trace-baseline-batch-compilation', child]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const calls = stdout.split('called\n')
  expect(calls).toHaveLength(21)
  // The host's thread compiles its own in two of three.
  const quiet = calls.filter(text => !text.includes('Compiling current batch'))
  expect(quiet.length).toBeGreaterThan(2)
})

test('what a host says first has the keys that the snapshot has hidden classes for, in their order', () => {
  const { fixed, requestId } = FIRST_INVOCATION
  const { config } = readFunctionConfig('f', undefined, DEFAULTS)
  const { fixedText } = makeIdentityTemplate('f', 'local', config, fixed.limits)
  const variablesText = writeVariables({ openid: 'o', appid: 'wx0', clientIp: '127.0.0.1' })
  const job = { request: { requestId, eventText: '{}', fixedText, variablesText } } as unknown as Job
  const [text = ''] = writeInvocations([job], true, undefined)
  expect(keysOf(JSON.parse(text))).toEqual(keysOf(FIRST_INVOCATION))
})

test.each([
  ['in memory', false, 'exports.main = () => 1'],
  ['kept on disk', true, "require('wx-server-sdk'); exports.main = () => 1"],
])(
  'where no process can make it a deployment fails and says so, and the next tries again: %s',
  async (_, isKept, source) => {
    const warnings: string[] = []
    const dataDirectory = await mkdtemp(join(tmpdir(), 'cloudlet-snapshot-'))
    onTestFinished(() => rm(dataDirectory, { recursive: true }))
    await using host = new FunctionHost({
      ...(isKept && { dataDirectory }),
      onWarning: message => warnings.push(message),
    })
    const files = { 'index.js': source }
    const { execPath } = process
    process.execPath = '/nowhere/node'
    try {
      await expect(host.deploy('f', { files })).rejects.toMatchObject({
        code: 'CLOUDLET_DEPLOY',
        message: expect.stringMatching(
          /^Function "f" can't be deployed: The startup snapshot.*\/nowhere\/node/,
        ),
      })
    } finally {
      process.execPath = execPath
    }
    await host.deploy('f', { files })
    expect((await host.invoke('f')).result).toBe(1)
    expect(warnings).toEqual([])
  },
)

function keysOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.entries(value).map(([key, inner]) => [key, keysOf(inner)])
}
