import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createCloud } from '../../src/client/node.ts'
import { developmentAuthenticator, FunctionHost, type FunctionHostOptions, LIMITS } from '../../src/index.ts'
import type { OpArgs, OpName, OpResult } from '../../src/protocol/calls.ts'
import { bytesOf, sha256Of } from '../storage/bytes.ts'
import { S3Server } from '../storage/s3-server.ts'
import { RawPeer } from '../transport/raw-peer.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cloudlet-line-storage-'))
})
afterEach(() => rm(directory, { recursive: true }))

describe('a host', () => {
  test.each<[FunctionHostOptions['storage'], string]>([
    [{ maxFileMb: 0 }, 'storage.maxFileMb'],
    [{ maxFileMb: 65_537 }, 'storage.maxFileMb'],
    [{ maxFileMb: 1.5 }, 'storage.maxFileMb'],
    [{ maxStorageMb: 0 }, 'storage.maxStorageMb'],
    [{ uploadIdleMs: 999 }, 'storage.uploadIdleMs'],
    [{ uploadIdleMs: 86_400_001 }, 'storage.uploadIdleMs'],
    [{ s3: {} as never }, 'storage.s3.endpoint'],
    [{ driver: 's3' } as never, 'driver'],
    ['s3' as never, 'storage'],
  ])('refuses %j, and names %s', (storage, option) => {
    const make = () => new FunctionHost({ storage } as FunctionHostOptions)
    expect(make).toThrow(expect.objectContaining({ code: 'CLOUDLET_INVALID_OPTION', option }))
  })

  test('takes files up to its own limit', async () => {
    await using host = new FunctionHost({ dataDirectory: directory, storage: { maxFileMb: 1 } })
    const put = (sizeBytes: number) =>
      host.storage.upload({ cloudPath: 'a', content: Readable.from([bytesOf(sizeBytes)]) })
    await put(1024 * 1024)
    await expect(put(1024 * 1024 + 1)).rejects.toMatchObject({ reason: 'STORAGE_FILE_TOO_LARGE' })
  })

  test('may keep files in a bucket, for its functions too', async () => {
    await using server = await S3Server.start()
    await using host = new FunctionHost({ storage: { s3: server.options } })
    await host.deploy('copy', {
      files: {
        'index.js': `
        const cloud = require('wx-server-sdk')
        cloud.init()
        exports.main = async ({ fileID }) => {
          const { fileContent } = await cloud.downloadFile({ fileID })
          return cloud.uploadFile({ cloudPath: 'copy', fileContent })
        }`,
      },
    })
    const bytes = bytesOf(3_000_000)
    const { fileID } = await host.storage.upload({ cloudPath: 'a', content: Readable.from([bytes]) })
    const { result } = await host.invoke('copy', { fileID })
    const copy = host.storage.createReadStream({ fileID: (result as { fileID: string }).fileID })
    expect(bytes.equals(await buffer(copy))).toBe(true)
  })

  test('takes from functions what one call does not hold, up to its own limit', async () => {
    await using host = new FunctionHost({ dataDirectory: directory, storage: { maxFileMb: 21 } })
    await host.deploy(
      'store',
      {
        files: {
          'index.js': `
          const { Readable } = require('stream')
          const cloud = require('wx-server-sdk')
          cloud.init()
          exports.main = async ({ sizeBytes, asStream }) => {
            const bytes = Buffer.alloc(sizeBytes, 'no two chunks of it are the same')
            const fileContent = asStream ? Readable.from([bytes.subarray(0, 99), bytes.subarray(99)]) : bytes
            return cloud.uploadFile({ cloudPath: 'film', fileContent }).catch(({ errCode, errMsg }) => ({ errCode, errMsg }))
          }`,
          'config.json': JSON.stringify({ memorySize: 256 }),
        },
      },
      {},
    )
    const most = 21 * 2 ** 20
    for (const event of [{ sizeBytes: LIMITS.fileBytes + 1 }, { sizeBytes: most, asStream: true }]) {
      const { fileID } = (await host.invoke('store', event)).result as { fileID: string }
      const sha256 = sha256Of(Buffer.alloc(event.sizeBytes, 'no two chunks of it are the same'))
      const stored = await host.storage.stat({ fileID })
      expect(stored).toMatchObject({ sizeBytes: event.sizeBytes, sha256, owner: undefined })
    }
    expect((await host.invoke('store', { sizeBytes: most + 1 })).result).toMatchObject({
      errCode: -403001,
      errMsg: expect.stringContaining(`The file has ${most + 1} bytes; at most ${most} can be stored`),
    })
  })

  test('tells its operator of a damaged file', async () => {
    const warnings: string[] = []
    await using host = new FunctionHost({ dataDirectory: directory, onWarning: text => warnings.push(text) })
    const { fileID } = await host.storage.upload({ cloudPath: 'a', content: bytesOf(1000) })
    const blobs = join(directory, 'storage', 'blobs')
    for (const blob of await readdir(blobs)) await truncate(join(blobs, blob), 10)
    await expect(host.storage.download({ fileID })).rejects.toMatchObject({ code: 'CLOUDLET_STORAGE' })
    expect(warnings).toEqual([expect.stringContaining('"a" are damaged')])
  })
})

describe('a client', () => {
  let host: FunctionHost
  let url: string
  let lastId = 0

  beforeEach(async () => {
    host = new FunctionHost({ dataDirectory: directory })
    ;({ url } = await host.listen({ port: 0, authenticate: developmentAuthenticator() }))
  })
  afterEach(() => host.close())

  async function ask<Op extends OpName>(peer: RawPeer, op: Op, args: OpArgs<Op>): Promise<OpResult<Op>> {
    const id = ++lastId
    peer.send({ type: 'call', id, op, args })
    const answer = await Promise.race([peer.next('result', id), peer.next('error', id)])
    if (answer.type === 'error') throw Object.assign(new Error(answer.error.message), answer.error)
    return answer.result as OpResult<Op>
  }

  const denied = { code: 'CLOUDLET_STORAGE', details: { reason: 'STORAGE_EXCEED_AUTHORITY' } }

  test('sends a file in chunks over several connections, and reads it in chunks', async () => {
    const bytes = bytesOf(2 * LIMITS.uploadChunkBytes + 99)
    const sha256 = sha256Of(bytes)
    let peer = await RawPeer.welcomed(url)
    const { uploadId, chunkBytes } = await ask(peer, 'storage.startUpload', {
      cloudPath: 'a.bin',
      sizeBytes: bytes.byteLength,
    })
    for (let offset = 0; offset < bytes.byteLength; offset += chunkBytes) {
      const content = bytes.subarray(offset, offset + chunkBytes)
      await ask(peer, 'storage.appendUpload', { uploadId, offset, content })
      peer.socket.terminate()
      peer = await RawPeer.welcomed(url)
      const { receivedBytes } = await ask(peer, 'storage.uploadStatus', { uploadId })
      expect(receivedBytes).toBe(offset + content.byteLength)
    }
    const finished = await ask(peer, 'storage.finishUpload', { uploadId, sha256 })
    const fileID = 'fileID' in finished ? finished.fileID : ''
    expect(await ask(peer, 'storage.stat', { fileID })).toEqual({
      sizeBytes: bytes.byteLength,
      contentType: 'application/octet-stream',
      sha256,
      modifiedMs: expect.any(Number),
    })
    expect((await host.storage.stat({ fileID })).owner).toBe('o-1')
    const parts: Uint8Array[] = []
    for (let offset = 0; offset < bytes.byteLength; offset += chunkBytes) {
      parts.push(
        (await ask(peer, 'storage.readChunk', { fileID, offset, length: chunkBytes, sha256 })).content,
      )
    }
    expect(bytes.equals(Buffer.concat(parts))).toBe(true)
    peer.socket.terminate()
  })

  test('may do what the permission says, and the host and functions anything', async () => {
    const [mine, other] = [await RawPeer.welcomed(url, 'o-1'), await RawPeer.welcomed(url, 'o-2')]
    const content = Buffer.from('text')
    const { fileID } = await ask(mine, 'storage.upload', { cloudPath: 'a.txt', content })
    await ask(other, 'storage.download', { fileID })
    await expect(ask(other, 'storage.upload', { cloudPath: 'a.txt', content })).rejects.toMatchObject(denied)
    await host.storage.setPermission('PRIVATE')
    await ask(mine, 'storage.download', { fileID })
    await expect(ask(other, 'storage.download', { fileID })).rejects.toMatchObject(denied)
    expect(await ask(other, 'storage.getTempUrls', { files: [{ fileID }] })).toEqual({
      files: [{ fileID, reason: 'STORAGE_EXCEED_AUTHORITY' }],
    })
    expect(await ask(other, 'storage.remove', { fileIDs: [fileID] })).toEqual({
      files: [{ fileID, reason: 'STORAGE_EXCEED_AUTHORITY' }],
    })
    await host.deploy('remove', {
      files: {
        'index.js': `
        const cloud = require('wx-server-sdk')
        cloud.init()
        exports.main = ({ fileList }) => cloud.deleteFile({ fileList })`,
      },
    })
    const { result } = await host.invoke('remove', { fileList: [fileID] }, { caller: { openid: 'o-2' } })
    expect(result).toMatchObject({ fileList: [{ status: 0 }] })
    for (const peer of [mine, other]) peer.socket.terminate()
  })

  test('of the wx API is told with the codes of the platform', async () => {
    const { fileID } = await host.storage.upload({ cloudPath: 'a', content: Buffer.from('a'), owner: 'o-1' })
    await host.storage.setPermission('PRIVATE')
    const cloud = createCloud({ url, openid: 'o-2' })
    onTestFinished(() => cloud.close())
    await expect(cloud.downloadFile({ fileID })).rejects.toMatchObject({ errCode: -503002 })
    const fileList = [fileID]
    const refused = { fileList: [{ fileID, status: -503002 }] }
    expect(await cloud.getTempFileURL({ fileList })).toMatchObject(refused)
    expect(await cloud.deleteFile({ fileList })).toMatchObject(refused)
    const own = createCloud({ url, openid: 'o-1' })
    onTestFinished(() => own.close())
    expect(await own.getTempFileURL({ fileList })).toMatchObject({ fileList: [{ fileID, status: 0 }] })
    expect(await own.deleteFile({ fileList })).toMatchObject({ fileList: [{ fileID, status: 0 }] })
  })

  test.each<[op: OpName, args: object]>([
    ['storage.startUpload', { cloudPath: 'a', sizeBytes: -1 }],
    ['storage.startUpload', { cloudPath: 'a', sizeBytes: 0.5 }],
    ['storage.startUpload', { cloudPath: null, sizeBytes: 1 }],
    ['storage.startUpload', { cloudPath: 'a', isTemporary: true, sizeBytes: 1 }],
    ['storage.startUpload', { cloudPath: 'a', sizeBytes: 2 ** 53 }],
    ['storage.startUpload', { cloudPath: 'a', sizeBytes: 1, sha256: 'A'.repeat(64) }],
    ['storage.startUpload', { cloudPath: 'a', sizeBytes: 1, owner: 'o-2' }],
    ['storage.startUpload', { cloudPath: 'a', sizeBytes: 1, client: { openid: 'o-2' } }],
    ['storage.appendUpload', { uploadId: '../../etc', offset: 0, content: Buffer.of(1) }],
    ['storage.appendUpload', { uploadId: '0'.repeat(32), offset: 0, content: 'text' }],
    ['storage.uploadStatus', { uploadId: '0'.repeat(33) }],
    ['storage.finishUpload', { uploadId: '0'.repeat(32), sha256: 'A'.repeat(64) }],
    ['storage.finishUpload', { sha256: '0'.repeat(64) }],
    ['storage.readChunk', { fileID: 'cloud://e/a', offset: -1, length: 1, sha256: '0'.repeat(64) }],
    ['storage.download', { fileID: 'cloud://e/a', client: {} }],
  ])('is refused %s with %j', async (op, args) => {
    const peer = await RawPeer.welcomed(url)
    await expect(ask(peer, op, args as never)).rejects.toMatchObject({ code: 'CLOUDLET_VALUE' })
    peer.socket.terminate()
  })

  test.each(['../a', '/a', 'a//b', 'a/../../b', 'a\0b', 'x'.repeat(851)])(
    'cannot start an upload at %j',
    async cloudPath => {
      const peer = await RawPeer.welcomed(url)
      await expect(ask(peer, 'storage.startUpload', { cloudPath, sizeBytes: 1 })).rejects.toMatchObject({
        code: 'CLOUDLET_STORAGE',
        details: { reason: 'INVALID_PARAM' },
      })
      peer.socket.terminate()
    },
  )
})
