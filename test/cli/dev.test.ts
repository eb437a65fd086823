import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DevProcess, makeFolder, runCommand, writeInto } from './command.ts'

/** Adds a document and tells how many there are. */
const COUNT =
  "const cloud = require('wx-server-sdk')\ncloud.init()\nexports.main = async () => {\n" +
  "  const visits = cloud.database().collection('visits')\n" +
  '  await visits.add({ data: {} })\n  return (await visits.count()).total\n}\n'

const answer = (value: number): string => `exports.main = () => ${value}\n`

async function ask(dev: DevProcess, name: string): Promise<string> {
  const { stdout, stderr } = await runCommand(['invoke', name, '--url', dev.url, '--openid', 'o-ming'])
  return stdout.trim() || stderr
}

describe('serving', () => {
  test('prints the functions, where to connect, each invocation and its logs', async () => {
    const folder = await makeFolder({
      'sum/index.js':
        'exports.main = ({ a }) => { console.log("a is", a); console.warn("careful"); return a }',
      'throws/index.js': "exports.main = () => {\n  throw new RangeError('too far')\n}",
    })
    const dev = await DevProcess.ready([folder, '--memory'])
    expect(dev.output).toMatch(/^ {2}function +version +files +size +timeout +memory$/m)
    expect(dev.output).toMatch(/^ {2}sum +[0-9a-f]{8} +1 +0\.1 KB +20 s +128 MB$/m)
    expect(dev.output).toContain(`createCloud({ url: '${dev.url}', openid: 'o-dev' })`)
    const health = await fetch(`${dev.url.replace('ws:', 'http:')}/healthz`)
    expect(health.status).toBe(200)

    await runCommand(['invoke', 'sum', '{"a":7}', '--url', dev.url, '--openid', 'o-ming'])
    await dev.waitFor(/sum {2}o-ming {2}cold {2}[\d.]+ ms {2}ok\n {2}a is 7\n {2}warn: careful\n/)
    await runCommand(['invoke', 'sum', '{"a":8}', '--url', dev.url, '--openid', 'o-hong'])
    await dev.waitFor(/sum {2}o-hong {2}warm {2}[\d.]+ ms {2}ok\n {2}a is 8\n/)
    await ask(dev, 'throws')
    await dev.waitFor(/throws {2}o-ming {2}cold {2}[\d.]+ ms {2}CLOUDLET_FUNCTION_THREW\n/)
    await dev.waitFor(/RangeError: too far\n\s+at .*\/var\/user\/index\.js:2/)
  })

  test('a function that cannot be deployed is told of and the others are served', async () => {
    const folder = await makeFolder({ 'good/index.js': answer(1), 'bad/index.js': 'exports.main = (' })
    const dev = await DevProcess.ready([folder, '--memory'])
    expect(dev.output).toMatch(/bad is not served\. CLOUDLET_DEPLOY: .*index\.js:\d+:\d+/)
    expect(await ask(dev, 'good')).toBe('1')
  })

  test('collections need not be made first, and data outlives the process', async () => {
    const folder = await makeFolder({ 'functions/count/index.js': COUNT })
    const functions = join(folder, 'functions')
    const first = await DevProcess.ready([functions])
    expect(await ask(first, 'count')).toBe('1')
    await first.stop('SIGTERM')
    expect(existsSync(join(folder, '.cloudlet'))).toBe(true)
    const second = await DevProcess.ready([functions])
    expect(await ask(second, 'count')).toBe('2')
  })

  test('--memory writes nothing, --data writes elsewhere', async () => {
    const folder = await makeFolder({ 'functions/count/index.js': COUNT })
    const functions = join(folder, 'functions')
    expect(await ask(await DevProcess.ready([functions, '--memory']), 'count')).toBe('1')
    const data = join(folder, 'elsewhere')
    expect(await ask(await DevProcess.ready([functions, '--data', data]), 'count')).toBe('1')
    expect(existsSync(data)).toBe(true)
    expect(existsSync(join(folder, '.cloudlet'))).toBe(false)
  })

  test('takes the root of a mini-program project and keeps its data there', async () => {
    const project = await makeFolder({
      'project.config.json': '{"appid":"wx-1","cloudfunctionRoot":"server/functions/"}',
      'server/functions/appid/index.js': 'exports.main = event => event.userInfo.appId',
      'server/functions/count/index.js': COUNT,
    })
    const dev = await DevProcess.ready([project])
    expect(await ask(dev, 'appid')).toBe('"wx-1"')
    expect(await ask(dev, 'count')).toBe('1')
    expect(existsSync(join(project, '.cloudlet'))).toBe(true)
  })
})

describe('reloading', () => {
  test('a changed function, a changed file below it, and a file that an editor renamed into place', async () => {
    const folder = await makeFolder({
      'one/index.js': "exports.main = () => require('./lib/value.js')",
      'one/lib/value.js': 'module.exports = 1',
    })
    const dev = await DevProcess.ready([folder, '--memory'])
    expect(await ask(dev, 'one')).toBe('1')
    await writeInto(folder, 'one/lib/value.js', 'module.exports = 2')
    await dev.waitFor(/one reloaded, version [0-9a-f]{8}\n/)
    expect(await ask(dev, 'one')).toBe('2')
    await writeInto(folder, 'one/index.js~', answer(3))
    await rename(join(folder, 'one', 'index.js~'), join(folder, 'one', 'index.js'))
    await dev.waitFor(/one reloaded, version [0-9a-f]{8}\n/)
    expect(await ask(dev, 'one')).toBe('3')
  })

  test('a broken file leaves the last good version running and says where it is broken', async () => {
    const folder = await makeFolder({ 'one/index.js': answer(1) })
    const dev = await DevProcess.ready([folder, '--memory'])
    await writeInto(folder, 'one/index.js', 'exports.main = () => {\n  return 1 +* 2\n}')
    await dev.waitFor(/one not reloaded, its last good version goes on running\. .*index\.js:2:\d+.*\n/)
    expect(await ask(dev, 'one')).toBe('1')
    await writeInto(folder, 'one/index.js', answer(2))
    await dev.waitFor(/one reloaded/)
    expect(await ask(dev, 'one')).toBe('2')
  })

  test('a new function is served and a removed one is gone', async () => {
    const folder = await makeFolder({ 'one/index.js': answer(1) })
    const dev = await DevProcess.ready([folder, '--memory'])
    await writeInto(folder, 'two/index.js', answer(2))
    await dev.waitFor(/two reloaded/)
    expect(await ask(dev, 'two')).toBe('2')
    await rm(join(folder, 'one'), { recursive: true })
    await dev.waitFor(/one removed\n/)
    expect(await ask(dev, 'one')).toContain('CLOUDLET_FUNCTION_NOT_FOUND')
  })

  test('starts in an empty folder', async () => {
    const folder = await makeFolder({})
    const dev = await DevProcess.ready([folder, '--memory'])
    expect(dev.output).toContain('No functions yet')
    await writeInto(folder, 'first/index.js', answer(1))
    await dev.waitFor(/first reloaded/)
    expect(await ask(dev, 'first')).toBe('1')
  })
})

describe('ending', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('%s lets a running call finish and exits 0', async signal => {
    const folder = await makeFolder({
      'slow/index.js':
        "const cloud = require('wx-server-sdk')\ncloud.init()\nexports.main = async () => {\n" +
        "  await cloud.callFunction({ name: 'quick' })\n" +
        "  await new Promise(resolve => setTimeout(resolve, 700))\n  return 'done'\n}",
      'quick/index.js': answer(1),
    })
    const dev = await DevProcess.ready([folder, '--memory'])
    const call = runCommand(['invoke', 'slow', '--url', dev.url])
    // Slow calls quick first: it runs, and has most of its time before it.
    await dev.waitFor(/quick .* ok\n/)
    const ended = await dev.stop(signal)
    expect(await call).toMatchObject({ exitCode: 0, stdout: '"done"\n' })
    expect(ended).toEqual({ exitCode: 0, signalCode: null })
    expect(dev.output).toContain(`${signal}: finishing`)
  })
})

describe('bad usage exits 2', () => {
  test('a folder that does not exist', async () => {
    const { exitCode, stderr } = await runCommand(['dev', 'no-such-folder'])
    expect(stderr).toContain('The folder "no-such-folder" does not exist.')
    expect(exitCode).toBe(2)
  })

  test('data among the functions', async () => {
    const folder = await makeFolder({ 'one/index.js': answer(1) })
    const { exitCode, stderr } = await runCommand(['dev', folder, '--data', join(folder, 'data')])
    expect(stderr).toContain('lies among the functions')
    expect(exitCode).toBe(2)
  })

  test('a port that is taken', async () => {
    const folder = await makeFolder({ 'one/index.js': answer(1) })
    const dev = await DevProcess.ready([folder, '--memory'])
    const port = new URL(dev.url).port
    const { exitCode, stderr } = await runCommand(['dev', folder, '--memory', '--port', port])
    expect(stderr).toContain(`port ${port}`)
    expect(exitCode).toBe(2)
  })
})
