import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { readLockFile } from '../../src/packages/lock-file.ts'
import { readManifest } from '../../src/packages/manifest.ts'
import { readPackageSet } from '../../src/packages/set.ts'
import { checkPackageName, readSpec } from '../../src/packages/spec.ts'
import { openSourceTree } from '../../src/source-tree.ts'

describe('a name', () => {
  test.each(['axios', '@scope/name', 'JSONStream', 'a.b', '-', '~x', 'a_b', 'x'.repeat(214)])(
    '%s is one',
    name => {
      expect(() => checkPackageName(name)).not.toThrow()
    },
  )

  test.each([
    ...[
      '',
      '.',
      '..',
      '../x',
      './x',
      '/x',
      '.bin',
      '_x',
      'a/b',
      '@a/b/c',
      '@/b',
      '@a/',
      '@a/../b',
      '@../b',
      '@a/..',
    ],
    ...['a b', 'a\\b', 'a\0', '__proto__', 'node_modules', 'favicon.ico', '%2e%2e', 'x'.repeat(215)],
  ])('%j is none', name => {
    expect(() => checkPackageName(name)).toThrow(/is not a package's name/)
    const manifest = `{"dependencies":{${JSON.stringify(name)}:"1"}}`
    expect(() => readManifest(manifest)).toThrow(/is not a package's name/)
  })
})

describe('a version', () => {
  test.each([
    ...[
      '',
      '*',
      '1',
      '^1.2.3',
      '~1.2.3',
      '>=1 <2 || 3.x',
      'latest',
      'next-1',
      '1.2.3 - 2.0.0',
      'npm:leaf@^1',
      'npm:@a/b',
    ],
    ...['https://example.com/x.tgz', 'http://example.com/x', 'https://codeload.github.com/a/b/tar.gz/main'],
    'https://github.com/a/b/archive/main.tar.gz',
  ])('%j is fetched', text => {
    expect(readSpec('x', text)).toEqual({ kind: 'fetched', text })
  })

  test.each([
    ...[
      'git+https://a.b/c.git',
      'git+ssh://git@a.b/c',
      'git://a.b/c',
      'git@github.com:a/b.git',
      'ssh://git@a.b/c',
    ],
    ...['github:a/b', 'gitlab:a/b', 'bitbucket:a/b', 'gist:11', 'a/b', 'a/b#v1', 'https://github.com/a/b'],
    ...[
      'https://github.com/a/b#main',
      'https://github.com/a/b.git',
      'https://example.com/a/b.git',
      'git+file:///etc/x',
    ],
  ])('%j comes from git, and is refused', text => {
    expect(() => readSpec('x', text)).toThrow(/^"x" comes from git/)
  })

  test.each([
    ['file:lib/a', '/lib/a'],
    ['file:./lib/a/', '/lib/a'],
    ['./lib/../lib/a', '/lib/a'],
    ['file:a.tgz', '/a.tgz'],
    ['file://./a', '/a'],
    ['a.tgz', '/a.tgz'],
  ])('%j is in the function: %s', (text, path) => {
    expect(readSpec('x', text)).toEqual({ kind: 'local', path })
  })

  test.each([
    ...[
      'file:..',
      'file:../x',
      '../x',
      'file:a/../../x',
      'file:/etc',
      'file:///etc',
      '/etc',
      '~/x',
      'file:~/x',
      'C:/x',
    ],
    ...[
      'file:%2e%2e/x',
      'file:a#b',
      'file:a?b',
      'file:..\\x',
      '.\\x',
      'file:C:/x',
      'file:./node_modules/x',
      'file:.hidden',
    ],
    ...['file:a/.npmrc', 'file:.../x'],
  ])('%j is outside, and is refused', text => {
    expect(() => readSpec('x', text)).toThrow(
      /^"x" is at ".*", outside the function's folder or not a plain path/s,
    )
  })

  test.each(['file:.', 'file:./', './', 'file:a/..'])('%j is the function itself, and is refused', text => {
    expect(() => readSpec('x', text)).toThrow(/"x" can't be the function's own folder/)
  })

  test.each(['link:../x', 'workspace:*', 'catalog:', 'portal:x', 'patch:x@1', 'ftp://x/y', 'javascript:1'])(
    '%j is nothing npm knows, and is refused',
    text => {
      expect(() => readSpec('x', text)).toThrow(/npm knows no "/)
    },
  )

  test('that is no string, or another package under a bad name, is refused', () => {
    for (const value of [1, null, {}, ['1']]) expect(() => readSpec('x', value)).toThrow(/must be a string/)
    expect(() => readSpec('x', 'npm:../y@1')).toThrow(/is not a package's name/)
  })

  test('is relative to the package that names it', () => {
    expect(readSpec('x', 'file:../b', '/lib/a')).toEqual({ kind: 'local', path: '/lib/b' })
    expect(() => readSpec('x', 'file:../../../b', '/lib/a')).toThrow(/outside/)
  })
})

describe('package.json', () => {
  test('is the same for npm whatever else is in it', () => {
    const plain = readManifest('{"dependencies":{"a":"1","b":"2"},"optionalDependencies":{"c":"3"}}')
    const other = readManifest(
      '\uFEFF{"name":"x","optionalDependencies":{"c":"3"},"dependencies":{"b":"2","wx-server-sdk":"latest","a":"1"},' +
        '"devDependencies":{"d":"git+ssh://x"},"scripts":{"install":"rm"},"workspaces":["*"],"bundleDependencies":true}',
    )
    expect(JSON.stringify(other)).toBe(JSON.stringify(plain))
    expect(plain.dependencies.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
  })

  test.each([
    ['{', /package\.json is not valid JSON/],
    ['[]', /must hold a JSON object/],
    ['{"dependencies":["a"]}', /"dependencies" in package\.json must be an object/],
    ['{"dependencies":{"a":"1"},"overrides":{"b":{"c":"file:../x"}}}', /"c" is at "file:\.\.\/x", outside/],
    [
      '{"dependencies":{"a":"1"},"overrides":{"b":"file:./x"}}',
      /"overrides" in package\.json: "b" must have a version/,
    ],
    [
      '{"dependencies":{"a":"1"},"overrides":{"b":1}}',
      /"b": its version must be a string|"b" must have a version/,
    ],
  ])('%s is refused', (text, message) => {
    expect(() => readManifest(text)).toThrow(message)
  })
})

describe('a lock file', () => {
  const lock = (place: string, entry: object): string =>
    JSON.stringify({ lockfileVersion: 3, packages: { '': {}, [place]: entry } })

  test.each([
    '../x',
    'node_modules/../../x',
    '/x',
    'node_modules//x',
    'node_modules/./x',
    'a\\b',
    'C:/x',
    'x\0',
  ])('that puts a package at %j is refused', place => {
    expect(() => readLockFile(lock(place, { version: '1.0.0' }), 'l.json')).toThrow(
      /outside the function's folder/,
    )
    const old = {
      lockfileVersion: 1,
      dependencies: { a: { dependencies: { [place]: { version: '1.0.0' } } } },
    }
    expect(() => readLockFile(JSON.stringify(old), 'l.json')).toThrow(/outside the function's folder/)
  })

  test.each([
    ['file:../../x.tgz', /outside/],
    ['file:///etc/x.tgz', /outside/],
    ['git+ssh://git@github.com/a/b.git#123', /comes from git/],
    ['../../x', /outside/],
    [1, /must be a string/],
  ])('that takes a package from %j is refused', (resolved, message) => {
    expect(() => readLockFile(lock('node_modules/x', { resolved }), 'l.json')).toThrow(message)
    const old = { lockfileVersion: 1, dependencies: { x: { version: resolved } } }
    expect(() => readLockFile(JSON.stringify(old), 'l.json')).toThrow(message)
  })

  test('may link to folders inside, and to none outside', () => {
    expect(readLockFile(lock('node_modules/x', { resolved: 'lib/x', link: true }), 'l.json')).toContain(
      'lib/x',
    )
    expect(() => readLockFile(lock('node_modules/x', { resolved: '../x', link: true }), 'l.json')).toThrow(
      /outside/,
    )
    expect(() => readLockFile(lock('node_modules/x', { resolved: '/etc', link: true }), 'l.json')).toThrow(
      /outside/,
    )
  })

  test('is the same whatever the function is called and is developed with', () => {
    const make = (name: string, dev: object): string =>
      readLockFile(
        JSON.stringify({
          ...{ name, version: '1.0.0', lockfileVersion: 3 },
          packages: { '': { name, devDependencies: dev }, ...dev, 'node_modules/a': { version: '1.0.0' } },
        }),
        'l.json',
      )
    expect(make('x', {})).toBe(make('y', { 'node_modules/d': { version: '1.0.0', dev: true } }))
    expect(make('x', {})).toContain('node_modules/a')
  })
})

describe('packages in the function’s own folder', () => {
  const read = (files: Record<string, string>): ReturnType<typeof readPackageSet> =>
    readPackageSet(openSourceTree({ files: { 'package.json': '{"dependencies":{"a":"file:a"}}', ...files } }))

  test('must be there, and be packages', () => {
    expect(() => read({})).toThrow(/"a" is to be at "a", where the function has nothing/)
    expect(() => read({ 'a/index.js': '' })).toThrow(/"a": there is no package\.json in "a"/)
    expect(() => read({ a: '' })).toThrow(/"a": "a" is neither a folder nor a tarball/)
    expect(() => read({ 'a/package.json': '{"dependencies":{"b":"file:../../b"}}' })).toThrow(
      /"b" is at .* outside/,
    )
  })

  test('may take as much as a deployment, at the limit and one over', () => {
    const manifest = '{}'
    const room = LIMITS.deploymentBytes - manifest.length
    const big = 'x'.repeat(room)
    expect(read({ 'a/package.json': manifest, 'a/x.js': big }).hasLocal).toBe(true)
    expect(() => read({ 'a/package.json': manifest, 'a/x.js': `${big}x` })).toThrow(/more than 50 MB/)
  })

  test('are part of the key, and what is beside them is not', () => {
    const files = { 'a/package.json': '{}', 'a/x.js': '1' }
    expect(read({ ...files, 'index.js': '1', 'a/node_modules/b/x.js': '' }).key).toBe(read(files).key)
    expect(read({ ...files, 'a/x.js': '2' }).key).not.toBe(read(files).key)
  })
})
