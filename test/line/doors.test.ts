import { createServer } from 'node:http'
import { connect, type Server } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'

let host: FunctionHost
beforeEach(() => {
  host = new FunctionHost()
})
afterEach(() => host.close())

test('a door that was opening when the host closed is shut, and listen rejects', async () => {
  const port = await freePort()
  const refused = expect(host.listen({ port })).rejects.toMatchObject({ code: 'CLOUDLET_HOST_CLOSED' })
  await host.close()
  expect(await answers(port)).toBe(false)
  await refused
})

test('a closed host rejects listen, and refuses attach', async () => {
  await host.close()
  await expect(host.listen({ port: 0 })).rejects.toMatchObject({ code: 'CLOUDLET_HOST_CLOSED' })
  expect(() => host.attach(createServer())).toThrow(expect.objectContaining({ code: 'CLOUDLET_HOST_CLOSED' }))
})

test.each([
  ['authentication', () => ({ openid: 'o-1' })],
  ['httpPath', {}],
  ['call', async () => null],
  ['access', undefined],
])('a setting that there isn’t, %s, is refused by name', async (name, value) => {
  const refusal = { code: 'CLOUDLET_INVALID_OPTION', option: name }
  await expect(host.listen({ port: 0, [name]: value })).rejects.toMatchObject(refusal)
  expect(() => host.attach(createServer(), { [name]: value })).toThrow(expect.objectContaining(refusal))
})

test('a door of an own port has no path, and an attached one no port', async () => {
  await expect(host.listen({ port: 0, path: '/x' } as object)).rejects.toMatchObject({ option: 'path' })
  expect(() => host.attach(createServer(), { port: 0 } as object)).toThrow(
    expect.objectContaining({ option: 'port' }),
  )
})

describe('temp URLs', () => {
  async function tempUrl(): Promise<string> {
    const { fileID } = await host.storage.upload({ cloudPath: 'a.txt', content: Buffer.from('text') })
    const { files } = await host.storage.getTempUrls({ files: [{ fileID }] })
    const [file] = files
    return file !== undefined && 'url' in file ? file.url : ''
  }

  test('lead to the door that is still open', async () => {
    const first = await host.listen({ port: 0 })
    const second = await host.listen({ port: 0 })
    expect(await tempUrl()).toContain(`:${first.port}/`)
    const firstClosed = first.close()
    const url = await tempUrl()
    expect(url).toContain(`:${second.port}/`)
    await firstClosed
    expect(await (await fetch(url)).text()).toBe('text')
  })

  test('pass over a door whose server does not listen', async () => {
    host.attach(createServer())
    const { port } = await host.listen({ port: 0 })
    expect(await tempUrl()).toContain(`:${port}/`)
  })

  test('are refused when no door is open any more', async () => {
    await (await host.listen({ port: 0 })).close()
    const server = createServer()
    const attached = host.attach(server, { path: '/cloud' })
    await listen(server)
    expect(await tempUrl()).toContain('/cloud/')
    await attached.close()
    await expect(tempUrl()).rejects.toMatchObject({
      code: 'CLOUDLET_STORAGE',
      reason: 'STORAGE_REQUEST_FAIL',
    })
    await new Promise(closed => server.close(closed))
  })
})

async function listen(server: Server): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port')
  return address.port
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise(closed => server.close(closed))
  return port
}

async function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(port, '127.0.0.1', () => resolve(true))
  socket.on('error', () => resolve(false))
  const isAnswered = await promise
  socket.destroy()
  return isAnswered
}
