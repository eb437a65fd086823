import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { openPhone, openWx, writeFolder } from './open-phone.ts'

/** An HTTP server that answers as `answer` does. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Tells what it was sent. */
const echo = (request: IncomingMessage, response: ServerResponse): void => {
  void text(request).then(body => {
    const { method, url, headers } = request
    response.setHeader('set-cookie', ['a=1', 'b=2'])
    response.setHeader('x-answer', 'yes')
    response
      .writeHead(201)
      .end(JSON.stringify({ method, url, type: headers['content-type'], own: headers['x-own'], body }))
  })
}

type Outcome = Record<string, unknown>

/** Calls an API that has callbacks only. */
function outcomeOf(
  call: (callbacks: { success: (r: object) => void; fail: (e: object) => void }) => unknown,
): Promise<Outcome> {
  return new Promise(resolve => {
    call({ success: result => resolve(result as Outcome), fail: failure => resolve(failure as Outcome) })
  })
}

describe('wx.request', () => {
  test('has the platform’s shapes', async () => {
    const url = await serve(echo)
    const { wx } = openWx()
    const outcome = await outcomeOf(callbacks =>
      wx.request({
        url: `${url}/a?x=1`,
        data: { y: 'ü', list: [1] },
        header: { 'X-Own': 'mine' },
        ...callbacks,
      }),
    )
    expect(outcome).toEqual({
      errMsg: 'request:ok',
      statusCode: 201,
      cookies: ['a=1', 'b=2'],
      header: expect.objectContaining({ 'x-answer': 'yes' }),
      data: {
        method: 'GET',
        url: '/a?x=1&y=%C3%BC&list=%5B1%5D',
        type: 'application/json',
        own: 'mine',
        body: '',
      },
    })
  })

  test.each([
    [{ data: { a: 1 } }, 'application/json', '{"a":1}'],
    [{ data: 'text' }, 'application/json', 'text'],
    [
      { data: { a: 'b c', d: 1 }, header: { 'content-type': 'application/x-www-form-urlencoded' } },
      'application/x-www-form-urlencoded',
      'a=b+c&d=1',
    ],
    [{ data: new TextEncoder().encode('bytes').buffer as ArrayBuffer }, 'application/json', 'bytes'],
  ])('sends %j', async (options, type, body) => {
    const url = await serve(echo)
    const { wx } = openWx()
    const { data } = await outcomeOf(callbacks =>
      wx.request({ url, method: 'post', ...options, ...callbacks }),
    )
    expect(data).toMatchObject({ method: 'POST', type, body })
  })

  test('gives text as text, and bytes when asked for', async () => {
    const url = await serve((_request, response) => response.end('{ not json'))
    const { wx } = openWx()
    expect(await outcomeOf(callbacks => wx.request({ url, ...callbacks }))).toMatchObject({
      data: '{ not json',
    })
    const { data } = await outcomeOf(callbacks =>
      wx.request({ url, responseType: 'arraybuffer', ...callbacks }),
    )
    expect(data).toBeInstanceOf(ArrayBuffer)
    expect(Buffer.from(data as ArrayBuffer).toString()).toBe('{ not json')
  })

  test('can be aborted, times out, and says why it failed', async () => {
    const url = await serve(() => {})
    const { wx } = openWx()
    const aborted = await outcomeOf(callbacks => {
      const task = wx.request({ url, ...callbacks })
      setTimeout(() => task.abort(), 10)
    })
    expect(aborted['errMsg']).toBe('request:fail abort')
    expect(() => wx.request({ url: 'http://127.0.0.1:1', timeout: -1 })).not.toThrow()
    const timedOut = await outcomeOf(callbacks => wx.request({ url, timeout: 30, ...callbacks }))
    expect(timedOut['errMsg']).toBe('request:fail timeout')
    const refused = await outcomeOf(callbacks => wx.request({ url: 'http://127.0.0.1:9', ...callbacks }))
    expect(refused['errMsg']).toMatch(/^request:fail .*(?:ECONNREFUSED|bad port)/)
    for (const wrong of ['ftp://x', '/relative', '']) {
      const failed = await outcomeOf(callbacks => wx.request({ url: wrong, ...callbacks }))
      expect(failed['errMsg']).toBe(`request:fail invalid url "${wrong}"`)
    }
  })

  test('tells headers to the task', async () => {
    const url = await serve(echo)
    const { wx } = openWx()
    const seen: unknown[] = []
    await outcomeOf(callbacks => {
      const task = wx.request({ url, ...callbacks })
      const removed = (event: object): void => void seen.push(event)
      task.onHeadersReceived(removed)
      task.offHeadersReceived(removed)
      task.onHeadersReceived(event => seen.push(event))
    })
    expect(seen).toEqual([expect.objectContaining({ statusCode: 201, cookies: ['a=1', 'b=2'] })])
  })
})

test('wx.uploadFile sends a form, also with a file of the package', async () => {
  const bodies: string[] = []
  const url = await serve((request, response) => {
    void text(request).then(body => {
      bodies.push(`${request.headers['content-type']}\n${body}`)
      response.end('stored')
    })
  })
  const user = await openPhone({ 'app.json': '{"pages":["a"]}', 'images/logo.txt': 'a logo' })
  const progress: unknown[] = []
  const outcome = await outcomeOf(callbacks =>
    user.wx
      .uploadFile({
        url,
        filePath: '/images/logo.txt',
        name: 'file',
        formData: { user: 'Ming' },
        ...callbacks,
      })
      .onProgressUpdate(event => progress.push(event)),
  )
  expect(outcome).toMatchObject({ errMsg: 'uploadFile:ok', statusCode: 200, data: 'stored' })
  expect(bodies[0]).toMatch(/^multipart\/form-data; boundary=/)
  expect(bodies[0]).toMatch(/name="user"\r\n\r\nMing\r\n/)
  expect(bodies[0]).toMatch(/name="file"; filename="logo\.txt"[\s\S]*\r\n\r\na logo\r\n/)
  expect(progress.at(-1)).toEqual({ progress: 100, totalBytesSent: 6, totalBytesExpectedToSend: 6 })
})

test('wx.downloadFile streams into a file, and tells how far it is', async () => {
  const content = Buffer.alloc(300_000, 'x')
  const url = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': content.length }).end(content)
  })
  const user = openWx()
  const progress: Record<string, number>[] = []
  const outcome = await outcomeOf(callbacks =>
    user.wx
      .downloadFile({ url: `${url}/picture.png?x=1`, ...callbacks })
      .onProgressUpdate(event => progress.push(event as Record<string, number>)),
  )
  expect(outcome).toMatchObject({
    errMsg: 'downloadFile:ok',
    statusCode: 200,
    tempFilePath: expect.stringMatching(/\.png$/),
  })
  const files = user.wx.getFileSystemManager()
  expect(Buffer.from(files.readFileSync(outcome['tempFilePath']) as ArrayBuffer).equals(content)).toBe(true)
  expect(progress.at(-1)).toEqual({
    progress: 100,
    totalBytesWritten: content.length,
    totalBytesExpectedToWrite: content.length,
  })
  const elsewhere = await outcomeOf(callbacks =>
    user.wx.downloadFile({ url, filePath: '/tmp/x', ...callbacks }),
  )
  expect(elsewhere['errMsg']).toMatch(/^downloadFile:fail permission denied/)
})

describe('wx.getFileSystemManager', () => {
  test('keeps files below USER_DATA_PATH, sync and async', async () => {
    const { wx } = openWx()
    const files = wx.getFileSystemManager()
    const path = `${wx.env.USER_DATA_PATH}/notes/a.txt`
    files.mkdirSync(`${wx.env.USER_DATA_PATH}/notes`)
    await files.writeFile({ filePath: path, data: 'häl', encoding: 'utf8' })
    files.appendFileSync(path, 'lo')
    expect(files.readFileSync(path, 'utf8')).toBe('hällo')
    expect(files.readFileSync(path, 'base64', 1, 2)).toBe(Buffer.from('ä').toString('base64'))
    expect(await files.readFile({ filePath: path })).toEqual({
      errMsg: 'readFile:ok',
      data: expect.any(ArrayBuffer),
    })
    expect(await files.stat({ path })).toMatchObject({ stats: { size: 6 } })
    const stats = files.statSync(path) as { isFile(): boolean; isDirectory(): boolean }
    expect([stats.isFile(), stats.isDirectory()]).toEqual([true, false])
    files.copyFileSync(path, `${path}.copy`)
    files.renameSync(`${path}.copy`, `${wx.env.USER_DATA_PATH}/b.txt`)
    expect(files.readdirSync(wx.env.USER_DATA_PATH)).toEqual(['b.txt', 'notes'])
    const saved = files.saveFileSync(path) as string
    expect(files.readFileSync(saved, 'utf8')).toBe('hällo')
    files.unlinkSync(path)
    await files.rmdir({ dirPath: `${wx.env.USER_DATA_PATH}/notes` })
    files.writeFileSync(`${wx.env.USER_DATA_PATH}/bytes`, new Uint8Array([1, 2]).buffer)
    expect(await files.getFileInfo({ filePath: `${wx.env.USER_DATA_PATH}/bytes` })).toMatchObject({ size: 2 })
  })

  test('fails in the platform’s words', async () => {
    const { wx } = openWx()
    const files = wx.getFileSystemManager()
    const path = `${wx.env.USER_DATA_PATH}/none`
    expect(() => files.accessSync(path)).toThrow(`accessSync:fail no such file or directory, open "${path}"`)
    await expect(files.readFile({ filePath: path })).rejects.toMatchObject({
      errMsg: `readFile:fail no such file or directory, open "${path}"`,
    })
    expect(() => files.appendFileSync(path, 'x')).toThrow(/no such file/)
    files.mkdirSync(path)
    files.writeFileSync(`${path}/x`, '')
    expect(() => files.mkdirSync(path)).toThrow(/file already exists/)
    expect(() => files.rmdirSync(path)).toThrow(/directory not empty/)
    expect(() => files.readFileSync(path)).toThrow(/illegal operation on a directory/)
    expect(() => files.readFileSync(`${path}/x`, 'klingon')).toThrow(/invalid encoding "klingon"/)
    expect(() => files.readFileSync(5)).toThrow(/parameter.filePath should be String instead of Number/)
    expect(() => files.writeFileSync(`${path}/x`, 5)).toThrow(/data must be a String or an ArrayBuffer/)
  })

  test('names what it does not offer, and so does a task', () => {
    const { wx } = openWx()
    const files: object = wx.getFileSystemManager()
    expect(() => Reflect.get(files, 'open')).toThrow(
      /^FileSystemManager\.open is not offered by cloudlet\/simulator/,
    )
    const task: object = wx.request({ url: 'ftp://x' })
    expect(() => Reflect.get(task, 'onChunkReceived')).toThrow(
      /^The task of wx\.request\.onChunkReceived is not/,
    )
  })

  test('reads the package and what a user has chosen, and writes nowhere else', async () => {
    const user = await openPhone({ 'app.json': '{"pages":["a"]}', 'data/list.json': '[1]' })
    const folder = await writeFolder({ 'chosen.txt': 'chosen' })
    const files = user.wx.getFileSystemManager()
    for (const path of ['data/list.json', '/data/list.json'])
      expect(files.readFileSync(path, 'utf8')).toBe('[1]')
    expect(files.readFileSync(join(folder, 'chosen.txt'), 'utf8')).toBe('chosen')
    const { USER_DATA_PATH } = user.wx.env
    for (const path of [join(folder, 'x'), 'data/list.json', `${USER_DATA_PATH}/../../x`, '/data/x']) {
      expect(() => files.writeFileSync(path, 'x')).toThrow(/permission denied/)
    }
  })

  test('is gone when the simulator is closed', async () => {
    const { createSimulator } = await import('../../src/simulator/simulator.ts')
    const simulator = createSimulator({ url: 'ws://127.0.0.1:9' })
    const { wx } = simulator.addUser({})
    const { USER_DATA_PATH } = wx.env
    wx.getFileSystemManager().writeFileSync(`${USER_DATA_PATH}/a`, 'x')
    expect(existsSync(`${USER_DATA_PATH}/a`)).toBe(true)
    await simulator.close()
    expect(existsSync(USER_DATA_PATH)).toBe(false)
  })
})

test('a large upload arrives whole', async () => {
  const url = await serve((request, response) => {
    void buffer(request).then(body => response.end(String(body.length)))
  })
  const { wx } = openWx()
  const path = `${wx.env.USER_DATA_PATH}/large`
  wx.getFileSystemManager().writeFileSync(path, new Uint8Array(3_000_000).buffer)
  const { data } = await outcomeOf(callbacks =>
    wx.uploadFile({ url, filePath: path, name: 'file', ...callbacks }),
  )
  expect(Number(data)).toBeGreaterThan(3_000_000)
})

describe('wx.connectSocket', () => {
  test('sends and hears text and bytes, with headers of its own', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    server.on('connection', (socket, { headers }) => {
      socket.on('message', (data, isBinary) => {
        socket.send(isBinary ? data : `${headers['x-own']} said ${data}`)
        if (isBinary) socket.close(4001, 'enough')
      })
    })
    const { wx } = openWx()
    const heard: unknown[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
    const task = wx.connectSocket({
      url,
      header: { 'x-own': 'Ming' },
      success: ({ errMsg }) => heard.push(errMsg),
    })
    await expect(task.send({ data: 'too early' })).rejects.toThrow(
      'sendSocketMessage:fail the socket is not open',
    )
    task.onOpen(() => void task.send({ data: 'hello' }))
    task.onMessage(({ data }) => {
      heard.push(typeof data === 'string' ? data : [...new Uint8Array(data)])
      if (typeof data === 'string') void task.send({ data: new Uint8Array([1, 2]).buffer })
    })
    task.onClose(event => {
      heard.push(event)
      resolve()
    })
    await promise
    expect(heard).toEqual(['connectSocket:ok', 'Ming said hello', [1, 2], { code: 4001, reason: 'enough' }])
  })

  test('says what went wrong', async () => {
    const { wx } = openWx()
    const failed: string[] = []
    expect(() => wx.connectSocket({ url: 'http://x', fail: ({ errMsg }) => failed.push(errMsg) })).toThrow(
      /invalid url/,
    )
    const task = wx.connectSocket({ url: 'ws://127.0.0.1:1' })
    const { code } = await new Promise<{ code: number }>(resolve => task.onClose(resolve))
    expect(code).toBe(1006)
    expect(failed).toEqual(['connectSocket:fail invalid url "http://x"'])
  })
})
