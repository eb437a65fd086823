import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type DeployProgress, FunctionHost, type FunctionHostOptions } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'
import { FIXTURES, listDrafts, listSets, makeFunction, makeScripted, makeTemporary } from './functions.ts'
import { Registry } from './registry.ts'

const CHILD = fileURLToPath(new URL('deploy-child.ts', import.meta.url))

let registry: Registry
let settings: string
let data: string
let warnings: string[]

beforeAll(async () => {
  registry = await Registry.start(FIXTURES)
  // The settings of this machine's user are not the tests'.
  settings = await mkdtemp(join(tmpdir(), 'cloudlet-settings-'))
  process.env['npm_config_userconfig'] = join(settings, '.npmrc')
  writeFileSync(join(settings, '.npmrc'), `registry=${registry.url}\n`)
})
afterAll(async () => {
  await registry.close()
  rmSync(settings, { recursive: true })
})

beforeEach(async () => {
  registry.requests.length = 0
  warnings = []
  data = await makeTemporary()
})
afterEach(() => registry.release())

function openHost(options: FunctionHostOptions = {}): FunctionHost {
  const host = new FunctionHost({
    dataDirectory: data,
    onWarning: message => warnings.push(message),
    ...options,
  })
  onTestFinished(() => host.close())
  return host
}

async function answer(host: FunctionHost, name: string): Promise<unknown> {
  return (await host.invoke('f', { name })).result
}

const LEAF = { dependencies: { leaf: '1.0.0' } }
const BRANCH = { dependencies: { '@scope/branch': '^2.0.0' } }

describe('packages of a function', () => {
  test('are installed at deploy, with what they depend on', async () => {
    const host = openHost()
    const folder = await makeFunction(BRANCH)
    expect(await host.deploy('f', folder)).toMatchObject({ warnings: [] })
    expect(await answer(host, '@scope/branch')).toBe('branch with leaf 1.1.0')
    expect(readdirSync(folder).sort()).toEqual(['index.js', 'package.json'])
    expect(registry.requests).toEqual(expect.arrayContaining(['leaf/-/leaf-1.1.0.tgz']))
    expect(await listDrafts(data)).toEqual([])
    expect(warnings).toEqual([])
  })

  test('given as files are too', async () => {
    const host = openHost()
    const files = {
      'index.js': "exports.main = () => require('leaf')",
      'package.json': JSON.stringify(LEAF),
    }
    await host.deploy('f', { files })
    expect(await answer(host, '')).toBe('leaf 1.0.0')
  })

  test('are kept once for ten functions, however package.json is written', async () => {
    const host = openHost()
    const others = { name: 'x', version: '3.2.1', scripts: { a: 'b' }, devDependencies: { none: '1' } }
    const folders = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        makeFunction(
          index % 2 === 0
            ? { dependencies: { leaf: '1.0.0', '@scope/branch': '2.0.0' } }
            : { ...others, name: `f${index}`, dependencies: { '@scope/branch': '2.0.0', leaf: '1.0.0' } },
        ),
      ),
    )
    await Promise.all(folders.map((folder, index) => host.deploy(`f${index}`, folder)))
    for (const index of folders.keys()) {
      expect((await host.invoke(`f${index}`, { name: 'leaf' })).result).toBe('leaf 1.0.0')
    }
    expect(await listSets(data)).toHaveLength(1)
    expect([...registry.tarballs].sort()).toEqual([
      '@scope/branch/-/scope-branch-2.0.0.tgz',
      'leaf/-/leaf-1.0.0.tgz',
    ])
    await host.deploy('later', folders[0] ?? '')
    expect(registry.requests).toHaveLength(new Set(registry.requests).size)
  })

  test('of another version or with another override are another set', async () => {
    const host = openHost()
    await host.deploy('f', await makeFunction(LEAF))
    await host.deploy('f', await makeFunction({ dependencies: { leaf: '1.1.0' } }))
    expect(await answer(host, 'leaf')).toBe('leaf 1.1.0')
    await host.deploy('f', await makeFunction(BRANCH))
    await host.deploy('f', await makeFunction({ ...BRANCH, overrides: { leaf: '1.0.0' } }))
    expect(await answer(host, '@scope/branch')).toBe('branch with leaf 1.0.0')
    expect(await listSets(data)).toHaveLength(4)
  })

  test('are found again by the next host, which runs no npm', async () => {
    const folder = await makeFunction(LEAF)
    const first = openHost()
    await first.deploy('f', folder)
    await first.close()
    registry.requests.length = 0
    const steps: string[] = []
    const second = openHost({ install: 'never' })
    await second.deploy('f', folder, { onProgress: ({ step }) => steps.push(step) })
    expect(await answer(second, 'leaf')).toBe('leaf 1.0.0')
    expect({ steps, requests: registry.requests, warnings }).toEqual({
      steps: [],
      requests: [],
      warnings: [],
    })
  })

  test('without a data directory are in a temporary folder until the host is closed', async () => {
    process.env['npm_config_cache'] = await makeTemporary()
    onTestFinished(() => {
      delete process.env['npm_config_cache']
    })
    const stores = (): string[] =>
      readdirSync(tmpdir()).filter(name => /^cloudlet-packages-\w{6}$/.test(name))
    const before = stores()
    const host = new FunctionHost()
    await host.deploy('f', await makeFunction(LEAF))
    expect(await answer(host, 'leaf')).toBe('leaf 1.0.0')
    const [made = '', ...others] = stores().filter(name => !before.includes(name))
    expect(others).toEqual([])
    expect(readdirSync(join(tmpdir(), made)).sort()).toEqual(['drafts', 'sets'])
    await host.close()
    expect(stores()).not.toContain(made)
  })

  test('can be kept elsewhere', async () => {
    const packagesDirectory = join(data, 'elsewhere')
    const host = openHost({ packagesDirectory })
    await host.deploy('f', await makeFunction(LEAF))
    expect(readdirSync(packagesDirectory).sort()).toEqual(['drafts', 'npm-cache', 'sets'])
    expect(existsSync(join(data, 'packages'))).toBe(false)
  })

  test('nothing is made on disk for functions without any', async () => {
    const host = openHost()
    await host.deploy('f', await makeFunction({ name: 'f', devDependencies: { leaf: '1.0.0' } }))
    await host.deploy('g', { files: { 'index.js': 'exports.main = () => 1' } })
    expect(existsSync(join(data, 'packages'))).toBe(false)
  })

  test('that cloudlet provides are not fetched', async () => {
    const host = openHost()
    await host.deploy('f', await makeFunction({ dependencies: { 'wx-server-sdk': 'latest' } }))
    expect(existsSync(join(data, 'packages'))).toBe(false)
    await host.deploy('f', await makeFunction({ dependencies: { 'wx-server-sdk': '~2.6.3', leaf: '1.0.0' } }))
    expect(await answer(host, 'leaf')).toBe('leaf 1.0.0')
    expect(registry.requests.filter(path => path.startsWith('wx-'))).toEqual([])
  })

  test('run none of their scripts', async () => {
    const ran = await makeTemporary()
    await registry.publish([makeScripted(ran)])
    const host = openHost()
    const scripts = {
      preinstall: `touch ${ran}/own`,
      postinstall: `touch ${ran}/own`,
      prepare: `touch ${ran}/own`,
    }
    const npmrc = 'ignore-scripts=false\nforeground-scripts=true\nscript-shell=/bin/sh\n'
    await host.deploy(
      'f',
      await makeFunction({ scripts, dependencies: { scripted: '1.0.0' } }, { '.npmrc': npmrc }),
    )
    expect(registry.tarballs).toEqual(['scripted/-/scripted-1.0.0.tgz'])
    expect(readdirSync(ran)).toEqual([])
  })

  test('a listener of progress hears of the start, what is fetched, and the end', async () => {
    const host = openHost()
    const heard: DeployProgress[] = []
    await host.deploy('f', await makeFunction(BRANCH), { onProgress: progress => heard.push(progress) })
    const steps = heard.map(({ step }) => step)
    expect(steps).toEqual(['start', ...Array(steps.length - 2).fill('fetch'), 'done'])
    const counts = heard.map(({ fetchedCount }) => fetchedCount)
    // Two descriptions and two tarballs.
    expect(counts).toEqual([0, 1, 2, 3, 4, 4])
    for (const { functionName, packages, elapsedMs } of heard) {
      expect({ functionName, packages }).toEqual({ functionName: 'f', packages: ['@scope/branch'] })
      expect(elapsedMs).toBeGreaterThanOrEqual(0)
    }
  })

  test('a listener that throws changes nothing and is told of', async () => {
    const faults: unknown[] = []
    const host = openHost({ onInternalError: (_, cause) => faults.push(cause) })
    const fault = new Error('not mine')
    await host.deploy('f', await makeFunction(LEAF), {
      onProgress: () => {
        throw fault
      },
    })
    expect(await answer(host, 'leaf')).toBe('leaf 1.0.0')
    expect(new Set(faults)).toEqual(new Set([fault]))
    await expect(host.deploy('f', data, { onProgress: 1 as never })).rejects.toMatchObject({
      option: 'onProgress',
    })
  })
})

describe('a node_modules', () => {
  test('that is there is taken as it is, and what it lacks is told', async () => {
    const host = openHost()
    const own = { 'node_modules/leaf/index.js': "module.exports = 'own leaf'" }
    const dependencies = { leaf: '1.0.0', '@scope/branch': 'git@host:repo', 'wx-server-sdk': 'latest' }
    const folder = await makeFunction({ dependencies, optionalDependencies: { missing: '1' } }, own)
    const { warnings: told } = await host.deploy('f', folder)
    expect(told).toEqual([
      expect.stringMatching(/^package\.json lists "@scope\/branch", which is not in node_modules/),
    ])
    expect(await answer(host, 'leaf')).toBe('own leaf')
    expect(registry.requests).toEqual([])
  })

  test('with nothing but hidden files is as good as none', async () => {
    const host = openHost()
    await host.deploy('f', await makeFunction(LEAF, { 'node_modules/.package-lock.json': '{}' }))
    expect(await answer(host, 'leaf')).toBe('leaf 1.0.0')
  })

  test('of a folder that is no function is not installed', async () => {
    const host = openHost()
    const folder = await makeFunction(LEAF)
    rmSync(join(folder, 'index.js'))
    await expect(host.deploy('f', folder)).rejects.toMatchObject({
      message: expect.stringContaining('no index.js'),
    })
    expect(registry.requests).toEqual([])
  })
})

describe('a lock file', () => {
  const lockOf = (name: string, leaf: string): string => {
    const { manifest } = FIXTURES[0] ?? expect.unreachable()
    return JSON.stringify({
      ...{ name, version: '9.9.9', lockfileVersion: 3, requires: true },
      packages: {
        '': {
          name,
          dependencies: { leaf: '^1.0.0', 'wx-server-sdk': 'latest' },
          devDependencies: { none: '1' },
        },
        [`node_modules/${manifest.name}`]: { version: leaf },
        'node_modules/wx-server-sdk': { version: '2.6.3', dependencies: { 'tcb-admin-node': '1' } },
        'node_modules/tcb-admin-node': { version: '1.0.0' },
        'node_modules/none': { version: '1.0.0', dev: true },
      },
    })
  }
  const RANGE = { dependencies: { leaf: '^1.0.0', 'wx-server-sdk': 'latest' } }

  test.each(['package-lock.json', 'npm-shrinkwrap.json'])('is followed: %s', async file => {
    const host = openHost()
    await host.deploy('f', await makeFunction(RANGE))
    expect(await answer(host, 'leaf')).toBe('leaf 1.1.0')
    for (const name of ['one', 'two']) {
      await host.deploy('f', await makeFunction(RANGE, { [file]: lockOf(name, '1.0.0') }))
      expect(await answer(host, 'leaf')).toBe('leaf 1.0.0')
    }
    expect(await listSets(data)).toHaveLength(2)
    expect(registry.requests.filter(path => /^(?:wx|tcb|none)/.test(path))).toEqual([])
  })

  test('that does not fit package.json gives way, and that is told each time', async () => {
    const folder = await makeFunction(
      { dependencies: { leaf: '1.1.0', '@scope/branch': '2.0.0' } },
      { 'package-lock.json': lockOf('x', '1.0.0') },
    )
    const told =
      /^The lock file does not fit package\.json \((?:Missing|Invalid): .+, and 1 more\), so packages were/
    const first = openHost()
    expect((await first.deploy('f', folder)).warnings).toEqual([expect.stringMatching(told)])
    expect(await answer(first, '@scope/branch')).toBe('branch with leaf 1.1.0')
    await first.close()
    expect((await openHost().deploy('f', folder)).warnings).toEqual([expect.stringMatching(told)])
  })

  test.each([1, 2, 3])('of version %d that names a registry that is no more is followed', async version => {
    const resolved = 'https://registry.npm.taobao.org/leaf/download/leaf-1.0.0.tgz?cache=0'
    const entry = { version: '1.0.0', resolved, integrity: registry.integrityOf('leaf', '1.0.0') }
    const packages = { '': { dependencies: { leaf: '^1.0.0' } }, 'node_modules/leaf': entry }
    const lock = {
      lockfileVersion: version,
      ...(version > 1 ? { packages } : {}),
      ...(version < 3 ? { dependencies: { leaf: entry } } : {}),
    }
    const host = openHost()
    await host.deploy('f', await makeFunction(RANGE, { 'package-lock.json': JSON.stringify(lock) }))
    expect(await answer(host, 'leaf')).toBe('leaf 1.0.0')
  })

  test('with a wrong checksum is not followed', async () => {
    const lock = JSON.parse(lockOf('x', '1.0.0'))
    lock.packages['node_modules/leaf'].resolved = `${registry.url}leaf/-/leaf-1.0.0.tgz`
    lock.packages['node_modules/leaf'].integrity = `sha512-${'B'.repeat(86)}==`
    const folder = await makeFunction(RANGE, { 'package-lock.json': JSON.stringify(lock) })
    await expect(openHost().deploy('f', folder)).rejects.toMatchObject({
      code: 'CLOUDLET_DEPLOY',
      packageName: 'leaf',
      message: expect.stringContaining('checksum'),
    })
    expect(await listSets(data)).toEqual([])
  })
})

describe('packages in the function’s own folder', () => {
  const FILES = {
    'shared/a/package.json': JSON.stringify({
      name: 'a',
      version: '1.0.0',
      dependencies: { b: 'file:../b' },
    }),
    'shared/a/index.js': "module.exports = 'a, ' + require('b')",
    'shared/b/package.json': JSON.stringify({ name: 'b', version: '1.0.0', dependencies: { leaf: '1.0.0' } }),
    'shared/b/index.js': "module.exports = 'b, ' + require('leaf')",
  }

  test('are installed, and those they name', async () => {
    const host = openHost()
    await host.deploy('f', await makeFunction({ dependencies: { a: 'file:shared/a' } }, FILES))
    expect(await answer(host, 'a')).toBe('a, b, leaf 1.0.0')
    const changed = { ...FILES, 'shared/b/index.js': "module.exports = 'b'" }
    await host.deploy('f', await makeFunction({ dependencies: { a: './shared/a' } }, changed))
    expect(await answer(host, 'a')).toBe('a, b')
  })

  test('may be tarballs', async () => {
    const host = openHost()
    const tarball = await fetch(`${registry.url}leaf/-/leaf-1.0.0.tgz`)
    const folder = await makeFunction(
      { dependencies: { leaf: 'file:vendor/leaf.tgz' } },
      { 'vendor/leaf.tgz': new Uint8Array(await tarball.arrayBuffer()) },
    )
    registry.requests.length = 0
    await host.deploy('f', folder)
    expect(await answer(host, 'leaf')).toBe('leaf 1.0.0')
    expect(registry.requests).toEqual([])
  })

  test('may be fetched from an address', async () => {
    const host = openHost()
    const leaf = `${registry.url}leaf/-/leaf-1.0.0.tgz`
    await host.deploy('f', await makeFunction({ dependencies: { leaf } }))
    expect(await answer(host, 'leaf')).toBe('leaf 1.0.0')
  })
})

describe('what can’t be installed', () => {
  const cases: readonly (readonly [
    what: string,
    packageJson: { dependencies: Record<string, string> },
    packageName: string,
    part: string,
  ])[] = [
    [
      'a name nobody has',
      { dependencies: { nope: '^1.0.0' } },
      'nope',
      '"nope@^1.0.0" is not in the registry 127.0.0.1',
    ],
    [
      'a version there is not',
      { dependencies: { leaf: '9.9.9' } },
      'leaf',
      '"leaf@9.9.9" is not in the registry: the package has no such version',
    ],
    [
      'a wrong checksum',
      { dependencies: { broken: '1' } },
      'broken',
      '"broken" is not what its checksum says',
    ],
    ['a package that takes one from git', { dependencies: { 'of-git': '1' } }, 'x', '"x" comes from git'],
    [
      'a package that takes one from a folder',
      { dependencies: { 'of-file': '1' } },
      'x',
      '"x" comes from a folder outside',
    ],
    [
      'packages that don’t fit',
      { dependencies: { 'peers-1': '1', leaf: '1.1.0' } },
      'peers-1',
      'needs what the other packages',
    ],
  ]

  test.each(cases)('%s', async (_what, packageJson, packageName, part) => {
    registry.corrupt.add('broken')
    const deployed = openHost().deploy('f', await makeFunction(packageJson))
    const error = await deployed.then(
      () => expect.unreachable(),
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({
      code: 'CLOUDLET_DEPLOY',
      functionName: 'f',
      file: 'package.json',
      packageName,
    })
    const { message } = error as Error
    expect(message).toMatch(/^Function "f": packages are not installed\. /)
    expect(message).toContain(part)
    expect(message).not.toMatch(/\n|npm error/)
    expect(message.length).toBeLessThan(400)
    expect(await listSets(data)).toEqual([])
    expect(await listDrafts(data)).toEqual([])
  })

  test('a version of Node that is not this one, where the function wants to know', async () => {
    const folder = await makeFunction({ dependencies: { picky: '1' } }, { '.npmrc': 'engine-strict=true' })
    await expect(openHost().deploy('f', folder)).rejects.toMatchObject({
      packageName: 'picky',
      message: expect.stringMatching(/"picky@1\.0\.0" is not for this version of Node: Required: .*>=999/),
    })
    await openHost().deploy('f', await makeFunction({ dependencies: { picky: '1' } }))
  })

  test('a registry that is not there', async () => {
    const nobody = await Registry.start([])
    const { url } = nobody
    await nobody.close()
    const folder = await makeFunction(LEAF, { '.npmrc': `registry=${url}` })
    const { host: address } = new URL(url)
    await expect(openHost().deploy('f', folder)).rejects.toMatchObject({
      packageName: 'leaf',
      message: expect.stringContaining(`"leaf" can't be fetched ${address}: connect ECONNREFUSED`),
    })
  })

  test('more than the limit, at it and one over', async () => {
    const folder = await makeFunction({ dependencies: { large: '1' } })
    await expect(openHost({ maxPackagesMb: 1 }).deploy('f', folder)).rejects.toMatchObject({
      message: expect.stringContaining('Raise maxPackagesMb'),
    })
    expect(await listSets(data)).toEqual([])
    await openHost({ maxPackagesMb: 2 }).deploy('f', folder)
  })

  const besideNode = join(dirname(realpathSync(process.execPath)), '..', 'lib', 'node_modules', 'npm')
  test.skipIf(existsSync(besideNode))(
    'where there is no npm, and none is taken from a relative PATH',
    async () => {
      const { PATH } = process.env
      onTestFinished(() => {
        process.env['PATH'] = PATH
      })
      const folder = await makeFunction(LEAF, { npm: '#!/bin/sh\ntouch ran\n' })
      chmodSync(join(folder, 'npm'), 0o755)
      process.env['PATH'] = relative(process.cwd(), folder)
      await expect(openHost().deploy('f', folder)).rejects.toMatchObject({
        message: expect.stringContaining('npm was found neither beside Node nor on the PATH'),
      })
      expect(existsSync(join(folder, 'ran'))).toBe(false)
    },
  )

  test('a version published after the cache was filled is found', async () => {
    const manifest = (version: string): { name: string; version: string } => ({ name: 'young', version })
    await registry.publish([{ manifest: manifest('1.0.0') }])
    const host = openHost()
    await host.deploy('f', await makeFunction({ dependencies: { young: '1.0.0' } }))
    await registry.publish([{ manifest: manifest('1.0.1') }])
    await host.deploy('f', await makeFunction({ dependencies: { young: '1.0.1' } }))
    expect(await listSets(data)).toHaveLength(2)
  })
})

describe('offline', () => {
  test('npm’s cache is enough, and what it lacks is named', async () => {
    const folder = await makeFunction(BRANCH)
    const online = openHost()
    await online.deploy('f', folder)
    await online.close()
    rmSync(join(data, 'packages', 'sets'), { recursive: true })
    registry.requests.length = 0
    const offline = openHost({ install: 'offline' })
    await offline.deploy('f', folder)
    expect(await answer(offline, '@scope/branch')).toBe('branch with leaf 1.1.0')
    await expect(
      offline.deploy('g', await makeFunction({ dependencies: { large: '1' } })),
    ).rejects.toMatchObject({
      packageName: 'large',
      message: expect.stringContaining(`"large" is not in npm's cache`),
    })
    expect(registry.requests).toEqual([])
  })

  test('never: nothing is run, and what is missing is told', async () => {
    const host = openHost({ install: 'never' })
    const { warnings: told } = await host.deploy('f', await makeFunction(LEAF))
    expect(told).toEqual([expect.stringContaining('lists "leaf", there is no node_modules')])
    await expect(answer(host, 'leaf')).rejects.toMatchObject({
      message: expect.stringContaining("find module 'leaf'"),
    })
    expect(registry.requests).toEqual([])
  })
})

describe('several at once', () => {
  interface ChildAnswer {
    readonly result: unknown
    readonly steps: readonly string[]
    readonly warnings: readonly string[]
  }

  const childArgs = (folder: string): string[] => ['--no-node-snapshot', CHILD, data, folder, 'leaf']
  async function runChild(folder: string): Promise<ChildAnswer> {
    return JSON.parse((await promisify(execFile)(process.execPath, childArgs(folder))).stdout)
  }

  test('two processes install a set once', async () => {
    const { asked } = registry.hold()
    const folder = await makeFunction(LEAF)
    const both = Promise.all([runChild(folder), runChild(folder)])
    await asked
    // Long enough for the other one to come to its turn.
    await new Promise(resolve => setTimeout(resolve, 1500))
    registry.release()
    const answers = await both
    expect(answers.map(({ result }) => result)).toEqual(['leaf 1.0.0', 'leaf 1.0.0'])
    expect(answers.flatMap(child => child.warnings)).toEqual([])
    expect(answers.map(({ steps }) => steps.join(' ')).sort()).toEqual(['start fetch done', 'wait done'])
    expect(registry.tarballs).toEqual(['leaf/-/leaf-1.0.0.tgz'])
    expect(await listDrafts(data)).toEqual([])
  })

  test('what a killed process left half done is not taken, nor waited for', async () => {
    const { asked } = registry.hold()
    const folder = await makeFunction(LEAF)
    const child = spawn(process.execPath, childArgs(folder), { stdio: 'ignore' })
    await asked
    expect((await listDrafts(data)).length).toBeGreaterThan(0)
    child.kill('SIGKILL')
    await once(child, 'close')
    registry.release()
    expect(await listSets(data)).toEqual([])
    const host = openHost()
    const startMs = performance.now()
    await host.deploy('f', folder)
    expect(performance.now() - startMs).toBeLessThan(10_000)
    expect(await answer(host, 'leaf')).toBe('leaf 1.0.0')
    expect(await listSets(data)).toHaveLength(1)
  })

  test('closing the host ends npm', async () => {
    const { asked } = registry.hold()
    const host = openHost()
    const deployed = host.deploy('f', await makeFunction(LEAF))
    deployed.catch(() => {})
    await asked
    const npm = npmProcesses()
    expect(npm.length).toBeGreaterThan(0)
    const startMs = performance.now()
    await host.close()
    expect(performance.now() - startMs).toBeLessThan(5000)
    await expect(deployed).rejects.toMatchObject({ code: 'CLOUDLET_HOST_CLOSED' })
    expect(npmProcesses()).toEqual([])
    expect(await listDrafts(data)).toEqual([])
    expect(await listSets(data)).toEqual([])
  })

  test('a host runs no more npms than the limit', async () => {
    registry.hold()
    const names = Array.from({ length: LIMITS.packageInstalls + 2 }, (_, index) => `f${index}`)
    const host = openHost()
    const deployed = names.map(async (name, index) => {
      const overrides = { none: `1.0.${index}` }
      return host.deploy(name, await makeFunction({ ...LEAF, overrides }))
    })
    await expect.poll(() => npmProcesses().length, { timeout: 10_000 }).toBe(LIMITS.packageInstalls)
    await new Promise(resolve => setTimeout(resolve, 500))
    expect(npmProcesses()).toHaveLength(LIMITS.packageInstalls)
    registry.release()
    expect(await Promise.all(deployed)).toHaveLength(names.length)
    expect(await listSets(data)).toHaveLength(names.length)
  })

  test('npm that takes too long is ended', async () => {
    const { asked } = registry.hold()
    const host = openHost({ installTimeoutMs: 3000 })
    const deployed = host.deploy('f', await makeFunction(LEAF))
    deployed.catch(() => {})
    await asked
    await expect(deployed).rejects.toMatchObject({
      code: 'CLOUDLET_DEPLOY',
      message: expect.stringContaining('within 3 seconds. Raise installTimeoutMs'),
    })
    expect(npmProcesses()).toEqual([])
  })

  /** Working folders of processes below this test's data directory. */
  function npmProcesses(): string[] {
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .flatMap(pid => {
        try {
          const folder = readlinkSync(`/proc/${pid}/cwd`)
          return folder.startsWith(data) ? [folder] : []
        } catch {
          // It ended meanwhile, or is somebody else's.
          return []
        }
      })
  }
})

describe('the store', () => {
  async function install(): Promise<{ host: FunctionHost; folder: string; set: string }> {
    const host = openHost()
    const folder = await makeFunction(LEAF)
    await host.deploy('f', folder)
    const [name = ''] = await listSets(data)
    return { host, folder, set: join(data, 'packages', 'sets', name) }
  }

  test.each([
    ['cut off', (set: string) => truncateSync(join(set, 'node_modules', 'leaf', 'index.js'), 3)],
    ['gone', (set: string) => rmSync(join(set, 'node_modules', 'leaf', 'index.js'))],
    ['without its record', (set: string) => rmSync(join(set, 'node_modules', '.cloudlet.json'))],
  ])('a set with a file %s is told of, not used, and made again', async (_, damage) => {
    const { host, folder, set } = await install()
    await host.close()
    damage(set)
    const next = openHost()
    await next.deploy('f', folder)
    expect(await answer(next, 'leaf')).toBe('leaf 1.0.0')
    expect(warnings).toEqual([expect.stringContaining('are damaged')])
  })

  test('a set removed while the host runs is made again', async () => {
    const { host, folder, set } = await install()
    rmSync(set, { recursive: true })
    await host.deploy('f', folder)
    expect(existsSync(set)).toBe(true)
  })

  test('sets and drafts that nobody has used for long go, others stay', async () => {
    const { host, set } = await install()
    await host.deploy('g', await makeFunction({ dependencies: { leaf: '1.1.0' } }))
    await host.close()
    const [young = ''] = (await listSets(data)).filter(name => !set.endsWith(name))
    const daysAgo = (days: number): Date => new Date(Date.now() - days * 86_400_000)
    utimesSync(join(set, 'node_modules', '.cloudlet.json'), daysAgo(30.01), daysAgo(30.01))
    utimesSync(
      join(data, 'packages', 'sets', young, 'node_modules', '.cloudlet.json'),
      daysAgo(29.9),
      daysAgo(29.9),
    )
    const drafts = join(data, 'packages', 'drafts')
    for (const [name, hours] of [
      ['old', 2.01],
      ['young', 1.9],
    ] as const) {
      mkdirSync(join(drafts, name))
      utimesSync(join(drafts, name), daysAgo(hours / 24), daysAgo(hours / 24))
    }
    const next = openHost()
    await next.deploy('h', await makeFunction({ dependencies: { large: '1' } }))
    await next.close()
    expect(existsSync(set)).toBe(false)
    expect(await listSets(data)).toContain(young)
    expect(await listDrafts(data)).toEqual(['young'])
  })

  test('a set that is asked for is young again', async () => {
    const { host, folder, set } = await install()
    const record = join(set, 'node_modules', '.cloudlet.json')
    const old = new Date(Date.now() - 29 * 86_400_000)
    utimesSync(record, old, old)
    await host.deploy('g', folder)
    expect(Date.now() - statSync(record).mtimeMs).toBeLessThan(60_000)
  })

  test('keeps no password of a function’s .npmrc, which is used', async () => {
    const secured = await Registry.start(FIXTURES.slice(0, 1))
    onTestFinished(() => secured.close())
    secured.token = 'sesame'
    const { host: address } = new URL(secured.url)
    const npmrc = `registry=${secured.url}\n//${address}/:_authToken=sesame\n`
    const host = openHost()
    await host.deploy('f', await makeFunction(LEAF, { '.npmrc': npmrc }))
    expect([...secured.tokens]).toEqual(['sesame'])
    const [name = ''] = await listSets(data)
    expect(readdirSync(join(data, 'packages', 'sets', name))).not.toContain('.npmrc')
    const stranger = openHost({ packagesDirectory: join(data, 'other') })
    const refused = stranger.deploy(
      'g',
      await makeFunction({ dependencies: { leaf: '*' } }, { '.npmrc': `registry=${secured.url}` }),
    )
    await expect(refused).rejects.toMatchObject({
      packageName: 'leaf',
      message: expect.stringContaining('wants a login'),
    })
  })

  test('a place that can’t be written is told', async () => {
    const host = openHost({ packagesDirectory: join(await makeFunction({}), 'index.js') })
    await expect(host.deploy('f', await makeFunction(LEAF))).rejects.toMatchObject({
      code: 'CLOUDLET_DEPLOY',
      message: expect.stringMatching(/Packages can't be kept: E(?:NOTDIR|EXIST)/),
    })
  })
})
