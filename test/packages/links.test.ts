import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { mountPackages } from '../../src/packaged-tree.ts'
import { openSourceTree } from '../../src/source-tree.ts'
import { makeTemporary } from './functions.ts'

describe('a store’s packages in a function’s files', () => {
  test('stand in the place of node_modules, and links lead nowhere else', async () => {
    const folder = await makeTemporary()
    const [store, secret] = ['store', 'secret'].map(name => join(folder, name)) as [string, string]
    mkdirSync(join(store, 'node_modules', 'leaf'), { recursive: true })
    mkdirSync(join(store, 'lib', 'own'), { recursive: true })
    mkdirSync(secret)
    writeFileSync(join(store, 'package.json'), '{"of":"the store"}')
    writeFileSync(join(store, 'node_modules', 'leaf', 'index.js'), 'leaf')
    writeFileSync(join(store, 'lib', 'own', 'index.js'), 'own')
    writeFileSync(join(secret, 'index.js'), 'secret')
    symlinkSync('../lib/own', join(store, 'node_modules', 'own'))
    symlinkSync('../../secret', join(store, 'node_modules', 'secret'))
    symlinkSync(join(secret, 'index.js'), join(store, 'node_modules', 'leaf', 'secret.js'))
    const files = { 'index.js': 'main', 'package.json': '{}', 'lib/a.js': 'a', 'node_modules/.keep': '' }
    const tree = mountPackages(openSourceTree({ files }), store)

    expect(tree.list('/')).toEqual(['index.js', 'lib', 'node_modules', 'package.json'])
    expect(tree.list('/node_modules')).toEqual(['leaf', 'own', 'secret'])
    expect(tree.readText('/package.json')).toBe('{}')
    expect(tree.list('/lib')).toEqual(['a.js'])
    expect(tree.readText('/node_modules/leaf/index.js')).toBe('leaf')
    expect(tree.readBytes('/node_modules/leaf/index.js')).toEqual(
      readFileSync(join(store, 'node_modules/leaf/index.js')),
    )
    expect(tree.readText('/node_modules/own/index.js')).toBe('own')
    expect(tree.isLink('/node_modules/own')).toBe(true)
    for (const path of [
      '/node_modules/secret',
      '/node_modules/secret/index.js',
      '/node_modules/leaf/secret.js',
    ]) {
      expect(tree.kindOf(path)).toBeUndefined()
      expect(() => tree.readText(path)).toThrow('is not a file of the function')
    }
    for (const path of ['/node_modules/../package.json', '/x/../package.json']) {
      expect(tree.kindOf(path)).toBe('file')
      expect(tree.readText(path)).toBe('{}')
    }
  })
})
