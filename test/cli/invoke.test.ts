import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DevProcess, makeFolder, runCommand } from './command.ts'

const FUNCTIONS = {
  'sum/index.js': 'exports.main = async ({ a, b }) => { console.log("adding", a, b); return { sum: a + b } }',
  'nothing/index.js': 'exports.main = () => {}',
  'whoami/index.js':
    "const cloud = require('wx-server-sdk')\ncloud.init()\nexports.main = () => cloud.getWXContext().OPENID",
  'outer/index.js':
    "const cloud = require('wx-server-sdk')\ncloud.init()\n" +
    "exports.main = async () => (await cloud.callFunction({ name: 'sum', data: { a: 20, b: 22 } })).result",
  'asks/index.js': "exports.main = async ({ port }) => (await fetch('http://127.0.0.1:' + port)).text()",
  'throws/index.js': "exports.main = async () => {\n  throw new TypeError('no such guest')\n}",
  'broken/index.js': 'exports.main = async () => {\n  return 1 +* 2\n}',
  'colourful/index.js': "exports.main = () => { console.log('\\u001b]0;owned\\u0007\\u001b[31mred\\u202e') }",
}

describe('in this process, with --folder', () => {
  const invoke = async (...args: readonly string[]): ReturnType<typeof runCommand> =>
    runCommand(['invoke', ...args, '--folder', await makeFolder(FUNCTIONS)])

  test('prints the result as JSON and the logs beside it', async () => {
    const { exitCode, stdout, stderr } = await invoke('sum', '{"a":1,"b":2}')
    expect(JSON.parse(stdout)).toEqual({ sum: 3 })
    expect(stderr).toContain('adding 1 2\n')
    expect(exitCode).toBe(0)
  })

  test('without an event the event is {}', async () => {
    const { exitCode, stdout } = await invoke('nothing')
    expect(stdout).toBe('null\n')
    expect(exitCode).toBe(0)
  })

  test('a function may call another of the folder', async () => {
    const { stdout, stderr } = await invoke('outer')
    expect(JSON.parse(stdout)).toEqual({ sum: 42 })
    expect(stderr).toContain('adding 20 22\n')
  })

  test('a function reaches services of this machine', async () => {
    const server = createServer(socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nlocal'))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    expect(JSON.parse((await invoke('asks', `{"port":${port}}`)).stdout)).toBe('local')
  })

  test('--openid is the user', async () => {
    expect((await invoke('whoami', '--openid', 'o-ming')).stdout).toBe('"o-ming"\n')
    expect((await invoke('whoami')).stdout).toBe('"o-dev"\n')
  })

  test('reads the event from the standard input', async () => {
    const folder = await makeFolder(FUNCTIONS)
    const args = ['invoke', 'sum', '-', '--folder', folder]
    const { stdout } = await runCommand(args, { input: '{"a":4,\n"b":5}\n' })
    expect(JSON.parse(stdout)).toEqual({ sum: 9 })
  })

  test('a thrown error exits 1 with the stack inside the function and none of the host', async () => {
    const { exitCode, stdout, stderr } = await invoke('throws')
    expect(stdout).toBe('')
    expect(stderr).toContain('CLOUDLET_FUNCTION_THREW: no such guest')
    expect(stderr).toMatch(/TypeError: no such guest\n\s+at .*\/var\/user\/index\.js:2:\d+/)
    expect(stderr).not.toContain('dist/')
    expect(exitCode).toBe(1)
  })

  test('a syntax error exits 1 with file, line and column', async () => {
    const { exitCode, stderr } = await invoke('broken')
    expect(stderr).toMatch(/CLOUDLET_DEPLOY: .*index\.js:2:\d+/)
    expect(stderr).not.toContain('dist/')
    expect(exitCode).toBe(1)
  })

  test('a misspelt name exits 1 and names the near ones', async () => {
    const { exitCode, stderr } = await invoke('smu')
    expect(stderr).toContain('CLOUDLET_FUNCTION_NOT_FOUND')
    expect(stderr).toContain('"sum"')
    expect(exitCode).toBe(1)
  })

  test('what a function logs cannot steer the terminal', async () => {
    const { stderr } = await invoke('colourful')
    expect(stderr).toContain('red\\u202e\n')
    expect(stderr).not.toContain('\u001b')
  })

  test('takes the root of a mini-program project', async () => {
    const project = await makeFolder({
      'project.config.json': '{"appid":"wx-1","miniprogramRoot":"app/","cloudfunctionRoot":"cloud/fns/"}',
      'cloud/fns/appid/index.js': 'exports.main = event => event.userInfo.appId',
    })
    const { stdout } = await runCommand(['invoke', 'appid', '--folder', project])
    expect(stdout).toBe('"wx-1"\n')
  })
})

describe('bad usage exits 2', () => {
  test.each([
    ['JSON that does not parse', ['sum', '{a:1}'], 'The event is not valid JSON'],
    ['an event that is a list', ['sum', '[1]'], 'must be a JSON object'],
    ['an event that is null', ['sum', 'null'], 'must be a JSON object'],
    ['a URL of another protocol', ['sum', '--url', 'http://127.0.0.1:1'], '--url must look like'],
    ['a folder that does not exist', ['sum', '--folder', 'no-such-folder'], 'does not exist'],
    ['a folder that is a file', ['sum', '--folder', 'package.json'], 'is not a folder'],
  ])('%s', async (_name, args, message) => {
    const { exitCode, stdout, stderr } = await runCommand(['invoke', ...args])
    expect(stderr).toContain(message)
    expect(stderr).toContain('CLOUDLET_INVALID_OPTION')
    expect(exitCode).toBe(2)
    expect(stdout).toBe('')
  })

  test.each([
    ['is no JSON', '{', 'is not valid JSON'],
    ['is no object', '1', 'must hold a JSON object'],
    ['names no cloudfunctionRoot', '{"appid":"wx-1"}', 'has no "cloudfunctionRoot"'],
    ['names a folder that is not there', '{"cloudfunctionRoot":"gone/"}', 'does not exist'],
  ])('a project.config.json that %s', async (_name, text, message) => {
    const folder = await makeFolder({ 'project.config.json': text })
    const { exitCode, stderr } = await runCommand(['invoke', 'sum', '--folder', folder])
    expect(stderr).toContain(message)
    expect(exitCode).toBe(2)
  })
})

describe('over WebSocket, with --url', () => {
  test('results, identity and failures are those of the host', async () => {
    const { url } = await DevProcess.ready([await makeFolder(FUNCTIONS), '--memory'])
    const invoke = (...args: readonly string[]): ReturnType<typeof runCommand> =>
      runCommand(['invoke', ...args, '--url', url])

    const sum = await invoke('sum', '{"a":1,"b":2}')
    expect(JSON.parse(sum.stdout)).toEqual({ sum: 3 })
    expect(sum.exitCode).toBe(0)
    expect((await invoke('whoami', '--openid', 'o-hong')).stdout).toBe('"o-hong"\n')

    const thrown = await invoke('throws')
    expect(thrown.stderr).toContain('CLOUDLET_FUNCTION_THREW: no such guest')
    expect(thrown.stderr).toMatch(/\/var\/user\/index\.js:2:\d+/)
    expect(thrown.exitCode).toBe(1)

    const missing = await invoke('smu')
    expect(missing.stderr).toContain('"sum"')
    expect(missing.exitCode).toBe(1)
  })

  test('a login that is refused exits 3', async () => {
    const { url } = await DevProcess.ready([await makeFolder(FUNCTIONS), '--memory'])
    const { exitCode, stderr } = await runCommand(['invoke', 'sum', '--url', url, '--openid', 'a b'])
    expect(stderr).toContain('CLOUDLET_UNAUTHENTICATED')
    expect(exitCode).toBe(3)
  })

  test('nobody there exits 3', async () => {
    const port = await closedPort()
    const { exitCode, stdout, stderr } = await runCommand([
      'invoke',
      'sum',
      '--url',
      `ws://127.0.0.1:${port}`,
    ])
    expect(stderr).toContain('CLOUDLET_CONNECTION')
    expect(stderr).toContain(`ws://127.0.0.1:${port}`)
    expect(stdout).toBe('')
    expect(exitCode).toBe(3)
  })
})

/** A port that was free a moment ago. */
async function closedPort(): Promise<number> {
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  await new Promise(closed => server.close(closed))
  if (typeof address !== 'object' || address === null) throw new Error('the server had no port')
  return address.port
}
