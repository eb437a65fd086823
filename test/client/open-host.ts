import { onTestFinished } from 'vitest'
import { FunctionHost, type FunctionHostOptions } from '../../src/index.ts'

/** What a mini-program of the tests calls. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  echo: `const cloud = require('wx-server-sdk')
cloud.init()
exports.main = event => ({ event, openid: cloud.getWXContext().OPENID })`,
  fail: "exports.main = () => { throw new TypeError('as it should') }",
}

/** A host with a few functions and a collection that everybody reads, on a free port. Closes with the test. */
export async function openHost(
  options: FunctionHostOptions = {},
): Promise<{ host: FunctionHost; url: string }> {
  const host = new FunctionHost(options)
  onTestFinished(() => host.close())
  for (const [name, source] of Object.entries(FUNCTIONS)) {
    await host.deploy(name, { files: { 'index.js': source } })
  }
  await host.database.createCollection('notes')
  await host.database.setPermission('notes', 'READONLY')
  const { url } = await host.listen({ port: 0 })
  return { host, url }
}
