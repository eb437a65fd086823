import { setImmediate } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createCloud } from '../../src/client/node.ts'
import { type Caller, FunctionHost, type FunctionHostOptions } from '../../src/index.ts'

describe('a listener that fails', () => {
  const fault = new Error('the listener is broken')
  const fails: readonly (readonly [how: string, fail: () => void])[] = [
    [
      'throws',
      () => {
        throw fault
      },
    ],
    ['rejects', async () => Promise.reject(fault)],
  ]
  const MISSING = `const cloud = require('wx-server-sdk'); cloud.init()
    exports.main = async () => (await cloud.database().collection('new').count()).total`

  /** Messages of the process's warnings until the test ends. */
  function collectWarnings(): string[] {
    const messages: string[] = []
    const onWarning = ({ message }: Error): void => void messages.push(message)
    process.on('warning', onWarning)
    onTestFinished(() => void process.off('warning', onWarning))
    return messages
  }

  /** Invokes once what gives its listeners a report, and a warning. */
  async function run(options: FunctionHostOptions): Promise<unknown> {
    await using watched = new FunctionHost({ autoCreateCollections: true, ...options })
    await watched.deploy('f', { files: { 'index.js': MISSING } })
    const { result } = await watched.invoke('f')
    await expect(watched.invoke('nowhere')).rejects.toMatchObject({ code: 'CLOUDLET_FUNCTION_NOT_FOUND' })
    await setImmediate()
    return result
  }

  test.each(fails)('onInvocation %s: the result stands and the fault is told', async (_how, fail) => {
    const faults: unknown[] = []
    expect(
      await run({
        onInvocation: fail,
        onWarning: () => {},
        onInternalError: (_id, cause) => faults.push(cause),
      }),
    ).toBe(0)
    expect(faults).toEqual([fault, fault])
  })

  test.each(fails)('onWarning %s: the warning is printed and the fault told', async (_how, fail) => {
    const warnings = collectWarnings()
    const faults: unknown[] = []
    expect(await run({ onWarning: fail, onInternalError: (_id, cause) => faults.push(cause) })).toBe(0)
    expect(faults).toEqual([fault])
    expect(warnings).toEqual([expect.stringContaining('new')])
  })

  test.each(fails)('onInternalError %s: incident and fault are printed', async (_how, fail) => {
    const warnings = collectWarnings()
    // Something that can't even be made a string.
    const hostile = Object.create(null) as object
    const onInvocation = (): void => {
      throw hostile
    }
    expect(await run({ onInvocation, onWarning: () => {}, onInternalError: fail })).toBe(0)
    const incident = expect.stringMatching(/^cloudlet incident [\w-]{36}: \[Object: null prototype\]/)
    const broken = expect.stringContaining('onInternalError failed: Error: the listener is broken')
    expect(warnings).toEqual([incident, broken, incident, broken])
  })
})

test('onInvocation may change what it is told, and nobody becomes another by it', async () => {
  const told: Caller[] = []
  await using host = new FunctionHost({
    onInvocation: ({ caller }) => {
      told.push({ ...caller })
      Object.assign(caller, { openid: 'redacted' })
    },
  })
  const source = `const cloud = require('wx-server-sdk')
    exports.main = async event => [event.userInfo.openId, cloud.getWXContext().OPENID]`
  await host.deploy('who', { files: { 'index.js': source } })
  const { url } = await host.listen({ port: 0 })
  await using cloud = createCloud({ url, openid: 'o-1' })
  for (let count = 0; count < 3; count++) {
    expect((await cloud.callFunction({ name: 'who', data: {} })).result).toEqual(['o-1', 'o-1'])
  }
  expect(told).toEqual(Array(3).fill({ source: 'wx_client', openid: 'o-1', clientIp: '127.0.0.1' }))
})
