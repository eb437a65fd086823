import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runInContext } from 'node:vm'
import { onTestFinished } from 'vitest'
import type { FunctionHostOptions } from '../../src/index.ts'
import { BreakingProxy } from './breaking-proxy.ts'
import { openRealm } from './miniprogram-realm.ts'
import type { TestWx } from './miniprogram-wx.ts'
import { openHost } from './open-host.ts'
import { temporaryDirectory } from './temporary-files.ts'

export interface Program {
  /** Runs the body of an async function in the mini-program, where `wx.cloud` is the client. Answers as plain JSON. */
  run(source: string): Promise<unknown>
  readonly wx: TestWx
  readonly host: Awaited<ReturnType<typeof openHost>>['host']
  readonly proxy: BreakingProxy
  readonly directory: string
  /** Ends it, and starts it anew on the same phone. */
  relaunch(): Promise<Program>
}

/** `options` as app.js would write them, beside the URL. */
export async function openProgram(
  options = "openid: 'o-mini'",
  hostOptions: FunctionHostOptions = {},
): Promise<Program> {
  const { host, url } = await openHost(hostOptions)
  const proxy = await BreakingProxy.open(Number(new URL(url).port))
  const directory = await temporaryDirectory()
  await mkdir(join(directory, 'usr'))
  return launch({ host, proxy, directory }, options)
}

async function launch(
  place: Pick<Program, 'host' | 'proxy' | 'directory'>,
  options: string,
  before?: TestWx,
): Promise<Program> {
  const { proxy, directory } = place
  const { wx, realm } = openRealm(directory, undefined, before)
  runInContext(`wx.cloud = require('cloudlet').createCloud({ url: '${proxy.url}', ${options} })`, realm)
  const run = async (source: string): Promise<unknown> => {
    const text = await runInContext(
      `(async function () { ${source} })().then(JSON.stringify, error => JSON.stringify({ failure: { errCode: error.errCode, errMsg: error.errMsg || error.message } }))`,
      realm,
    )
    return text === undefined ? undefined : JSON.parse(text)
  }
  onTestFinished(async () => {
    await run('await wx.cloud.close()')
  })
  const relaunch = async (): Promise<Program> => {
    await run('await wx.cloud.close()')
    return launch(place, options, wx)
  }
  return { ...place, run, wx, relaunch }
}
