/** Files between a Node client and a real host: in chunks, with progress, abort, and connections that break. */
import { mkdir, readdir, readFile, rm, stat, truncate } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Cloud, createCloud } from '../../src/client/node.ts'
import { NodeFiles } from '../../src/client/node-files.ts'
import { StorageError } from '../../src/errors.ts'
import type { FunctionHostOptions } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'
import { downloadFile } from '../../src/sdk/client-download.ts'
import type { FileAccess } from '../../src/sdk/local-files.ts'
import { BreakingProxy } from './breaking-proxy.ts'
import { openHost } from './open-host.ts'
import { SlowLine } from './slow-line.ts'
import { distinctBytes, sha256Of, temporaryDirectory, temporaryFile } from './temporary-files.ts'

const CHUNK = LIMITS.uploadChunkBytes

async function openCloud(options: FunctionHostOptions = {}): Promise<{ cloud: Cloud; proxy: BreakingProxy }> {
  const { url } = await openHost(options)
  const proxy = await BreakingProxy.open(Number(new URL(url).port))
  const cloud = createCloud({ url: proxy.url, openid: 'o-1' })
  onTestFinished(() => cloud.close())
  return { cloud, proxy }
}

async function downloaded(cloud: Cloud, fileID: string): Promise<Uint8Array> {
  const { tempFilePath } = await cloud.downloadFile({ fileID })
  onTestFinished(() => rm(tempFilePath))
  return readFile(tempFilePath)
}

/** What a transfer in callback style comes to, and what its task was told. */
function outcomeOf(start: (complete: (outcome: object) => void) => void): Promise<object> {
  return new Promise(resolve => start(resolve))
}

describe('a file', () => {
  test.each([0, 1, CHUNK, CHUNK + 1, 5 * CHUNK + 3])('of %i bytes goes there and back', async sizeBytes => {
    const { cloud } = await openCloud()
    const content = distinctBytes(sizeBytes)
    const filePath = await temporaryFile('file.bin', content)
    const { fileID, statusCode } = await cloud.uploadFile({ cloudPath: 'a/file.bin', filePath })
    expect(statusCode).toBe(200)
    expect(sha256Of(await downloaded(cloud, fileID))).toBe(sha256Of(content))
  })

  test('leaves no chunk in memory for V8 to collect: client and host free each as it is done with', async () => {
    const { cloud } = await openCloud()
    const freedBytes: number[] = []
    const { transfer } = ArrayBuffer.prototype
    const spy = vi.spyOn(ArrayBuffer.prototype, 'transfer').mockImplementation(function (
      this: ArrayBuffer,
      length,
    ) {
      if (length === 0) freedBytes.push(this.byteLength)
      return Reflect.apply(transfer, this, [length])
    })
    onTestFinished(() => spy.mockRestore())
    const freedChunks = (): number => freedBytes.splice(0).filter(bytes => bytes > CHUNK).length
    const content = distinctBytes(6 * CHUNK)
    const filePath = await temporaryFile('file.bin', content)
    const { fileID } = await cloud.uploadFile({ cloudPath: 'file.bin', filePath })
    // As it was sent, and as it came.
    expect(freedChunks()).toBe(12)
    expect(sha256Of(await downloaded(cloud, fileID))).toBe(sha256Of(content))
    await vi.waitFor(() => expect(freedBytes.filter(bytes => bytes > CHUNK)).toHaveLength(12))
  })

  test('reports its progress chunk by chunk, both ways', async () => {
    const { cloud } = await openCloud()
    const sizeBytes = 3 * CHUNK + 1
    const filePath = await temporaryFile('file.bin', distinctBytes(sizeBytes))
    const sent: { progress: number; totalBytesSent: number; totalBytesExpectedToSend: number }[] = []
    const headers: object[] = []
    const { fileID } = (await outcomeOf(complete => {
      const task = cloud.uploadFile({ cloudPath: 'file.bin', filePath, complete })
      task.onProgressUpdate(event => sent.push(event))
      task.onHeadersReceived(event => headers.push(event))
    })) as { fileID: string }
    expect(sent.map(({ totalBytesSent }) => totalBytesSent)).toEqual([CHUNK, 2 * CHUNK, 3 * CHUNK, sizeBytes])
    expect(sent.map(({ progress }) => progress)).toEqual([33, 66, 99, 100])
    expect(sent.every(event => event.totalBytesExpectedToSend === sizeBytes)).toBe(true)
    expect(headers).toEqual([{ header: {} }])

    const written: number[] = []
    const { tempFilePath } = (await outcomeOf(complete => {
      const task = cloud.downloadFile({ fileID, complete })
      task.onProgressUpdate(event => written.push(event.totalBytesWritten))
    })) as { tempFilePath: string }
    onTestFinished(() => rm(tempFilePath))
    expect(written).toEqual([0, CHUNK, 2 * CHUNK, 3 * CHUNK, sizeBytes])
  })

  test('larger than the host takes is refused before it is read', async () => {
    const { cloud, proxy } = await openCloud()
    const filePath = await temporaryFile('huge', '')
    await truncate(filePath, 2 ** 30 + 1)
    const refused = cloud.uploadFile({ cloudPath: 'huge', filePath })
    await expect(refused).rejects.toMatchObject({
      errCode: -403001,
      errMsg: expect.stringContaining('cloud.uploadFile:fail Error: errCode: -403001'),
    })
    expect(proxy.sentCount).toBeLessThan(10)
  })

  test('that gets shorter while it is sent fails, and is not stored', async () => {
    const { cloud } = await openCloud()
    const filePath = await temporaryFile('file.bin', distinctBytes(40 * CHUNK))
    const outcome = await outcomeOf(complete => {
      const task = cloud.uploadFile({ cloudPath: 'file.bin', filePath, complete })
      let isCut = false
      task.onProgressUpdate(() => {
        if (!isCut) void truncate(filePath, CHUNK)
        isCut = true
      })
    })
    expect(outcome).toMatchObject({ errMsg: expect.stringContaining('is shorter than it was') })
  })

  test('that is not there, or may not be removed, is told of by its number', async () => {
    const { cloud } = await openCloud()
    const filePath = await temporaryFile('a.txt', 'text')
    const { fileID } = await cloud.uploadFile({ cloudPath: 'a.txt', filePath })
    await expect(cloud.downloadFile({ fileID: `${fileID}x` })).rejects.toMatchObject({ errCode: -503003 })
    const { fileList } = await cloud.getTempFileURL({ fileList: [fileID, `${fileID}x`] })
    expect(fileList.map(({ status }) => status)).toEqual([0, -503003])
    expect(await (await fetch(fileList[0]?.tempFileURL ?? '')).text()).toBe('text')
    expect((await cloud.deleteFile({ fileList: [fileID] })).fileList).toEqual([
      { fileID, status: 0, errMsg: 'ok' },
    ])
  })
})

describe('abort', () => {
  test('of an upload stops it, and the host keeps nothing of it', async () => {
    const dataDirectory = await temporaryDirectory()
    const { cloud, proxy } = await openCloud({ dataDirectory })
    const before = await filesIn(dataDirectory)
    const filePath = await temporaryFile('file.bin', distinctBytes(64 * CHUNK))
    let duringCount = 0
    const outcome = await outcomeOf(complete => {
      const task = cloud.uploadFile({ cloudPath: 'file.bin', filePath, complete })
      task.onProgressUpdate(async () => {
        duringCount ||= (await filesIn(dataDirectory)).length
        task.abort()
      })
    })
    expect(outcome).toMatchObject({ errCode: -1, errMsg: 'cloud.uploadFile:fail abort' })
    await expect.poll(() => filesIn(dataDirectory)).toEqual(before)
    expect(duringCount).toBeGreaterThan(before.length)
    // Of 64 chunks few had begun when it was aborted.
    const sentCount = proxy.sentCount
    await cloud.callFunction({ name: 'echo' })
    expect(proxy.sentCount - sentCount).toBeLessThan(5)
    expect(sentCount).toBeLessThan(64 * 16)
  })

  test('of an upload before it began sends nothing', async () => {
    const { cloud } = await openCloud()
    const filePath = await temporaryFile('file.bin', distinctBytes(2 * CHUNK))
    const outcome = await outcomeOf(complete => {
      cloud.uploadFile({ cloudPath: 'file.bin', filePath, complete }).abort()
    })
    expect(outcome).toMatchObject({ errMsg: 'cloud.uploadFile:fail abort' })
  })

  test('of a download leaves no temporary file', async () => {
    const { cloud } = await openCloud()
    const filePath = await temporaryFile('file.bin', distinctBytes(32 * CHUNK))
    const { fileID } = await cloud.uploadFile({ cloudPath: 'file.bin', filePath })
    const { tempFilePath } = await cloud.downloadFile({ fileID })
    const directory = dirname(tempFilePath)
    const written: number[] = []
    const outcome = await outcomeOf(complete => {
      const task = cloud.downloadFile({ fileID, complete })
      task.onProgressUpdate(({ totalBytesWritten }) => {
        written.push(totalBytesWritten)
        if (totalBytesWritten > 0) task.abort()
      })
    })
    expect(outcome).toMatchObject({ errCode: -1, errMsg: 'cloud.downloadFile:fail abort' })
    await expect.poll(() => readdir(directory)).toHaveLength(1)
    expect(Math.max(...written)).toBeLessThan(32 * CHUNK)
    await rm(directory, { recursive: true })
  })
})

describe('a connection that breaks', () => {
  test('does not break an upload', async () => {
    const { cloud, proxy } = await openCloud()
    const content = distinctBytes(12 * CHUNK)
    const filePath = await temporaryFile('file.bin', content)
    const sent: number[] = []
    const outcome = await outcomeOf(complete => {
      const task = cloud.uploadFile({ cloudPath: 'file.bin', filePath, complete })
      task.onProgressUpdate(({ totalBytesSent }) => {
        sent.push(totalBytesSent)
        if (sent.length === 3 || sent.length === 7) proxy.cut()
      })
    })
    expect(outcome).toMatchObject({ errMsg: 'cloud.uploadFile:ok' })
    expect(proxy.connectionCount).toBe(3)
    // What the host had was not sent again from the start, and progress never went back.
    expect(sent).toEqual([...new Set(sent)].sort((a, b) => a - b))
    const { fileID } = outcome as { fileID: string }
    expect(sha256Of(await downloaded(cloud, fileID))).toBe(sha256Of(content))
  })

  test('does not break a download', async () => {
    const { cloud, proxy } = await openCloud()
    const content = distinctBytes(12 * CHUNK)
    const filePath = await temporaryFile('file.bin', content)
    const { fileID } = await cloud.uploadFile({ cloudPath: 'file.bin', filePath })
    let eventCount = 0
    const outcome = await outcomeOf(complete => {
      const task = cloud.downloadFile({ fileID, complete })
      task.onProgressUpdate(() => {
        eventCount++
        if (eventCount === 3 || eventCount === 7) proxy.cut()
      })
    })
    expect(outcome).toMatchObject({ errMsg: 'cloud.downloadFile:ok' })
    const { tempFilePath } = outcome as { tempFilePath: string }
    onTestFinished(() => rm(tempFilePath))
    expect(sha256Of(await readFile(tempFilePath))).toBe(sha256Of(content))
    expect((await stat(tempFilePath)).mode & 0o777).toBe(0o600)
  })

  test('and a file that is another meanwhile: the download fails rather than mix them', async () => {
    const { cloud } = await openCloud()
    const filePath = await temporaryFile('file.bin', distinctBytes(24 * CHUNK))
    const { fileID } = await cloud.uploadFile({ cloudPath: 'file.bin', filePath })
    const other = await temporaryFile('other.bin', 'other')
    const outcome = await outcomeOf(complete => {
      const task = cloud.downloadFile({ fileID, complete })
      task.onProgressUpdate(({ totalBytesWritten }) => {
        if (totalBytesWritten === CHUNK) void cloud.uploadFile({ cloudPath: 'file.bin', filePath: other })
      })
    })
    expect(outcome).toMatchObject({ errCode: -503003 })
  })
})

describe('a line', () => {
  test('on which several chunks take longer than a call may still carries a file, each chunk once', async () => {
    const { url } = await openHost()
    const content = distinctBytes(8 * CHUNK)
    const near = createCloud({ url, openid: 'o-1' })
    onTestFinished(() => near.close())
    const filePath = await temporaryFile('file.bin', content)
    const { fileID } = await near.uploadFile({ cloudPath: 'file.bin', filePath })
    const line = await SlowLine.open(Number(new URL(url).port), 2 * CHUNK)
    // Time for two or three chunks.
    const cloud = createCloud({ url: line.url, openid: 'o-1', timeoutMs: 1500 })
    onTestFinished(() => cloud.close())
    expect(sha256Of(await downloaded(cloud, fileID))).toBe(sha256Of(content))
    expect(line.receivedBytes).toBeLessThan(content.length * 1.1)
  })
})

describe('a host that counts calls', () => {
  test('is given the time it asks for, by uploads and by downloads', async () => {
    const { host } = await openHost()
    const { url } = await host.listen({ port: 0, maxCallsPerSecond: 20, maxCallsBurst: 3 })
    const cloud = createCloud({ url, openid: 'o-1' })
    onTestFinished(() => cloud.close())
    const content = distinctBytes(12 * CHUNK)
    const filePath = await temporaryFile('file.bin', content)
    const { fileID } = await cloud.uploadFile({ cloudPath: 'file.bin', filePath })
    expect(sha256Of(await downloaded(cloud, fileID))).toBe(sha256Of(content))
    const small = await temporaryFile('small.bin', 'small')
    const cloudPaths = Array.from({ length: 8 }, (_, n) => `small-${n}.bin`)
    const sent = cloudPaths.map(cloudPath => cloud.uploadFile({ cloudPath, filePath: small }))
    for (const { statusCode } of await Promise.all(sent)) expect(statusCode).toBe(200)
  })
})

test('a temporary file that cannot be removed hides no other error', async () => {
  const call = async (op: string): Promise<never> => {
    if (op === 'storage.stat') return { sizeBytes: 1, sha256: 'x' } as never
    throw new StorageError('STORAGE_FILE_NONEXIST', 'It is gone.')
  }
  const stuck = async (): Promise<never> => {
    throw new Error('EBUSY')
  }
  const files: FileAccess = {
    open: stuck,
    createHash: () => ({ update: () => {}, digest: () => '' }),
    create: async () => ({ write: stuck, finish: stuck, discard: stuck }),
  }
  const { signal } = new AbortController()
  const work = { call, files, fileID: 'cloud://a/b', signal, onProgress: () => {} }
  await expect(downloadFile(work)).rejects.toThrow('It is gone.')
})

test('a directory for temporary files that could not be made once is tried again', async () => {
  const directory = await temporaryDirectory()
  vi.stubEnv('TMPDIR', `${directory}/missing`)
  onTestFinished(() => void vi.unstubAllEnvs())
  const files = new NodeFiles()
  await expect(files.create('a.txt')).rejects.toMatchObject({ code: 'ENOENT' })
  await mkdir(`${directory}/missing`)
  const file = await files.create('a.txt')
  expect(await file.finish()).toMatch(/\.txt$/)
})

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  // SQLite's own files come and go as it likes.
  return entries
    .filter(entry => entry.isFile() && !/sqlite|\.db/.test(entry.name))
    .map(({ name }) => name)
    .sort()
}
