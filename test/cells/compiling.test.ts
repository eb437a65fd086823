/** Deployments are parsed in a cell: with the same answers as in this process, and without danger to it. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { isAlive, until, WatchedHost } from './watched-host.ts'

describe('syntax errors are located as in this process', () => {
  const local = new FunctionHost()
  const remote = new FunctionHost({ isolation: 'process', cells: { count: 1 } })
  afterAll(async () => {
    await Promise.all([local.close(), remote.close()])
  })

  async function problemOf(host: FunctionHost, files: Record<string, string>): Promise<unknown> {
    const error: unknown = await host.deploy('f', { files }).then(
      () => expect.fail('it was deployed'),
      error => error,
    )
    const { code, message, file, line, column } = Object(error)
    return { code, message, file, line, column }
  }

  test.each<[what: string, files: Record<string, string>]>([
    ['a token', { 'index.js': 'exports.main = () => {\n  return )\n}' }],
    ['an end', { 'index.js': 'exports.main = () => {\n  return {' }],
    [
      'a file beside',
      { 'index.js': "require('./lib'); exports.main = () => 1", 'lib.js': '\n\nlet let = 1' },
    ],
    ['a wrapper closed', { 'index.js': '}); (function () {' }],
    ['a regular expression', { 'index.js': 'exports.main = () => /(/' }],
    [
      'an ES module',
      {
        'index.mjs': 'export const main = () => {\n  await 1 +\n}',
        'package.json': '{"type":"module","main":"index.mjs"}',
      },
    ],
    ['TypeScript', { 'index.ts': 'export const main = (): number => {\n  return 1 +\n}' }],
    [
      'an import that is not there',
      {
        'index.mjs': "import { nothing } from './lib.mjs'\nexport const main = nothing",
        'lib.mjs': 'export const something = 1',
        'package.json': '{"main":"index.mjs"}',
      },
    ],
  ])('%s', async (_, files) => {
    const problem = await problemOf(local, files)
    expect(problem).toMatchObject({ code: 'CLOUDLET_DEPLOY', file: expect.any(String) })
    expect(await problemOf(remote, files)).toEqual(problem)
  })
})

describe('a parser that dies', () => {
  let watched: WatchedHost
  beforeAll(async () => {
    watched = new WatchedHost()
    await watched.deploy('good', 'exports.main = () => 1')
  })
  afterAll(() => watched.host.close())

  /** Parses for minutes: where a function in a block is hoisted to is looked for in every block around it. */
  const SLOW = `exports.main = () => { ${'{function f(){}'.repeat(8e4)}${'}'.repeat(8e4)} }`

  test('twice takes the deployment along, and nothing else', async () => {
    const deploying = watched.deploy('bad', SLOW).then(
      () => expect.fail('it was deployed'),
      (error: unknown) => error,
    )
    for (let round = 0; round < 2; round++) {
      await until(() => watched.cells('spare').some(({ rssBytes }) => rssBytes > 0))
      await new Promise(resolve => setTimeout(resolve, 300))
      const [parsing] = watched.cells('spare')
      if (parsing === undefined) return expect.fail('there is a spare')
      await watched.kill(parsing)
      expect(await watched.ask('good')).toEqual({ result: 1 })
    }
    expect(await deploying).toMatchObject({
      name: 'DeployError',
      functionName: 'bad',
      message: 'Function "bad" can\'t be compiled: the process that was to parse it ended with SIGSEGV.',
    })
    expect(watched.host.list().map(({ name }) => name)).toEqual(['good'])
    expect(watched.warnings.join()).not.toContain('strike')
    await watched.deploy('bad', 'exports.main = () => 2')
    expect(await watched.ask('bad')).toEqual({ result: 2 })
  })

  test('by another’s doing costs the deployment only time', async () => {
    await watched.cell('spare')
    const source = `exports.main = () => 3\n${'function f() { return [1, 2, 3].map(x => x * 2) }\n'.repeat(150_000)}`
    const deploying = watched.deploy('large', source)
    await new Promise(resolve => setTimeout(resolve, 50))
    const [spare] = watched.cells('spare')
    if (spare !== undefined) await watched.kill(spare)
    await deploying
    expect(await watched.ask('large')).toEqual({ result: 3 })
  })

  test('of too much memory fails the deployment', async () => {
    const source = `exports.main = () => [${'[],{},'.repeat(6e6)}]`
    await expect(watched.deploy('bad', source)).rejects.toMatchObject({
      name: 'DeployError',
      message: expect.stringMatching(/^Function "bad" can't be compiled: .*(?:memory|ended with)/),
    })
    expect(await watched.ask('good')).toEqual({ result: 1 })
    expect(watched.host.health.isHealthy).toBe(true)
  })
})

describe('code that was compiled before', () => {
  let directory: string
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'cloudlet-compiling-'))
  })
  afterAll(() => rmSync(directory, { recursive: true }))
  const hosts: WatchedHost[] = []
  afterEach(async () => {
    for (const { host } of hosts.splice(0)) await host.close()
  })

  test('is taken from the directory by the next host with cells, and never by one without', async () => {
    const source = `exports.main = () => 1\n${'function f() { return [1, 2, 3].map(x => x * 2) }\n'.repeat(1000)}`
    for (let round = 0; round < 2; round++) {
      const watched = new WatchedHost({ dataDirectory: directory })
      await watched.deploy('f', source)
      expect(await watched.ask('f')).toEqual({ result: 1 })
      expect(watched.warnings).toEqual([])
      const pids = watched.cells().map(({ pid }) => pid)
      await watched.host.close()
      expect(pids.filter(isAlive)).toEqual([])
    }
    expect(existsSync(join(directory, 'code-cache'))).toBe(false)
    const local = new FunctionHost({ dataDirectory: directory })
    await local.deploy('f', { files: { 'index.js': source } })
    expect((await local.invoke('f')).result).toBe(1)
    await local.close()
  })
})
