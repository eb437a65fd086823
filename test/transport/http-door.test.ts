import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { HostClosedError, StorageError } from '../../src/errors.ts'
import type { FileAnswer } from '../../src/transport/door-options.ts'
import { openDoor } from './open-door.ts'

/** Sends a request line as it is, which fetch would tidy up. */
async function rawRequest(port: number, target: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  return text(socket)
}

const found = (content: Readable | Uint8Array, sizeBytes: number): FileAnswer => ({
  kind: 'found',
  open: async () => content,
  sha256: '',
  contentType: 'image/png',
  sizeBytes,
  modifiedMs: Date.UTC(2026, 0, 2),
})

describe('/healthz', () => {
  test.each(['GET', 'HEAD'])('answers %s', async method => {
    const { door } = await openDoor({ health: () => ({ isHealthy: true, functions: 3 }) })
    const response = await fetch(`${door.httpUrl}/healthz`, { method })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(await response.text()).toBe(method === 'HEAD' ? '' : '{"isHealthy":true,"functions":3}\n')
  })

  test('answers 503 when the host is not healthy', async () => {
    const { door } = await openDoor({ health: () => ({ isHealthy: false, reason: 'stuck' }) })
    expect((await fetch(`${door.httpUrl}/healthz`)).status).toBe(503)
  })
})

describe('/storage', () => {
  test.each(['bytes', 'stream'])('serves a file of %s', async kind => {
    const asked: unknown[] = []
    const { door } = await openDoor({
      serveFile: async ({ path, query }) => {
        asked.push([path, query.get('sign')])
        const bytes = Buffer.from('png!')
        return found(kind === 'bytes' ? bytes : Readable.from([bytes]), 4)
      },
    })
    const response = await fetch(`${door.httpUrl}/storage/a%20b/%E5%9B%BE.png?sign=s&t=1`)
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('png!')
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-length': '4',
      'content-type': 'image/png',
      'content-security-policy': 'sandbox',
      'last-modified': 'Fri, 02 Jan 2026 00:00:00 GMT',
      'x-content-type-options': 'nosniff',
    })
    expect(asked).toEqual([['a%20b/%E5%9B%BE.png', 's']])
  })

  test('answers HEAD without the file', async () => {
    const open = () => Promise.reject(new Error('The file was opened.'))
    const { door, faults } = await openDoor({
      serveFile: async () => ({ ...found(Buffer.from('png!'), 4), open }),
    })
    const response = await fetch(`${door.httpUrl}/storage/a.png`, { method: 'HEAD' })
    expect(response.headers.get('content-length')).toBe('4')
    expect(await response.text()).toBe('')
    expect(faults).toEqual([])
  })

  test('answers 404 for a file that went before it was opened', async () => {
    const open = () => Promise.reject(new StorageError('STORAGE_FILE_NONEXIST', 'There is no file "a".'))
    const { door, faults } = await openDoor({
      serveFile: async () => ({ ...found(Buffer.from('png!'), 4), open }),
    })
    expect((await fetch(`${door.httpUrl}/storage/a.png`)).status).toBe(404)
    expect(faults).toEqual([])
  })

  test.each([403, 404] as const)('passes a refusal with %i on', async status => {
    const { door } = await openDoor({ serveFile: async () => ({ kind: 'refused', status, message: 'No.' }) })
    const response = await fetch(`${door.httpUrl}/storage/a.png`)
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ message: 'No.' })
  })

  test('says nothing of the host when it fails', async () => {
    const fault = new Error('ENOENT: /srv/secret/blob')
    const { door, faults } = await openDoor({ serveFile: () => Promise.reject(fault) })
    const response = await fetch(`${door.httpUrl}/storage/a.png`)
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret')
    expect(faults).toMatchObject([{ code: 'CLOUDLET_INTERNAL', cause: fault }])
  })

  test('answers 503 while the host closes', async () => {
    const { door } = await openDoor({ serveFile: () => Promise.reject(new HostClosedError()) })
    expect((await fetch(`${door.httpUrl}/storage/a.png`)).status).toBe(503)
  })

  test('cuts the body when the file breaks half way, and tells the host', async () => {
    const fault = new Error('disk gone')
    const content = new Readable({
      read() {
        this.push('half')
        this.destroy(fault)
      },
    })
    const { door, faults } = await openDoor({ serveFile: async () => found(content, 100) })
    await expect(fetch(`${door.httpUrl}/storage/a.png`).then(response => response.text())).rejects.toThrow()
    await expect.poll(() => faults).toEqual([fault])
  })
})

describe('other requests', () => {
  test.each([
    ['GET', '/nothing', 404],
    ['GET', '/healthz/more', 404],
    ['GET', '/storage', 404],
    ['GET', '/storage/', 400],
    ['GET', '/storage/%', 400],
    ['GET', '/storage/%ff', 400],
    ['POST', '/healthz', 405],
    ['DELETE', '/storage/a.png', 405],
    ['GET', '/', 426],
  ])('%s %s is answered with %i', async (method, path, status) => {
    const { door } = await openDoor()
    const response = await fetch(`${door.httpUrl}${path}`, { method })
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ message: expect.any(String) })
    if (status === 405) expect(response.headers.get('allow')).toBe('GET, HEAD')
    if (status === 426) expect(response.headers.get('upgrade')).toBe('websocket')
  })

  test.each([
    ['//healthz', 404],
    ['//evil.test/healthz', 404],
    ['http://evil.test/healthz', 404],
    ['/../healthz', 404],
    ['/healthz?x=/storage/', 200],
  ])('the target %s is taken as it is: %i', async (target, status) => {
    const { door } = await openDoor()
    expect(await rawRequest(door.port, target)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  })
})
