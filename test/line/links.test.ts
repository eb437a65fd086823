import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'

let host: FunctionHost
beforeEach(() => {
  host = new FunctionHost()
})
afterEach(() => host.close())

describe('links', () => {
  /** A directory of functions with one in it, `f`, which loads a file by a computed name. */
  function makeDirectory(): { directory: string; folder: string } {
    const directory = mkdtempSync(join(tmpdir(), 'cloudlet-links-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const folder = join(directory, 'f')
    mkdirSync(join(folder, 'lib'), { recursive: true })
    writeFileSync(join(folder, 'index.js'), "exports.main = ({ name }) => require('./' + name)")
    writeFileSync(join(folder, 'lib', 'a.js'), 'module.exports = 1')
    return { directory, folder }
  }

  test('to themselves are no file', async () => {
    const { directory, folder } = makeDirectory()
    symlinkSync('loop', join(folder, 'loop'))
    symlinkSync('b.js', join(folder, 'c.js'))
    symlinkSync('c.js', join(folder, 'b.js'))
    const { deployed, failed } = await host.deployDirectory(directory)
    expect(failed).toEqual([])
    expect(deployed).toMatchObject([{ name: 'f', fileCount: 2 }])
  })

  test('a directory that is a link to itself', async () => {
    const { folder } = makeDirectory()
    const loop = join(folder, 'loop')
    symlinkSync('loop', loop)
    const wanted = { code: 'CLOUDLET_INVALID_OPTION', message: expect.stringContaining('ELOOP') }
    await expect(host.deployDirectory(loop)).rejects.toMatchObject(wanted)
    await expect(host.deploy('f', loop)).rejects.toMatchObject(wanted)
  })

  test('to a folder they lie in are not followed, others are', async () => {
    const { folder } = makeDirectory()
    symlinkSync('.', join(folder, 'self'))
    symlinkSync('..', join(folder, 'lib', 'up'))
    symlinkSync('lib', join(folder, 'alias'))
    expect(await host.deploy('f', folder)).toMatchObject({ fileCount: 3 })
    expect((await host.invoke('f', { name: 'alias/a' })).result).toBe(1)
  })

  test('among folders that link to each other end after one', async () => {
    const { folder } = makeDirectory()
    const names = Array.from({ length: 20 }, (_, index) => `d${index}`)
    for (const name of names) {
      mkdirSync(join(folder, name))
      for (const other of names) symlinkSync(join('..', other), join(folder, name, other))
      writeFileSync(join(folder, name, 'a.js'), 'module.exports = 2')
    }
    // The folders' own files, and once through each link but the one to itself.
    expect(await host.deploy('f', folder)).toMatchObject({ fileCount: 2 + 20 + 20 * 19 })
    expect((await host.invoke('f', { name: 'd3/d4/a' })).result).toBe(2)
  })

  test('that multiply folders to more than the limit', async () => {
    const { folder } = makeDirectory()
    const side = Math.ceil(Math.sqrt(LIMITS.deploymentFiles))
    for (let index = 0; index < side; index++) {
      mkdirSync(join(folder, 'lib', `d${index}`))
      symlinkSync('lib', join(folder, `link${index}`))
    }
    await expect(host.deploy('f', folder)).rejects.toMatchObject({
      code: 'CLOUDLET_DEPLOY',
      message: expect.stringContaining(String(LIMITS.deploymentFiles)),
    })
  })
})
