import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type BuildResult, build } from 'esbuild'
import { describe, expect, onTestFinished, test } from 'vitest'
import type * as browser from '../../src/client/browser.ts'
import { openHost } from './open-host.ts'

const ENTRY = fileURLToPath(new URL('../../src/client/browser.ts', import.meta.url))

/** Fails on its own if anything imports a Node built-in: `platform: 'browser'` has none. */
function bundle(): Promise<BuildResult<{ write: false; metafile: true }>> {
  return build({
    bundle: true,
    entryPoints: [ENTRY],
    format: 'esm',
    logLevel: 'silent',
    metafile: true,
    minify: true,
    platform: 'browser',
    write: false,
  })
}

async function importBundle(): Promise<typeof browser> {
  const { outputFiles } = await bundle()
  const directory = await mkdtemp(join(tmpdir(), 'cloudlet-bundle-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const file = join(directory, 'client.mjs')
  await writeFile(file, outputFiles[0]?.contents ?? '')
  return import(pathToFileURL(file).href)
}

describe('the browser bundle', () => {
  test('holds nothing of Node, of ws, or of the host', async () => {
    const { metafile, outputFiles } = await bundle()
    const inputs = Object.keys(metafile.inputs)
    const foreign = inputs.filter(path =>
      /node_modules\/(?!msgpackr\/)|node:|src\/(?!client|sdk|protocol|cloudlet-error|errors|network-error|wechat-error|limits)/.test(
        path,
      ),
    )
    expect(foreign).toEqual([])
    expect(inputs.some(path => path.endsWith('client/node.ts'))).toBe(false)
    expect(outputFiles[0]?.contents.length).toBeLessThan(120 * 1024)
  })

  test('runs on the standard WebSocket, Blob and URL', async () => {
    const { url } = await openHost()
    const { createCloud } = await importBundle()
    const cloud = createCloud({ url, openid: 'o-page' })
    onTestFinished(() => cloud.close())
    expect(await cloud.callFunction({ name: 'echo', data: { a: 1 } })).toEqual({
      errMsg: 'cloud.callFunction:ok',
      result: { event: { a: 1, userInfo: expect.anything() }, openid: 'o-page' },
      requestID: expect.any(String),
    })
    const sources = [
      new Blob(['text']),
      new TextEncoder().encode('text'),
      new TextEncoder().encode('text').buffer,
    ]
    for (const filePath of [...sources, URL.createObjectURL(new Blob(['text'])), 'data:,text']) {
      const { fileID } = await cloud.uploadFile({ cloudPath: 'a.txt', filePath })
      const { tempFilePath } = await cloud.downloadFile({ fileID })
      expect(tempFilePath).toMatch(/^blob:/)
      const blob = await (await fetch(tempFilePath)).blob()
      expect(await blob.text()).toBe('text')
      // A page that navigates to it must not run what somebody uploaded.
      expect(blob.type).toBe('')
      URL.revokeObjectURL(tempFilePath)
      await cloud.deleteFile({ fileList: [fileID] })
    }
    const file = cloud.CDN({ type: 'filePath', filePath: new Blob(['text']) })
    const { result } = await cloud.callFunction({ name: 'echo', data: { file, text: cloud.CDN('text') } })
    for (const sent of [result.event.file, result.event.text]) {
      expect(await (await fetch(sent)).text()).toBe('text')
    }
    await expect(cloud.uploadFile({ cloudPath: 'a.txt', filePath: '/etc/passwd' })).rejects.toThrow(
      /blob: or data: URL/,
    )
  })
})
