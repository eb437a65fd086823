/** The browser client in a real browser: Debian's chromium-headless-shell, or what CHROMIUM_PATH names. */
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Cloud, CloudOptions } from '../../src/client/browser.ts'
import { BreakingProxy } from './breaking-proxy.ts'
import { openHost } from './open-host.ts'

const CANDIDATES = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
]
const executablePath = CANDIDATES.find(path => path !== undefined && existsSync(path))
const reason = 'no Chromium here: apt-get install chromium-headless-shell, or set CHROMIUM_PATH'

declare const createCloud: (options: CloudOptions) => Cloud
declare const cloud: Cloud

let browser: Browser
let bundle: string

beforeAll(async () => {
  if (executablePath === undefined) return
  const { outputFiles } = await build({
    bundle: true,
    entryPoints: [fileURLToPath(new URL('../../src/client/browser.ts', import.meta.url))],
    format: 'iife',
    globalName: 'client',
    footer: { js: 'globalThis.createCloud = client.createCloud' },
    minify: true,
    platform: 'browser',
    write: false,
  })
  bundle = outputFiles[0]?.text ?? ''
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
})
afterAll(() => browser?.close())

/** A page of this machine with the client in it as `cloud`, connected to a host through a way that can break. */
async function openPage(): Promise<{
  page: Page
  proxy: BreakingProxy
  host: Awaited<ReturnType<typeof openHost>>['host']
}> {
  const { host, url } = await openHost()
  const proxy = await BreakingProxy.open(Number(new URL(url).port))
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>page</title>')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const page = await browser.newPage()
  onTestFinished(async () => {
    await page.close()
    server.close()
  })
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  await page.addScriptTag({ content: bundle })
  await page.evaluate(doorUrl => {
    Object.assign(globalThis, { cloud: createCloud({ url: doorUrl, openid: 'o-page' }) })
  }, proxy.url)
  return { page, proxy, host }
}

describe.skipIf(executablePath === undefined)(
  `in Chromium${executablePath === undefined ? ` (${reason})` : ''}`,
  () => {
    test('a page calls functions and reads the errors', async () => {
      const { page } = await openPage()
      const result = await page.evaluate(() =>
        cloud.callFunction({ name: 'echo', data: { text: '你好 😀' } }),
      )
      expect(result).toMatchObject({ result: { event: { text: '你好 😀' }, openid: 'o-page' } })
      const failure = await page.evaluate(() =>
        cloud.callFunction({ name: 'fail' }).then(
          () => undefined,
          error => ({ isError: error instanceof Error, errCode: error.errCode, errMsg: error.errMsg }),
        ),
      )
      expect(failure).toMatchObject({
        isError: true,
        errCode: -504002,
        errMsg: expect.stringContaining('as it should'),
      })
    })

    test('a page watches, also across a connection that breaks', async () => {
      const { page, proxy, host } = await openPage()
      const notes = host.database.collection('notes')
      await notes.add({ data: { _id: 'first' } })
      await page.evaluate(() => {
        const heard: unknown[] = []
        Object.assign(globalThis, { heard })
        cloud
          .database()
          .collection('notes')
          .watch({
            onChange: ({ docChanges }) =>
              heard.push(docChanges.map(({ queueType, docId }) => `${queueType} ${docId}`)),
            onError: error => heard.push(error.errMsg),
          })
      })
      const heard = () => page.evaluate(() => Reflect.get(globalThis, 'heard') as unknown)
      await expect.poll(heard).toEqual([['init first']])
      proxy.cut()
      await notes.add({ data: { _id: 'second' } })
      await expect.poll(heard, { timeout: 10_000 }).toEqual([['init first'], ['enqueue second']])
    })

    test('a page uploads a File chunk by chunk and downloads it, checked', async () => {
      const { page } = await openPage()
      const answer = await page.evaluate(async () => {
        const sizeBytes = 3 * 1_048_576 + 5
        const bytes = new Uint8Array(sizeBytes).map((_, index) => (index * 31) ^ (index >> 8))
        const sent: number[] = []
        const { fileID } = await new Promise<{ fileID: string }>((resolve, reject) => {
          const task = cloud.uploadFile({
            cloudPath: 'pictures/a.png',
            filePath: new File([bytes], 'a.png'),
            success: resolve,
            fail: reject,
          })
          task.onProgressUpdate(({ totalBytesSent }) => sent.push(totalBytesSent))
        })
        const { tempFilePath } = await cloud.downloadFile({ fileID })
        const back = new Uint8Array(await (await fetch(tempFilePath)).arrayBuffer())
        const isSame = back.length === bytes.length && back.every((byte, index) => byte === bytes[index])
        const { fileList } = await cloud.getTempFileURL({ fileList: [fileID] })
        return { sent, isSame, scheme: tempFilePath.slice(0, 5), status: fileList[0]?.status }
      })
      expect(answer).toEqual({
        sent: [1_048_576, 2_097_152, 3_145_728, 3_145_733],
        isSame: true,
        scheme: 'blob:',
        status: 0,
      })
    })

    test('a page aborts an upload', async () => {
      const { page } = await openPage()
      const errMsg = await page.evaluate(
        () =>
          new Promise(resolve => {
            const task = cloud.uploadFile({
              cloudPath: 'a',
              filePath: new Blob([new Uint8Array(30 * 1_048_576)]),
              complete: outcome => resolve(outcome.errMsg),
            })
            task.onProgressUpdate(() => task.abort())
          }),
      )
      expect(errMsg).toBe('cloud.uploadFile:fail abort')
    })
  },
)
