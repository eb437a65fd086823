import os from 'node:os'
import { expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'

test('os tells of a machine that is the function’s own, and nothing of the real one', async () => {
  const source = `const os = require('os')
    exports.main = () => {
      const told = {}
      for (const name of Object.keys(os)) told[name] = typeof os[name] === 'function' && !/Priority/.test(name) ? os[name]() : os[name]
      let refused
      try { os.setPriority(5) } catch (error) { refused = [error.code, error.info.code] }
      return { told, names: Object.keys(os).sort(), priority: os.getPriority(), refused,
        buffer: os.userInfo({ encoding: 'buffer' }).username.toString('hex'), sum: '' + os.tmpdir }
    }`
  const host = new FunctionHost({ memoryMb: 64 })
  await host.deploy('os', { files: { 'index.js': source } })
  const { result } = await host.invoke('os')
  await host.close()
  const { told, names, priority, refused, buffer, sum } = result as Record<string, unknown>
  expect(names).toEqual(Object.keys(os).sort())
  expect({ priority, refused, buffer, sum }).toEqual({
    priority: 0,
    refused: ['ERR_SYSTEM_ERROR', 'EPERM'],
    buffer: '726f6f74',
    sum: '/tmp',
  })
  expect(told).toMatchObject({
    arch: 'x64',
    availableParallelism: 1,
    cpus: [{ model: 'virtual', speed: 0 }],
    endianness: 'LE',
    EOL: '\n',
    devNull: '/dev/null',
    freemem: 32 * 2 ** 20,
    homedir: '/var/user',
    hostname: 'localhost',
    loadavg: [0, 0, 0],
    machine: 'x86_64',
    networkInterfaces: { lo: [{ address: '127.0.0.1' }] },
    platform: 'linux',
    release: '5.4.0',
    tmpdir: '/tmp',
    totalmem: 64 * 2 ** 20,
    type: 'Linux',
    userInfo: { uid: 0, gid: 0, username: 'root', homedir: '/root', shell: '/bin/sh' },
    version: '#1 SMP',
  })
  const text = JSON.stringify(told)
  for (const real of [os.hostname(), os.release(), os.version()]) expect(text).not.toContain(`"${real}"`)
})
