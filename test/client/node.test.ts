import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Cloud } from '../../src/client/cloud.ts'
import { createCloud } from '../../src/client/node.ts'
import { FunctionNotFoundError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import { openDoor } from '../transport/open-door.ts'

interface OpFields {
  readonly cloudPath?: string
  readonly fileID?: string
  readonly name?: string
  readonly content?: Uint8Array
}

/** A client of a door that keeps files in memory. */
async function openCloud(): Promise<{ cloud: Cloud; stored: Map<string, Uint8Array> }> {
  const stored = new Map<string, Uint8Array>()
  const { url } = await openDoor({
    call: async ({ op, args }) => {
      const { cloudPath = '', fileID = '', name = '', content = new Uint8Array() } = args as OpFields
      if (op === 'functions.invoke') throw new FunctionNotFoundError(name, ['sum'])
      if (op === 'storage.upload') stored.set(cloudPath, content)
      return op === 'storage.upload'
        ? { fileID: cloudPath }
        : { content: stored.get(fileID), contentType: 'application/octet-stream' }
    },
  })
  const cloud = createCloud({ url, openid: 'o-1' })
  onTestFinished(() => cloud.close())
  return { cloud, stored }
}

async function temporaryFile(name: string, content: Uint8Array | string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cloudlet-test-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const path = join(directory, name)
  await writeFile(path, content)
  return path
}

describe('files', () => {
  test('are read from a path or a file: URL', async () => {
    const { cloud, stored } = await openCloud()
    const path = await temporaryFile('a b.txt', 'from disk')
    for (const filePath of [path, pathToFileURL(path), pathToFileURL(path).href]) {
      stored.clear()
      await cloud.uploadFile({ cloudPath: 'x', filePath })
      expect(Buffer.from(stored.get('x') ?? '').toString()).toBe('from disk')
    }
  })

  test('are downloaded to a private temporary file that keeps only their extension', async () => {
    const { cloud, stored } = await openCloud()
    stored.set('cloud://e/../../etc/evil.png', new Uint8Array([1, 2, 3]))
    const { tempFilePath } = await cloud.downloadFile({ fileID: 'cloud://e/../../etc/evil.png' })
    onTestFinished(() => rm(dirname(tempFilePath), { recursive: true }))
    expect(dirname(dirname(tempFilePath))).toBe(tmpdir())
    expect(tempFilePath).toMatch(/\/[0-9a-f-]{36}\.png$/)
    expect(await readFile(tempFilePath)).toEqual(Buffer.from([1, 2, 3]))
    expect((await stat(tempFilePath)).mode & 0o777).toBe(0o600)
  })

  test('of 20 MB cross in one frame, and one byte more does not', async () => {
    const { cloud, stored } = await openCloud()
    const largest = await temporaryFile('large', new Uint8Array(LIMITS.fileBytes))
    await cloud.uploadFile({ cloudPath: 'large', filePath: largest })
    expect(stored.get('large')).toHaveLength(LIMITS.fileBytes)
    const { tempFilePath } = await cloud.downloadFile({ fileID: 'large' })
    onTestFinished(() => rm(dirname(tempFilePath), { recursive: true }))
    expect((await stat(tempFilePath)).size).toBe(LIMITS.fileBytes)
    const over = await temporaryFile('over', new Uint8Array(LIMITS.fileBytes + 1))
    stored.clear()
    await expect(cloud.uploadFile({ cloudPath: 'over', filePath: over })).rejects.toThrow()
    expect(stored.size).toBe(0)
  })

  test.each([['/nowhere/at/all'], [5], [null]])(
    'that cannot be read (%j) fail the upload',
    async filePath => {
      const { cloud } = await openCloud()
      await expect(cloud.uploadFile({ cloudPath: 'x', filePath })).rejects.toMatchObject({
        errMsg: expect.stringContaining('cloud.uploadFile:fail'),
      })
    },
  )
})

describe('callFunction', () => {
  test('rejects, or calls fail and complete, with the platform’s error', async () => {
    const { cloud } = await openCloud()
    const expected = { errCode: -501000, errMsg: expect.stringContaining('cloud.callFunction:fail') }
    await expect(cloud.callFunction({ name: 'sun' })).rejects.toMatchObject(expected)
    const heard: unknown[] = []
    await new Promise<void>(resolve => {
      void cloud.callFunction({ name: 'sun', fail: error => heard.push(error), complete: () => resolve() })
    })
    expect(heard).toMatchObject([expected])
  })
})
