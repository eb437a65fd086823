import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as errors from '../src/errors.ts'
import { LIMITS } from '../src/limits.ts'
import { DEFAULTS } from '../src/options.ts'
import { resolveDoorOptions } from '../src/transport/door-options.ts'
import { JWT_DEFAULTS } from '../src/transport/jwt-options.ts'
import { WECHAT_DEFAULTS } from '../src/wechat/wechat-options.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

describe('docs/errors.md', () => {
  const text = read('docs/errors.md')
  const headings = [...text.matchAll(/^## (CLOUDLET_\w+)$/gm)].map(([, code]) => code)

  test('has a heading per code, in order', () => {
    expect(headings).toEqual(errors.ERROR_CODES)
  })

  test('names the class of each code, and whether it can be retried', () => {
    for (const error of makeEach()) {
      const [, section = ''] = text.split(`## ${error.code}\n`)
      const [, line = ''] = section.split('\n')
      expect(line).toContain(`\`${error.name}\``)
      expect(line.includes('**retryable**')).toBe(error.retryable)
    }
    expect(makeEach().map(({ code }) => code)).toEqual(errors.ERROR_CODES)
  })

  test('lists the details of each, and every reason', () => {
    for (const error of makeEach()) {
      const [, section = ''] = text.split(`## ${error.code}\n`)
      const [own = ''] = section.split('\n## ')
      for (const field of Object.keys(error.details())) expect(own).toContain(`\`${field}\``)
    }
    for (const reason of [...errors.DATABASE_REASONS, ...errors.STORAGE_REASONS]) {
      expect(text).toContain(`| \`${reason}\` |`)
    }
  })
})

describe('docs/limits.md', () => {
  const text = read('docs/limits.md')

  test('has a row per fixed limit with its value', () => {
    const documented = readRows(text, 'Fixed limits').map(([name, value]) => [name, Number(value)])
    expect(documented).toEqual(Object.entries(LIMITS))
  })

  const places: readonly (readonly [section: string, files: readonly string[]])[] = [
    ['Host options', ['src/options.ts']],
    ['Network options', ['src/network-options.ts']],
    ['Storage options', ['src/storage-options.ts']],
    [
      'Door options',
      ['src/transport/server.ts', 'src/transport/door-options.ts', 'src/transport/http-options.ts'],
    ],
    ['Client options', ['src/client/cloud.ts']],
    ['WeChat options', ['src/wechat/wechat-options.ts']],
    ['WeChat Pay options', ['src/wechat/pay-options.ts']],
    ['JWT options', ['src/transport/jwt-options.ts']],
  ]

  test.each(places)('has a row per option with a default: %s', (section, files) => {
    const tagged = files.flatMap(file => readDefaults(read(file)))
    expect(tagged.length).toBeGreaterThan(1)
    expect(readRows(text, section)).toEqual(tagged)
  })

  test('the @default tags tell the truth', () => {
    const host = readDefaults(read('src/options.ts'))
    expect(Object.fromEntries(host)).toEqual(mapValues(DEFAULTS))
    expect(Object.fromEntries(readDefaults(read('src/wechat/wechat-options.ts')))).toEqual(
      mapValues(WECHAT_DEFAULTS),
    )
    expect(Object.fromEntries(readDefaults(read('src/transport/jwt-options.ts')))).toEqual(
      mapValues(JWT_DEFAULTS),
    )
    const door = resolveDoorOptions({
      authenticate: () => ({}),
      call: async () => undefined,
      serveFile: async () => ({ kind: 'refused', status: 404, message: '' }),
      health: () => ({}),
      onInternalError: () => {},
    })
    for (const file of ['src/transport/door-options.ts', 'src/transport/http-options.ts']) {
      for (const [name, value] of readDefaults(read(file))) {
        expect([name, value]).toEqual([name, print(Reflect.get(door, name))])
      }
    }
  })
})

describe('every document', () => {
  const documents = [
    'README.md',
    'CHANGELOG.md',
    ...list('docs'),
    ...list('native-notes'),
    ...list('examples'),
  ]

  test.each(documents)('%s: its relative links lead somewhere', path => {
    for (const [, target = ''] of read(path).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      const [file = '', anchor] = target.split('#')
      const linked = file === '' ? path : join(dirname(path), file)
      expect(existsSync(join(ROOT, linked)), `${path} links to ${target}`).toBe(true)
      if (anchor !== undefined) expect(anchorsOf(read(linked))).toContain(anchor)
    }
  })

  test.each(documents)('%s: holds no path of a machine', path => {
    expect(read(path)).not.toMatch(/(?:^|[\s`'"(])(?:\/(?:home|root|work|Users|opt|mnt)\/|[A-Z]:\\)/)
  })
})

test('the examples of the README run', async () => {
  const [embed = '', client = ''] = [...read('README.md').matchAll(/^```js\n(.*?)^```/gms)].map(
    ([, code]) => code,
  )
  const folder = await mkdtemp(join(tmpdir(), 'cloudlet-readme-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'sum'))
  await writeFile(join(folder, 'sum', 'index.js'), 'exports.main = ({ a, b }) => a + b')
  const script = `${embed}\n${client}\nawait host.close()`
    .replace("'./.cloudlet'", JSON.stringify(join(folder, 'data')))
    .replace("'./cloudfunctions'", JSON.stringify(folder))
    .replace('port: 7780', 'port: 0')
    .replace("'ws://127.0.0.1:7780'", 'door.url')
  const args = ['--no-node-snapshot', '--input-type=module', '--eval', script]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT })
  expect(stdout).toMatch(/^3 true [\d.]+\nClients connect to ws:\S+\n3 cloud\.callFunction:ok\n$/)
})

test('the changelog has the version of the package', () => {
  const { version }: { version: string } = JSON.parse(read('package.json'))
  expect(read('CHANGELOG.md')).toMatch(new RegExp(`^## ${version.replaceAll('.', '\\.')}\\b`, 'm'))
})

/** One error of each code, in the order of ERROR_CODES. */
function makeEach(): errors.CloudletError[] {
  const guest = { name: 'Error', message: '', stack: '', fields: {} }
  return [
    new errors.InvalidOptionError('a', ''),
    new errors.HostClosedError(),
    new errors.DeployError('a', ''),
    new errors.FunctionNotFoundError('a', []),
    new errors.FunctionError('a', guest),
    new errors.ValueError('a', ''),
    new errors.CapabilityDeniedError('a', 'b', ''),
    new errors.DatabaseError('INVALID_PARAM', ''),
    new errors.StorageError('INVALID_PARAM', ''),
    new errors.NetworkError('ECONNREFUSED', '', {}),
    new errors.WechatError('/sns/jscode2session', 40029, 'invalid code'),
    new errors.DeadlineError('a', 1, { cpuMs: 1, waitedMs: {} }),
    new errors.MemoryLimitError('a', 1),
    new errors.OverloadedError(''),
    new errors.CancelledError(),
    new errors.ProtocolError(''),
    new errors.UnauthenticatedError(''),
    new errors.ConnectionError(''),
    new errors.IsolateCrashedError(''),
    new errors.InternalError('a'),
  ]
}

/** First two cells of each row of the table under a heading, the first without its backquotes. */
function readRows(text: string, heading: string): (readonly [string, string])[] {
  const [, after = ''] = text.split(`## ${heading}\n`)
  const [section = ''] = after.split('\n## ')
  return [...section.matchAll(/^\| `(\w+)` \| ([^|]*?) *\|/gm)].map(([, name = '', value = '']) => [
    name,
    value,
  ])
}

/** Properties whose doc comment has a `@default` that is a value, in the order of the file. */
function readDefaults(text: string): (readonly [string, string])[] {
  const comments = text.matchAll(/\/\*\*((?:(?!\*\/).)*)\*\/\s*readonly (\w+)\??:/gs)
  return [...comments].flatMap(([, comment = '', name = '']) => {
    const [, value] = /@default ('[^']*'|[\d.]+|true|false)\s*$/m.exec(comment) ?? []
    return value === undefined ? [] : [[name, value] as const]
  })
}

function mapValues(values: object): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, print(value)]))
}

function print(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}

/** As GitHub makes them. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function list(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md') && !name.includes('node_modules'))
    .map(name => `${folder}/${name.replaceAll('\\', '/')}`)
    .sort()
}
