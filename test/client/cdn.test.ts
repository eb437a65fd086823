/** What a client sends along with a call, as the function gets it: from Node, and from the build for mini-programs. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Cloud, createCloud } from '../../src/client/node.ts'
import type { FunctionHost, FunctionHostOptions } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'
import { openHost } from './open-host.ts'
import { openProgram } from './open-program.ts'
import { distinctBytes, sha256Of, temporaryFile } from './temporary-files.ts'

/** Fetches what each field of its event leads to, and answers with size and digest. */
const FETCH = `const { createHash } = require('crypto')
exports.main = async ({ userInfo, ...fields }) => {
  const answer = {}
  for (const [field, url] of Object.entries(fields)) {
    const response = await fetch(url)
    const content = Buffer.from(await response.arrayBuffer())
    const sha256 = createHash('sha256').update(content).digest('hex')
    answer[field] = { status: response.status, sizeBytes: content.length, sha256 }
  }
  return answer
}`

async function deployFetch(host: FunctionHost): Promise<void> {
  await host.deploy('fetch', { files: { 'index.js': FETCH } })
}

async function openCloud(options: FunctionHostOptions = {}): Promise<{ cloud: Cloud; host: FunctionHost }> {
  const { host, url } = await openHost({ network: { private: true }, ...options })
  await deployFetch(host)
  const cloud = createCloud({ url, openid: 'o-1' })
  onTestFinished(() => cloud.close())
  return { cloud, host }
}

const found = (content: Uint8Array): object => ({
  status: 200,
  sizeBytes: content.length,
  sha256: sha256Of(content),
})

describe('CDN', () => {
  test('of text, bytes and a file gives the function a URL to fetch each from', async () => {
    const { cloud, host } = await openCloud()
    const large = distinctBytes(3 * LIMITS.uploadChunkBytes + 7)
    const filePath = await temporaryFile('large.bin', large)
    const bytes = distinctBytes(1000)
    const { result } = await cloud.callFunction({
      name: 'fetch',
      data: {
        text: cloud.CDN('你好 😀'),
        empty: cloud.CDN(''),
        buffer: new cloud.CDN(bytes.buffer as ArrayBuffer),
        view: cloud.CDN(bytes.subarray(10)),
        file: cloud.CDN({ type: 'filePath', filePath }),
      },
    })
    expect(result).toEqual({
      text: found(Buffer.from('你好 😀')),
      empty: found(Buffer.of()),
      buffer: found(bytes),
      view: found(bytes.subarray(10)),
      file: found(large),
    })
    expect(await host.storage.list()).toEqual({ files: [] })
  })

  test('sends bytes as they were when the call was made', async () => {
    const { cloud } = await openCloud()
    const bytes = distinctBytes(2 * LIMITS.uploadChunkBytes)
    const before = bytes.slice()
    const data = { buffer: cloud.CDN(bytes.buffer as ArrayBuffer), view: cloud.CDN(bytes.subarray(10)) }
    const call = cloud.callFunction({ name: 'fetch', data })
    bytes.fill(0)
    expect((await call).result).toEqual({ buffer: found(before), view: found(before.subarray(10)) })
  })

  test('is more than an event could hold', async () => {
    const { cloud } = await openCloud()
    const text = 'x'.repeat(LIMITS.valueChars + 1)
    const { result } = await cloud.callFunction({ name: 'fetch', data: { text: cloud.CDN(text) } })
    expect(result.text.sizeBytes).toBe(text.length)
    await expect(cloud.callFunction({ name: 'fetch', data: { text } })).rejects.toMatchObject({
      errCode: -501007,
    })
  })

  test('of more than a file may have is refused before it is read', async () => {
    const { cloud } = await openCloud({ storage: { maxFileMb: 1 } })
    const file = cloud.CDN(new Uint8Array(2 ** 20 + 1))
    await expect(cloud.callFunction({ name: 'fetch', data: { file } })).rejects.toMatchObject({
      errCode: -403001,
      errMsg: expect.stringContaining('cloud.callFunction:fail'),
    })
    const { result } = await cloud.callFunction({
      name: 'fetch',
      data: { file: cloud.CDN(new Uint8Array(2 ** 20)) },
    })
    expect(result.file.status).toBe(200)
  })

  test('has the address the host is reached at', async () => {
    const { cloud } = await openCloud({ publicUrl: 'https://api.example.com/cloud' })
    const { result } = await cloud.callFunction({ name: 'echo', data: { text: cloud.CDN('text') } })
    expect(result.event.text).toMatch(
      /^https:\/\/api\.example\.com\/cloud\/storage\/cloudlet-temporary\/\d{15}-[0-9a-f]{32}\?sign=/,
    )
  })

  test('of a host that functions may not reach fails there with what opens it', async () => {
    const { cloud } = await openCloud({ network: {} })
    const called = cloud.callFunction({ name: 'fetch', data: { text: cloud.CDN('text') } })
    await expect(called).rejects.toMatchObject({ errCode: -504002 })
    const { host, cloud: other } = await openCloud({ network: {} })
    await host.deploy('why', {
      files: {
        'index.js': `exports.main = ({ text }) => fetch(text).then(
          () => 'reached',
          error => [error.message, error.cause && error.cause.message].join())`,
      },
    })
    const { result } = await other.callFunction({ name: 'why', data: { text: other.CDN('text') } })
    expect(result).toContain('network: { private: true }')
  })

  test('of a mini-program, where text has no encoder', async () => {
    const { run, host, directory } = await openProgram(undefined, { network: { private: true } })
    await deployFetch(host)
    const file = distinctBytes(LIMITS.uploadChunkBytes + 5)
    await writeFile(join(directory, 'tmp_a'), file)
    const answer = await run(`
      var bytes = new Uint8Array([1, 2, 3]).buffer
      var answer = await wx.cloud.callFunction({
        name: 'fetch',
        data: {
          text: wx.cloud.CDN('你好 😀'),
          bytes: new wx.cloud.CDN(bytes),
          file: wx.cloud.CDN({ type: 'filePath', filePath: 'wxfile://tmp_a' }),
        },
      })
      return answer.result`)
    expect(answer).toEqual({
      text: found(Buffer.from('你好 😀')),
      bytes: found(Buffer.from([1, 2, 3])),
      file: found(file),
    })
  })
})
