import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  type Check,
  checkCycles,
  checkDependencies,
  checkFileLengths,
  checkLayers,
  checkNames,
  checkPackagePlaces,
  checkPortable,
  checkReexports,
  checkTargets,
  type Manifest,
} from './architecture/rules.ts'
import { readImports, type Sources } from './architecture/source.ts'

const ROOT = new URL('../', import.meta.url)

function readSources(): Sources {
  const names = readdirSync(new URL('src/', ROOT), { recursive: true, encoding: 'utf8' })
  const paths = names.filter(name => name.endsWith('.ts')).map(name => `src/${name.replaceAll('\\', '/')}`)
  return new Map(paths.sort().map(path => [path, readFileSync(new URL(path, ROOT), 'utf8')]))
}

const sources = readSources()
const manifest: Manifest = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'))

describe('the product', () => {
  const rules: readonly (readonly [rule: string, check: Check])[] = [
    ['imports point down the layers', checkLayers],
    ['each foreign package has its one place', checkPackagePlaces],
    ['words, sdk, guest and the browser client are free of Node', checkPortable],
    ['there are no cycles, types included', checkCycles],
    ['relative imports name files that exist, with .ts', checkTargets],
    ['no file is too long', checkFileLengths],
    ['folders are flat and nothing has a catch-all name', checkNames],
    ['only package entries pass on exports, by name', checkReexports],
  ]

  test.each(rules)('%s', (_rule, check) => {
    expect(check(sources)).toEqual([])
  })

  test('every dependency is used and every package imported is one', () => {
    expect(checkDependencies(sources, manifest)).toEqual([])
  })

  test('was read at all', () => {
    expect(sources.size).toBeGreaterThan(80)
    const importCount = [...sources.values()].reduce((sum, text) => sum + readImports(text).length, 0)
    expect(importCount).toBeGreaterThan(200)
  })
})

describe('a deliberately wrong file is found out', () => {
  const wrong: readonly (readonly [
    what: string,
    check: Check,
    files: Record<string, string>,
    part: string,
  ])[] = [
    [
      'an engine that imports another',
      checkLayers,
      { 'src/isolate/pool.ts': "import { Database } from '../database/database.ts'" },
      'isolate may not import database',
    ],
    [
      'a cell that imports another engine than that of isolates',
      checkLayers,
      { 'src/cells/main.ts': "import { Database } from '../database/database.ts'" },
      'cells may not import database',
    ],
    [
      'an engine that imports cells',
      checkLayers,
      { 'src/isolate/pool.ts': "import { launchCell } from '../cells/launch.ts'" },
      'isolate may not import cells',
    ],
    [
      'cells known outside of the line',
      checkLayers,
      { 'src/capabilities/capability.ts': "import { launchCell } from '../cells/launch.ts'" },
      'capabilities may not import cells',
    ],
    [
      'an engine that imports the line',
      checkLayers,
      { 'src/database/query.ts': "import type { FunctionHost } from '../host.ts'" },
      'database may not import host',
    ],
    [
      'a word that imports an engine',
      checkLayers,
      { 'src/protocol/calls.ts': "import {\n  a,\n  b,\n} from '../sdk/query.ts'" },
      'protocol may not import sdk',
    ],
    [
      'guest that imports an engine',
      checkLayers,
      { 'src/guest/main.ts': "export type X = import('../isolate/run.ts').Run" },
      'guest may not import isolate',
    ],
    [
      'a client that imports the transport',
      checkLayers,
      { 'src/client/link.ts': "const { a } = await import('../transport/session.ts')" },
      'client may not import transport',
    ],
    [
      'a transport that imports the host',
      checkLayers,
      { 'src/transport/server.ts': "import { FunctionHost } from '../host.ts'" },
      'transport may not import host',
    ],
    [
      'a transport that imports an engine',
      checkLayers,
      { 'src/transport/server.ts': "import '../storage/storage.ts'" },
      'transport may not import storage',
    ],
    [
      'a host that imports the command line',
      checkLayers,
      { 'src/host.ts': "import { dev } from './cli/dev.ts'" },
      'host may not import cli',
    ],
    [
      'a product file that imports the build',
      checkLayers,
      { 'src/host.ts': "import './build/guest.ts'" },
      'for development only',
    ],
    [
      'a unit without a layer',
      checkLayers,
      { 'src/extras/a.ts': "import '../errors.ts'" },
      '"extras" stands in no layer',
    ],
    [
      'a package imported elsewhere',
      checkPackagePlaces,
      { 'src/host.ts': "import ivm from 'isolated-vm'" },
      'src/host.ts may not import "isolated-vm"',
    ],
    [
      'a package with two importers',
      checkPackagePlaces,
      {
        'src/database/a.ts': "import { Query } from 'mingo'",
        'src/database/b.ts': "import type { Any } from 'mingo/types'",
      },
      'more than one importer: src/database/a.ts, src/database/b.ts',
    ],
    [
      'an unknown package',
      checkPackagePlaces,
      { 'src/host.ts': "import _ from '@scope/lodash/map'" },
      '"@scope/lodash" has no place',
    ],
    [
      'sdk that imports Node',
      checkPortable,
      { 'src/sdk/query.ts': "import { join } from 'node:path'" },
      'src/sdk/query.ts imports "node:path"',
    ],
    [
      'a browser client that imports Node',
      checkPortable,
      { 'src/client/cloud.ts': "import type { Socket } from 'node:net'" },
      'imports "node:net"',
    ],
    [
      'a cycle of three, one of them by type',
      checkCycles,
      {
        'src/a.ts': "import './b.ts'",
        'src/b.ts': "import type { C } from './c.ts'",
        'src/c.ts': "export { a } from './a.ts'",
      },
      'src/a.ts → src/b.ts → src/c.ts → src/a.ts',
    ],
    [
      'a file that is not there',
      checkTargets,
      { 'src/a.ts': "import './b.ts'" },
      'src/b.ts, which does not exist',
    ],
    [
      'an import without extension',
      checkTargets,
      { 'src/a.ts': "import './errors'" },
      'without its extension',
    ],
    ['a file of 301 lines', checkFileLengths, { 'src/a.ts': 'x\n'.repeat(301) }, '301 lines; 300'],
    ['a catch-all file', checkNames, { 'src/sdk/utils.ts': '' }, '"utils" names no one thing'],
    ['a catch-all folder', checkNames, { 'src/common/value.ts': '' }, '"common" names no one thing'],
    ['an index in a folder', checkNames, { 'src/sdk/index.ts': '' }, '"index" names no one thing'],
    ['a folder in a folder', checkNames, { 'src/sdk/query/where.ts': '' }, 'deeper than one folder'],
    [
      'an export of everything',
      checkReexports,
      { 'src/index.ts': "export * from './host.ts'" },
      'exports everything',
    ],
    [
      'an export of everything under a name',
      checkReexports,
      { 'src/index.ts': "export * as host from './host.ts'" },
      'exports everything',
    ],
    [
      'a barrel',
      checkReexports,
      { 'src/sdk/query.ts': "export { Collection } from './collection.ts'" },
      'passes on ./collection.ts',
    ],
  ]

  test.each(wrong)('%s', (_what, check, files, part) => {
    const violations = check(new Map(Object.entries(files)))
    expect(violations).toHaveLength(1)
    expect(violations[0]).toContain(part)
  })

  test('a dependency nobody imports, and a package nobody declared', () => {
    const files = new Map([
      ['src/host.ts', "import { LRUCache } from 'lru-cache'"],
      ['src/guest/main.ts', "import { Buffer } from 'buffer/'"],
    ])
    expect(checkDependencies(files, { dependencies: { ws: '1' }, devDependencies: {} })).toEqual([
      'src/host.ts imports "lru-cache", which is not in dependencies.',
      'src/guest/main.ts imports "buffer", which is not in devDependencies.',
      'No file imports the dependency "ws".',
    ])
  })

  test('a file of 300 lines is well, and so are imports that are only text', () => {
    expect(checkFileLengths(new Map([['src/a.ts', 'x\n'.repeat(300)]]))).toEqual([])
    const comments =
      "// import '../host.ts'\n/** Like import('../host.ts'). */\n * import x from '../host.ts'\n"
    expect(readImports(`${comments}const text = "import x from 'y'"\nexport const z = 'from'\n`)).toEqual([])
  })
})
