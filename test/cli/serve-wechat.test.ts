import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createCloud } from '../../src/client/node.ts'
import { RawPeer } from '../transport/raw-peer.ts'
import { openStandin } from '../wechat/standin.ts'
import { APPID, SECRET, StandinLogin } from '../wechat/standin-login.ts'
import { DevProcess, makeFolder, runCommand } from './command.ts'

const WHO = `const cloud = require('wx-server-sdk')
cloud.init()
exports.main = () => [cloud.getWXContext().OPENID, cloud.getWXContext().APPID, process.env.WECHAT_SECRET ?? null]
`
const PROJECT = JSON.stringify({ cloudfunctionRoot: 'functions', appid: APPID })

async function openWechat() {
  const login = new StandinLogin()
  const standin = await openStandin(login.route)
  onTestFinished(() => standin[Symbol.asyncDispose]())
  return { login, environment: { WECHAT_API_URL: standin.url } }
}

async function askWho(url: string, options: object): Promise<unknown> {
  const cloud = createCloud({ url, ...options })
  onTestFinished(() => cloud.close())
  return (await cloud.callFunction({ name: 'who' })).result
}

test.each(['file', 'environment'])(
  'serve lets users of a project log in with WeChat, by a secret from the %s',
  async from => {
    const folder = await makeFolder({
      'functions/who/index.js': WHO,
      'project.config.json': PROJECT,
      'secret.txt': `${SECRET}\n`,
    })
    const { login, environment } = await openWechat()
    const flags = from === 'file' ? ['--wechat-secret-file', join(folder, 'secret.txt')] : []
    const served = await DevProcess.ready(
      [folder, '--memory', ...flags],
      { environment: { ...environment, ...(from === 'environment' && { WECHAT_SECRET: SECRET }) } },
      'serve',
    )
    expect(served.output).toContain('getLoginCode')
    const getLoginCode = async () => login.login({ openid: 'o-ming' })
    expect(await askWho(served.url, { getLoginCode })).toEqual(['o-ming', APPID, null])
    const other = await runCommand(['invoke', 'who', '--url', served.url, '--openid', 'o-evil'])
    expect(other).toMatchObject({ stdout: '', stderr: expect.stringContaining('CLOUDLET_UNAUTHENTICATED') })
    expect(served.output).not.toContain(SECRET)
  },
)

test('dev has WeChat for functions, and the login of development', async () => {
  const folder = await makeFolder({ 'functions/who/index.js': WHO, 'project.config.json': PROJECT })
  const { environment } = await openWechat()
  const served = await DevProcess.ready([folder, '--memory'], {
    environment: { ...environment, WECHAT_SECRET: SECRET, WECHAT_APPID: 'wx-other' },
  })
  expect(served.output).toContain("openid: 'o-dev'")
  expect(await askWho(served.url, { openid: 'o-dev' })).toEqual(['o-dev', 'wx-other', null])
})

test.each([
  ['a file that is not there', ['--wechat-secret-file', 'missing.txt'], 'ENOENT'],
  ['an empty file', ['--wechat-secret-file', 'empty.txt'], 'is empty'],
  ['a secret without an appid', ['--wechat-secret-file', 'secret.txt'], 'WECHAT_APPID'],
  ['a secret on the command line', ['--wechat-secret', SECRET], 'unknown option'],
])('%s is bad usage', async (_, flags, problem) => {
  const folder = await makeFolder({ 'functions/who/index.js': WHO, 'secret.txt': SECRET, 'empty.txt': ' \n' })
  const { exitCode, stderr } = await runCommand(['serve', 'functions', '--memory', ...flags], {
    directory: folder,
  })
  expect(stderr).toContain(problem)
  expect(exitCode).toBe(2)
})

test('who was welcomed is logged in still after the host was killed', async () => {
  const folder = await makeFolder({ 'functions/who/index.js': WHO, 'project.config.json': PROJECT })
  const { login, environment } = await openWechat()
  const options = { environment: { ...environment, WECHAT_SECRET: SECRET } }
  const first = await DevProcess.ready([folder], options, 'serve')
  const peers = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const peer = await RawPeer.connect(first.url)
      peer.send({ type: 'hello', versions: [1], code: login.login({ openid: `o-${index}` }) })
      return (await peer.next('welcome')).login?.token ?? ''
    }),
  )
  expect(await first.stop('SIGKILL')).toMatchObject({ signalCode: 'SIGKILL' })
  const second = await DevProcess.ready([folder], options, 'serve')
  for (const [index, token] of peers.entries()) {
    expect(await askWho(second.url, { token })).toEqual([`o-${index}`, APPID, null])
  }
})
