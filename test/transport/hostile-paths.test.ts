import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'
import type { ErrorFrame, ResultFrame } from '../../src/protocol/frames.ts'
import fc from '../random.ts'
import { sendRaw } from './raw-http.ts'
import { RawPeer } from './raw-peer.ts'

const SECRET = 'what nobody may read'

/** A host whose files are on disk, in a folder beside one that holds a secret. */
let root: string
let host: FunctionHost
let port: number
let url: string
let id = 0

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cloudlet-paths-'))
  for (const name of ['secret.txt', 'etc'])
    await (name === 'etc' ? mkdir(join(root, name)) : writeFile(join(root, name), SECRET))
  await writeFile(join(root, 'etc', 'passwd'), SECRET)
  host = new FunctionHost({ dataDirectory: join(root, 'data') })
  const door = await host.listen({ port: 0 })
  port = door.port
  url = door.url
})

afterAll(async () => {
  await host.close()
  await rm(root, { recursive: true, force: true })
})

async function ask(peer: RawPeer, op: string, args: unknown): Promise<ResultFrame | ErrorFrame> {
  const callId = ++id
  peer.send({ type: 'call', id: callId, op, args })
  for (;;) {
    await once(peer.socket, 'message')
    const frame = peer.frames.shift()
    if (frame?.type !== 'result' && frame?.type !== 'error') continue
    expect(frame.id).toBe(callId)
    return frame
  }
}

async function upload(peer: RawPeer, cloudPath: string, text: string): Promise<string | undefined> {
  const answer = await ask(peer, 'storage.upload', { cloudPath, content: new TextEncoder().encode(text) })
  if (answer.type === 'error') {
    expect(answer.error).toMatchObject({ code: 'CLOUDLET_STORAGE', details: { reason: 'INVALID_PARAM' } })
    expect(answer.error.message).not.toContain(root)
    return undefined
  }
  return (answer.result as { fileID: string }).fileID
}

async function urlOf(peer: RawPeer, fileID: string): Promise<URL> {
  const answer = await ask(peer, 'storage.getTempUrls', { files: [{ fileID }] })
  if (answer.type === 'error') throw new Error(answer.error.message)
  return new URL((answer.result as { files: { url: string }[] }).files[0]?.url ?? '')
}

/** Names of all that is in a folder, with the folders they are in. */
async function listNames(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).toSorted()
}

const segment = fc.oneof(
  fc.constantFrom(
    ...[
      '..',
      '.',
      '',
      '...',
      '%2e%2e',
      '%2E.',
      '%252e%252e',
      '．．',
      '‥',
      '․․',
      '..\\',
      '\\..\\',
      'C:',
      '~',
      'etc',
      'passwd',
    ],
    ...[
      'a',
      'A',
      'é',
      'é',
      'ａ',
      'a ',
      ' a',
      'a.',
      'a\u0000',
      '\u0000',
      '\u0001',
      'a\n',
      '\u202E',
      '\uFEFF',
      '\ud800',
      'CON',
      'nul',
    ],
    ...[
      '%00',
      '%2f',
      '%5c',
      '%c0%ae',
      '?sign=1',
      '#',
      '&t=1',
      '*',
      ':',
      '|',
      '$HOME',
      '`id`',
      'signing.key',
      'files',
      'blobs',
    ],
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
)
const cloudPath = fc.array(segment, { minLength: 1, maxLength: 5 }).map(parts => parts.join('/'))

test('a cloudPath is refused or names a file of its own, which its URL leads to, and nothing else on the disk', async () => {
  const peer = await RawPeer.welcomed(url, 'o-paths')
  const texts = new Map<string, string>()
  const fileIDs = new Map<string, string>()
  await fc.assert(
    fc.asyncProperty(cloudPath, async path => {
      const text = `text of ${JSON.stringify(path)}`
      const fileID = await upload(peer, path, text)
      if (fileID === undefined) return
      texts.set(path, text)
      fileIDs.set(path, fileID)
    }),
    { numRuns: 1000 },
  )
  expect(texts.size).toBeGreaterThan(300)
  // Each holds its own text still: none was another one's by a second name.
  for (const [path, text] of texts) {
    const fileURL = await urlOf(peer, fileIDs.get(path) ?? '')
    const response = await fetch(fileURL)
    expect(response.status, path).toBe(200)
    expect(await response.text()).toBe(text)
  }
  expect(await readdir(root)).toEqual(['data', 'etc', 'secret.txt'])
  expect(await readFile(join(root, 'secret.txt'), 'utf8')).toBe(SECRET)
  expect(await readFile(join(root, 'etc', 'passwd'), 'utf8')).toBe(SECRET)
  // No text of a client's names a file.
  const names = (await listNames(join(root, 'data', 'storage'))).filter(name =>
    /^(files|blobs|uploads)\//.test(name),
  )
  for (const name of names) expect(name).toMatch(/^(files\/[0-9a-f]{64}\.json|blobs\/[0-9a-f]{64}-[\w-]+)$/)
  peer.terminate()
}, 300_000)

test(`a cloudPath of ${LIMITS.cloudPathBytes} bytes is taken over the door, and one of a byte more refused`, async () => {
  const peer = await RawPeer.welcomed(url, 'o-paths')
  const longest = '中'.repeat(LIMITS.cloudPathBytes / 3).padEnd(284, 'x')
  const path = longest.slice(0, Math.floor(LIMITS.cloudPathBytes / 3)) + 'x'.repeat(LIMITS.cloudPathBytes % 3)
  expect(Buffer.byteLength(path)).toBe(LIMITS.cloudPathBytes)
  const fileID = (await upload(peer, path, 'long')) ?? ''
  expect(await (await fetch(await urlOf(peer, fileID))).text()).toBe('long')
  expect(await upload(peer, `${path}x`, 'longer')).toBeUndefined()
  peer.terminate()
})

describe('the URL of one file', () => {
  let own: URL
  let other: URL
  let short: URL

  beforeAll(async () => {
    const peer = await RawPeer.welcomed(url, 'o-1')
    const fileID = (await upload(peer, 'dir/own.txt', 'own text')) ?? ''
    own = await urlOf(peer, fileID)
    peer.terminate()
    const neighbour = await RawPeer.welcomed(url, 'o-2')
    other = await urlOf(neighbour, (await upload(neighbour, 'dir/secret.txt', SECRET)) ?? '')
    const [first] = (await host.storage.getTempUrls({ files: [{ fileID, maxAgeSeconds: 60 }] })).files
    short = new URL(first !== undefined && 'url' in first ? first.url : '')
    neighbour.terminate()
  })

  /** What the door says to a request line as it is. */
  async function get(target: string): Promise<string> {
    return sendRaw(port, [`GET ${target} HTTP/1.1`, 'Host: x', 'Connection: close'])
  }

  test('leads to it, whichever way its path is encoded', async () => {
    for (const path of ['/storage/dir/own.txt', '/storage/dir%2fown.txt', '/storage/%64ir/own%2etxt']) {
      expect(await get(path + own.search)).toMatch(/^HTTP\/1\.1 200 [\s\S]*own text$/)
    }
  })

  test.each([
    '/storage/dir/secret.txt',
    '/storage/dir/../dir/secret.txt',
    '/storage/dir/own.txt/../secret.txt',
    '/storage/dir/own.txt%2f..%2fsecret.txt',
    '/storage/../secret.txt',
    '/storage/..%2fsecret.txt',
    '/storage/%2e%2e/secret.txt',
    '/storage/%2e%2e%2fsecret.txt',
    '/storage/%252e%252e/secret.txt',
    '/storage/..%5csecret.txt',
    '/storage/..\\secret.txt',
    '/storage/%c0%ae%c0%ae/secret.txt',
    '/storage/%e0%80%ae%e0%80%ae/secret.txt',
    '/storage/%ef%bc%8e%ef%bc%8e/secret.txt',
    '/storage/%u002e%u002e/secret.txt',
    '/storage/dir/own.txt%00',
    '/storage/dir/secret.txt%00dir/own.txt',
    '/storage/dir/own.txt%0d%0aX-Evil:%201',
    '/storage/dir/own.txt/',
    '/storage//dir/own.txt',
    '/storage/dir//own.txt',
    '/storage/./dir/own.txt',
    '/storage/dir/OWN.txt',
    '/storage//etc/passwd',
    '/storage/%2fetc%2fpasswd',
    '/storage/file:///etc/passwd',
    '/storage/signing.key',
    '/storage/%2e%2e/signing.key',
    '/storage/',
    '/storage',
    '/STORAGE/dir/own.txt',
    '//storage/dir/secret.txt',
    '/healthz/../storage/dir/secret.txt',
    '/storage/dir/own.txt;/../secret.txt',
    'http://evil.example/storage/dir/secret.txt',
    `/storage/${'a/'.repeat(4000)}b`,
    `/storage/${'%2e%2e%2f'.repeat(500)}etc/passwd`,
  ])('leads nowhere else: %s', async path => {
    const answer = await get(path + own.search)
    expect(answer).toMatch(/^HTTP\/1\.1 (400|403|404|426|431) /)
    expect(answer).not.toContain(SECRET)
    expect(answer).not.toContain('own text')
    expect(answer).not.toContain('X-Evil')
    expect(answer).not.toContain(root)
  })

  test('is worth nothing once its query is changed, or with what belongs to another URL', async () => {
    const sign = own.searchParams.get('sign') ?? ''
    const expiry = own.searchParams.get('t') ?? ''
    const queries = [
      '',
      '?',
      `?sign=${sign}`,
      `?t=${expiry}`,
      `?sign=${sign}&t=${Number(expiry) + 1}`,
      `?sign=${sign}&t=${expiry}0`,
      `?sign=${sign}&t=0${expiry}`,
      `?sign=${sign}&t=%2B${expiry}`,
      `?sign=${sign}&t=${expiry}.0`,
      `?sign=${sign}&t=0x${Number(expiry).toString(16)}`,
      `?sign=${sign}&t=Infinity`,
      `?sign=${sign}&t=${expiry}%00`,
      `?sign=${sign.toUpperCase()}&t=${expiry}`,
      `?sign=${sign.slice(0, -1)}&t=${expiry}`,
      `?sign=${sign}0&t=${expiry}`,
      `?sign=${sign}&sign=${sign}&t=${expiry}`,
      `?sign=${sign}&t=${expiry}&t=9999999999`,
      `?sign[]=${sign}&t=${expiry}`,
      `?sign=${'0'.repeat(64)}&t=${expiry}`,
      `?SIGN=${sign}&T=${expiry}`,
      other.search,
      `?sign=${short.searchParams.get('sign')}&t=${expiry}`,
      `?sign=${sign}&t=${short.searchParams.get('t')}`,
    ]
    for (const query of queries) {
      expect(await get(`/storage/dir/own.txt${query}`), query).toMatch(/^HTTP\/1\.1 403 (?![\s\S]*own text)/)
    }
    expect(await get(`/storage/dir/own.txt${short.search}`)).toMatch(/^HTTP\/1\.1 200 [\s\S]*own text$/)
  })
})
