import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type BuildResult, build } from 'esbuild'
import { describe, expect, onTestFinished, test } from 'vitest'
import type * as browser from '../../src/client/browser.ts'
import { openDoor } from '../transport/open-door.ts'

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

interface OpFields {
  readonly cloudPath?: string
  readonly fileID?: string
  readonly data?: unknown
  readonly content?: Uint8Array
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
    expect(outputFiles[0]?.contents.length).toBeLessThan(100 * 1024)
  })

  test('runs on the standard WebSocket, Blob and URL', async () => {
    const stored = new Map<string, Uint8Array>()
    const { url } = await openDoor({
      call: async ({ op, args, caller }) => {
        const { cloudPath = '', fileID = '', data, content = new Uint8Array() } = args as OpFields
        if (op === 'functions.invoke') return { result: { data, openid: caller.openid }, requestId: 'r-1' }
        if (op === 'storage.upload') stored.set(`cloud://local/${cloudPath}`, content)
        if (op === 'storage.upload') return { fileID: `cloud://local/${cloudPath}` }
        return { content: stored.get(fileID), contentType: 'text/plain' }
      },
    })
    const { createCloud } = await importBundle()
    const cloud = createCloud({ url, openid: 'o-page' })
    onTestFinished(() => cloud.close())
    expect(await cloud.callFunction({ name: 'sum', data: { a: 1 } })).toEqual({
      errMsg: 'cloud.callFunction:ok',
      result: { data: { a: 1 }, openid: 'o-page' },
      requestID: 'r-1',
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
      expect(await (await fetch(tempFilePath)).text()).toBe('text')
      URL.revokeObjectURL(tempFilePath)
      stored.clear()
    }
    await expect(cloud.uploadFile({ cloudPath: 'a.txt', filePath: '/etc/passwd' })).rejects.toThrow(
      /blob: or data: URL/,
    )
    expect(stored.size).toBe(0)
  })
})
