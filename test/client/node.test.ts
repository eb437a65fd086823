import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Cloud } from '../../src/client/cloud.ts'
import { createCloud } from '../../src/client/node.ts'
import { NodeFiles } from '../../src/client/node-files.ts'
import { openHost } from './open-host.ts'
import { temporaryFile } from './temporary-files.ts'

async function openCloud(): Promise<Cloud> {
  const { url } = await openHost()
  const cloud = createCloud({ url, openid: 'o-1' })
  onTestFinished(() => cloud.close())
  return cloud
}

describe('files', () => {
  test('are read from a path or a file: URL', async () => {
    const cloud = await openCloud()
    const path = await temporaryFile('a b.txt', 'from disk')
    for (const filePath of [path, pathToFileURL(path), pathToFileURL(path).href]) {
      const { fileID } = await cloud.uploadFile({ cloudPath: 'x', filePath })
      const { tempFilePath } = await cloud.downloadFile({ fileID })
      onTestFinished(() => rm(tempFilePath))
      expect(await readFile(tempFilePath, 'utf8')).toBe('from disk')
      await cloud.deleteFile({ fileList: [fileID] })
    }
  })

  test('are written to a private directory, and of their name in the cloud keep only the extension', async () => {
    const files = new NodeFiles()
    for (const [name, ending] of [
      ['evil.png', '.png'],
      ['..', ''],
      ['a.b/../../etc/passwd', ''],
      ['x.p\0g', ''],
      ['x.toolongforanextension', ''],
    ] as const) {
      const file = await files.create(name)
      await file.write(new Uint8Array([1, 2, 3]))
      const path = await file.finish()
      onTestFinished(() => rm(dirname(path), { recursive: true, force: true }))
      expect(dirname(dirname(path))).toBe(tmpdir())
      expect(path).toMatch(new RegExp(`/[0-9a-f-]{36}${ending.replace('.', '\\.')}$`))
      expect(await readFile(path)).toEqual(Buffer.from([1, 2, 3]))
    }
  })

  test.each([['/nowhere/at/all'], [tmpdir()], [5], [null]])(
    'that cannot be read (%j) fail the upload',
    async filePath => {
      const cloud = await openCloud()
      await expect(cloud.uploadFile({ cloudPath: 'x', filePath })).rejects.toMatchObject({
        errMsg: expect.stringContaining('cloud.uploadFile:fail'),
      })
    },
  )
})

describe('callFunction', () => {
  test('rejects, or calls fail and complete, with the platform’s error', async () => {
    const cloud = await openCloud()
    const expected = { errCode: -501000, errMsg: expect.stringContaining('cloud.callFunction:fail') }
    await expect(cloud.callFunction({ name: 'sun' })).rejects.toMatchObject(expected)
    const heard: unknown[] = []
    await new Promise<void>(resolve => {
      cloud.callFunction({ name: 'sun', fail: error => heard.push(error), complete: () => resolve() })
    })
    expect(heard).toMatchObject([expected])
  })
})
