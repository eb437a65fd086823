import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FunctionHost, type InvocationReport } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'
import { CALLER_FIELD_CHARS } from '../../src/transport/auth.ts'

let host: FunctionHost
beforeEach(() => {
  host = new FunctionHost()
})
afterEach(() => host.close())

const returning = (value: number): { files: Record<string, string> } => ({
  files: { 'index.js': `exports.main = () => ${value}` },
})
/** Takes a good while longer to compile than the others. */
const SLOW = {
  files: { ...returning(1).files, 'big.js': 'function f() { return [1, 2] }\n'.repeat(100_000) },
}
const CONTROL = '\u0007'

/** What a program in JavaScript can pass. */
function loose(value: unknown): never {
  return value as never
}

describe('invoke', () => {
  beforeEach(async () => {
    await host.deploy('f', returning(1))
  })

  test.each([
    [{ signal: new AbortController() }, 'signal'],
    [{ signal: null }, 'signal'],
    [null, 'options'],
    [[], 'options'],
    [5, 'options'],
    [{ openid: 'o' }, 'openid'],
    [{ caller: null }, 'caller'],
    [{ caller: 'o' }, 'caller'],
    [{ caller: ['o'] }, 'caller'],
    [{ caller: { openId: 'o' } }, 'openId'],
    [{ caller: { openid: '' } }, 'caller.openid'],
    [{ caller: { openid: 5 } }, 'caller.openid'],
    [{ caller: { appid: null } }, 'caller.appid'],
    [{ caller: { unionid: { toString: () => 'u' } } }, 'caller.unionid'],
    [{ caller: { source: `wx${CONTROL}` } }, 'caller.source'],
    [{ caller: { clientIp: '10.0.0.1\n' } }, 'caller.clientIp'],
    [{ caller: { openid: 'o'.repeat(CALLER_FIELD_CHARS + 1) } }, 'caller.openid'],
  ])('options %j', async (options, option) => {
    await expect(host.invoke('f', {}, loose(options))).rejects.toMatchObject({
      code: 'CLOUDLET_INVALID_OPTION',
      option,
    })
    // Nothing was taken that is not given back.
    expect((await host.invoke('f')).result).toBe(1)
    expect(host.stats()).toMatchObject({ runningCount: 0, instances: { busyCount: 0 } })
  })

  test('a caller at the limit, and fields that are undefined', async () => {
    const caller = { openid: '王'.repeat(CALLER_FIELD_CHARS), appid: undefined }
    expect((await host.invoke('f', {}, loose({ caller, signal: undefined }))).result).toBe(1)
  })

  test.each([null, [], 5, 'text'])('event %j', async event => {
    await expect(host.invoke('f', loose(event))).rejects.toMatchObject({ code: 'CLOUDLET_VALUE' })
  })

  test.each([undefined, null, 5, Object.create(null)])('name %#', async name => {
    await expect(host.invoke(loose(name))).rejects.toMatchObject({
      code: 'CLOUDLET_INVALID_OPTION',
      option: 'name',
    })
  })

  test('a name longer than any is neither compared nor repeated', async () => {
    const reports: InvocationReport[] = []
    await using watched = new FunctionHost({ onInvocation: report => reports.push(report) })
    const longest = 'f'.repeat(LIMITS.functionNameChars)
    await watched.deploy(longest, returning(1))
    await expect(watched.invoke(`${longest.slice(1)}g`)).rejects.toMatchObject({ nearMatches: [longest] })
    const error = await watched.invoke(`${longest}f`).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'CLOUDLET_FUNCTION_NOT_FOUND', nearMatches: [] })
    const huge = await watched.invoke('f'.repeat(3_000_000)).catch((thrown: unknown) => thrown)
    for (const found of [error, huge]) {
      expect(String(found)).toContain(`"${longest}…"`)
      expect(found).toHaveProperty('functionName', `${longest}…`)
    }
    expect(reports.at(-1)?.functionName).toBe(`${longest}…`)
  })
})

describe('deploy', () => {
  test.each([
    [null, 'source'],
    [undefined, 'source'],
    [5, 'source'],
    [{}, 'source'],
    [{ files: null }, 'source'],
    [{ files: ['exports.main = 1'] }, 'source'],
    ['a\0b', 'source'],
    ['', 'source'],
    [{ ...returning(1), config: null }, 'source.config'],
    [{ ...returning(1), config: '{}' }, 'source.config'],
    [{ ...returning(1), config: { timeout: 1n } }, 'source.config'],
  ])('source %#', async (source, option) => {
    await expect(host.deploy('f', loose(source))).rejects.toMatchObject({
      code: 'CLOUDLET_INVALID_OPTION',
      option,
    })
    expect(host.list()).toEqual([])
  })

  test.each([
    [null, 'options'],
    [5, 'options'],
    [{ capabilties: [] }, 'capabilties'],
    [{ capabilities: null }, 'capabilities'],
    [{ capabilities: 'database' }, 'capabilities'],
    [{ capabilities: [Object.create(null)] }, 'capabilities'],
    [{ capabilities: ['disk'] }, 'capabilities'],
  ])('options %#', async (options, option) => {
    const wanted = { code: 'CLOUDLET_INVALID_OPTION', option }
    await expect(host.deploy('f', returning(1), loose(options))).rejects.toMatchObject(wanted)
    await expect(host.deployDirectory(tmpdir(), loose(options))).rejects.toMatchObject(wanted)
    expect(host.list()).toEqual([])
  })

  test.each([undefined, null, Object.create(null), 'x'.repeat(1_000_000)])('name %#', async name => {
    const error: unknown = await host.deploy(loose(name), returning(1)).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'CLOUDLET_INVALID_OPTION', option: 'name' })
    expect(String(error).length).toBeLessThan(300)
  })

  test.each([undefined, null, 5, '', 'a\0b', import.meta.filename])('directory %#', async directory => {
    await expect(host.deployDirectory(loose(directory))).rejects.toMatchObject({
      code: 'CLOUDLET_INVALID_OPTION',
      option: 'directory',
    })
  })
})

test.each([null, [], 5])('new FunctionHost(%j)', options => {
  expect(() => new FunctionHost(loose(options))).toThrow(
    expect.objectContaining({ code: 'CLOUDLET_INVALID_OPTION', option: 'options' }),
  )
})

test('doors: no server, no settings', async () => {
  for (const server of [null, undefined, 5, {}]) {
    expect(() => host.attach(loose(server))).toThrow(
      expect.objectContaining({ code: 'CLOUDLET_INVALID_OPTION', option: 'server' }),
    )
  }
  const wanted = { code: 'CLOUDLET_INVALID_OPTION', option: 'settings' }
  await expect(host.listen(loose(null))).rejects.toMatchObject(wanted)
  expect(() => host.attach(createServer(), loose(null))).toThrow(expect.objectContaining(wanted))
})

describe('several deployments of one name at once', () => {
  test('the last call wins, even when an earlier one takes longer', async () => {
    const [slow, quick] = await Promise.all([host.deploy('f', SLOW), host.deploy('f', returning(2))])
    expect((await host.invoke('f')).result).toBe(2)
    expect(host.list()).toEqual([quick])
    expect(slow.version).not.toBe(quick.version)
  })

  test('one that fails leaves the one before it', async () => {
    const slow = host.deploy('f', SLOW)
    await expect(host.deploy('f', { files: {} })).rejects.toMatchObject({ code: 'CLOUDLET_DEPLOY' })
    await slow
    expect((await host.invoke('f')).result).toBe(1)
  })

  test('remove takes what is on its way, and a later deployment comes', async () => {
    const slow = host.deploy('f', SLOW)
    expect(await host.remove('f')).toBe(true)
    expect(await host.remove('f')).toBe(false)
    const later = host.deploy('g', returning(2))
    await Promise.all([slow, later])
    expect(host.list().map(({ name }) => name)).toEqual(['g'])
    await host.deploy('f', returning(3))
    expect((await host.invoke('f')).result).toBe(3)
  })
})
