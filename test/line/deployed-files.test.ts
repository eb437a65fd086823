import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { FunctionFiles } from '../../src/capabilities/function-files.ts'
import { DeployedFiles } from '../../src/deployed-files.ts'
import { mountPackages } from '../../src/packaged-tree.ts'
import { openSourceTree } from '../../src/source-tree.ts'

/** What a guest might ask for if it got past its own file system: the host doesn't rely on that. */
const HOSTILE = [
  ...['', '.', '..', '../secret', '/..', '/../secret', '/lib/../../secret', '/./a.txt', '//a.txt', '/a.txt/'],
  ...[
    '/lib//deep',
    'a.txt',
    '/a.txt\0',
    '/\0',
    '/a.txt/..',
    '/lib/..',
    '/out/hostname',
    '/out',
    '/up',
    '/up/secret',
  ],
  ...['/pipe', '/turning', '/etc/passwd', '/proc/self/environ', `/${'x'.repeat(4000)}`, '/none', '/a.txt/b'],
]

let above: string
let folder: string
let files: FunctionFiles

beforeAll(() => {
  above = mkdtempSync(join(tmpdir(), 'deployed-'))
})
afterAll(() => rmSync(above, { recursive: true }))

beforeEach(() => {
  rmSync(above, { recursive: true })
  folder = join(above, 'function')
  mkdirSync(join(folder, 'lib/deep'), { recursive: true })
  writeFileSync(join(above, 'secret'), 'secret')
  writeFileSync(join(folder, 'a.txt'), 'content')
  writeFileSync(join(folder, 'lib/deep/b.txt'), 'deep')
  symlinkSync('/etc', join(folder, 'out'))
  symlinkSync('..', join(folder, 'up'))
  symlinkSync('turning', join(folder, 'turning'))
  symlinkSync('lib', join(folder, 'inside'))
  execFileSync('mkfifo', [join(folder, 'pipe')])
  files = new DeployedFiles(openSourceTree(folder))
})

describe('a folder', () => {
  test.each(HOSTILE)('has nothing at %j', async path => {
    expect(await files.look(path)).toEqual({ state: 'missing', sizeBytes: 0, modifiedMs: 0 })
    expect(await files.list(path)).toEqual({ state: 'missing', entries: [] })
    expect(await files.read(path, 0, 10)).toMatchObject({ state: 'missing' })
  })

  test('lists what is a file or a folder, links too, if they stay inside', async () => {
    const { entries } = await files.list('/')
    expect(entries.sort((one, other) => (one.name < other.name ? -1 : 1))).toEqual([
      { name: 'a.txt', kind: 'file' },
      { name: 'inside', kind: 'directory' },
      { name: 'lib', kind: 'directory' },
    ])
    expect(await files.look('/inside/deep/b.txt')).toMatchObject({ state: 'file', sizeBytes: 4 })
  })

  test('gives the part that is asked for', async () => {
    await files.look('/a.txt')
    const part = async (offset: number, length: number) =>
      Buffer.from((await files.read('/a.txt', offset, length)).content).toString()
    expect([
      await part(0, 100),
      await part(3, 2),
      await part(7, 5),
      await part(2 ** 40, 5),
      await part(1, 0),
    ]).toEqual([...['content', 'te', '', '', '']])
  })

  test('gives nothing that took a file’s place after it was looked at', async () => {
    await files.look('/a.txt')
    await files.look('/lib/deep/b.txt')
    rmSync(join(folder, 'a.txt'))
    symlinkSync(join(above, 'secret'), join(folder, 'a.txt'))
    expect(await files.read('/a.txt', 0, 10)).toMatchObject({ state: 'missing' })
    const elsewhere = join(above, 'elsewhere')
    mkdirSync(elsewhere)
    writeFileSync(join(elsewhere, 'b.txt'), 'evil')
    renameSync(join(folder, 'lib/deep'), join(above, 'moved'))
    symlinkSync(elsewhere, join(folder, 'lib/deep'))
    expect(await files.read('/lib/deep/b.txt', 0, 10)).toMatchObject({ state: 'changed' })
  })

  test('gives nothing of a file that was never looked at', async () => {
    expect(await files.read('/a.txt', 0, 10)).toMatchObject({ state: 'missing' })
  })
})

describe('files given as a map', () => {
  test.each(HOSTILE)('have nothing at %j', async path => {
    const source = { files: { 'a.txt': 'content', 'lib/deep/b.txt': 'deep' } }
    const given = new DeployedFiles(openSourceTree(source))
    expect(await given.look(path)).toMatchObject({ state: 'missing' })
    expect(await given.list(path)).toMatchObject({ state: 'missing' })
    expect(await given.read(path, 0, 10)).toMatchObject({ state: 'missing' })
  })
})

describe('packages installed elsewhere', () => {
  const text = async (from: FunctionFiles, path: string): Promise<string> => {
    await from.look(path)
    return Buffer.from((await from.read(path, 0, 100)).content).toString()
  }

  test.each(['a folder', 'a map'])('are read as those of %s', async kind => {
    const installed = join(above, 'set')
    mkdirSync(join(installed, 'node_modules/pack/data'), { recursive: true })
    writeFileSync(join(installed, 'node_modules/pack/data/x'), 'data of a package')
    writeFileSync(join(installed, 'lock'), 'the store’s own')
    symlinkSync('../../../secret', join(installed, 'node_modules/pack/out'))
    const source = kind === 'a map' ? { files: { 'a.txt': 'content' } } : folder
    const mounted = new DeployedFiles(mountPackages(openSourceTree(source), installed))
    expect(await text(mounted, '/a.txt')).toBe('content')
    expect(await text(mounted, '/node_modules/pack/data/x')).toBe('data of a package')
    const names = (await mounted.list('/')).entries.map(({ name, kind }) => `${name} ${kind}`)
    expect(names).toContain('node_modules directory')
    expect(names).toContain('a.txt file')
    expect((await mounted.list('/node_modules/pack')).entries).toEqual([{ name: 'data', kind: 'directory' }])
    for (const path of [
      '/node_modules/pack/out',
      '/node_modules/../lock',
      '/lock',
      '/node_modules/../../secret',
    ]) {
      expect(await mounted.look(path)).toMatchObject({ state: 'missing' })
    }
  })
})
