import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkS3Options, type S3Options } from '../../src/storage/s3-options.ts'
import { Storage } from '../../src/storage/storage.ts'
import { bytesOf, sha256Of } from './bytes.ts'
import { S3Relay } from './s3-relay.ts'
import { S3Server } from './s3-server.ts'

const failed = { reason: 'STORAGE_REQUEST_FAIL' }

describe('a bucket', () => {
  let server: S3Server

  beforeEach(async () => {
    server = await S3Server.start()
  })

  afterEach(async () => {
    await server[Symbol.asyncDispose]()
  })

  const open = (options: Partial<S3Options> = {}): Storage =>
    new Storage({ envId: 'e', s3: { ...server.options, ...options } })

  test('may hold several storages, each behind its prefix', async () => {
    await using one = open({ prefix: 'one/' })
    await using other = open({ prefix: '' })
    await one.upload({ cloudPath: 'a', content: Buffer.from('one') })
    await other.upload({ cloudPath: 'a', content: Buffer.from('other') })
    await other.setPermission('ADMINONLY')
    expect(Buffer.from((await one.download({ fileID: 'cloud://e/a' })).content).toString()).toBe('one')
    expect((await other.list()).files.map(file => file.path)).toEqual(['a'])
    expect(await one.getPermission()).toBe('READONLY')
  })

  test('may be named by the endpoint', async () => {
    const { bucket: _, ...options } = server.options
    await using storage = new Storage({
      envId: 'e',
      s3: { ...options, endpoint: `${options.endpoint}/files/` },
    })
    await storage.upload({ cloudPath: 'a', content: Buffer.from('a') })
    await using same = open()
    expect((await same.list()).files).toHaveLength(1)
  })

  test('that does not exist is told', async () => {
    await using storage = open({ bucket: 'others' })
    const upload = storage.upload({ cloudPath: 'a', content: Buffer.from('a') })
    await expect(upload).rejects.toMatchObject({
      ...failed,
      message: expect.stringContaining('does not exist'),
    })
  })

  test('objects that are no files of a storage are told, and not taken for one', async () => {
    await using storage = open()
    await storage.list()
    const url = `${server.options.endpoint}/files/cloudlet/files/foreign.txt`
    const put = await fetch(url, {
      method: 'PUT',
      body: Buffer.alloc(5000, 'x'),
    })
    expect(put.ok).toBe(true)
    const told = { ...failed, message: expect.stringContaining('not put there by this storage') }
    const ours = () => storage.upload({ cloudPath: 'foreign.txt', content: Buffer.from('ours') })
    await expect(storage.download({ fileID: 'cloud://e/foreign.txt' })).rejects.toMatchObject(told)
    await expect(ours()).rejects.toMatchObject(told)
    await fetch(url, { method: 'DELETE' })
    await ours()
    expect((await storage.download({ fileID: 'cloud://e/foreign.txt' })).content).toHaveLength(4)
  })

  test.each(['a ', 'a\u3000', 'a\uffff', '\ufffe/b'])(
    'the path %j, which its listings could not tell, is refused',
    async cloudPath => {
      await using storage = open()
      const upload = storage.upload({ cloudPath, content: Buffer.from('a') })
      await expect(upload).rejects.toMatchObject({ reason: 'INVALID_PARAM' })
    },
  )

  test('paths with signs of URLs and XML come back as they are', async () => {
    await using storage = open()
    const paths = [
      'a b',
      'a%20b',
      'a+b',
      '&amp;',
      '<x>',
      '"\'',
      'ü/中文',
      '?q=1',
      '#h',
      'a\\b',
      '...',
      '%2e%2e/x',
    ]
    for (const cloudPath of paths) {
      const { fileID } = await storage.upload({ cloudPath, content: Buffer.from(cloudPath) })
      expect(Buffer.from((await storage.download({ fileID })).content).toString()).toBe(cloudPath)
    }
    const { files } = await storage.list()
    expect(files.map(file => file.path).sort()).toEqual(paths.sort())
  })

  test('a request that fails for a passing reason is made again', async () => {
    let failures = 0
    await using relay = await S3Relay.start(server.options.endpoint, (_, response) => {
      // Each second request meets a server in trouble.
      const isFailing = failures++ % 2 === 0
      if (isFailing) response.writeHead(503).end()
      return isFailing
    })
    await using storage = open({ endpoint: relay.endpoint })
    const bytes = bytesOf(100_000)
    const { fileID } = await storage.upload({ cloudPath: 'a', content: bytes })
    expect(bytes.equals((await storage.download({ fileID })).content)).toBe(true)
    expect(failures).toBeGreaterThan(4)
  })

  test('parts that are not put together are no file, whatever the status of the answer', async () => {
    const body = '<?xml version="1.0" encoding="UTF-8"?>\n\n<Error><Code>InternalError</Code></Error>'
    await using relay = await S3Relay.start(server.options.endpoint, ({ method, url = '' }, response) => {
      const isCompletion = method === 'POST' && url.includes('uploadId=')
      if (isCompletion) response.writeHead(200, { 'content-type': 'application/xml' }).end(body)
      return isCompletion
    })
    await using storage = open({ endpoint: relay.endpoint })
    const content = bytesOf(9 * 1024 * 1024)
    await expect(storage.upload({ cloudPath: 'a', content })).rejects.toMatchObject({
      ...failed,
      message: expect.stringContaining('did not put the parts'),
    })
    await expect(storage.stat({ fileID: 'cloud://e/a' })).rejects.toMatchObject({
      reason: 'STORAGE_FILE_NONEXIST',
    })
    const sha256 = sha256Of(content)
    const { uploadId } = await storage.chunks.start({ cloudPath: 'a', sizeBytes: content.byteLength })
    for (let offset = 0; offset < content.byteLength; offset += 1024 * 1024) {
      const chunk = content.subarray(offset, offset + 1024 * 1024)
      await storage.chunks.append({ uploadId, offset, content: chunk })
    }
    await expect(storage.chunks.finish({ uploadId, sha256 })).rejects.toMatchObject(failed)
    // What came is still there, for the service's better times.
    await using direct = open()
    await direct.chunks.finish({ uploadId, sha256 })
    expect((await direct.stat({ fileID: 'cloud://e/a' })).sha256).toBe(sha256)
  })
})

test('a service that is not there is told, without a word of secrets', async () => {
  const s3: S3Options = {
    endpoint: 'http://127.0.0.1:9',
    bucket: 'files',
    accessKeyId: 'the-key',
    secretAccessKey: 'the-secret',
  }
  await using storage = new Storage({ envId: 'e', s3 })
  const error: unknown = await storage.list().catch(reason => reason)
  expect(error).toMatchObject({
    ...failed,
    message: expect.stringMatching(/^The storage could not reach its bucket \([\w ]+\)\.$/),
  })
  expect(JSON.stringify(error) + String(error)).not.toMatch(/the-key|the-secret|127\.0\.0\.1/)
})

test('without the package the first call says how to install it', async () => {
  const storage = new URL('../../src/storage/storage.ts', import.meta.url).href
  const script = `
    import { registerHooks } from 'node:module'
    registerHooks({ resolve(specifier, context, next) {
      if (specifier !== 's3mini') return next(specifier, context)
      throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
    } })
    const { Storage } = await import(${JSON.stringify(storage)})
    const s3 = { endpoint: 'http://127.0.0.1:9', accessKeyId: 'k', secretAccessKey: 's' }
    await new Storage({ envId: 'e', s3 }).list().catch(error => console.log(error.code, error.message))
    await new Storage({ envId: 'e' }).list()
    console.log('others work')`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])
  expect(stdout).toMatch(/^CLOUDLET_INVALID_OPTION .*npm install s3mini\nothers work\n$/)
})

describe('the options of a bucket', () => {
  const good = { endpoint: 'https://s3.example.com', accessKeyId: 'k', secretAccessKey: 's' }

  test.each<[fault: unknown, option: string]>([
    ['s3', 'storage.s3'],
    [null, 'storage.s3'],
    [{}, 'storage.s3.endpoint'],
    [{ ...good, endpoint: 's3.example.com' }, 'storage.s3.endpoint'],
    [{ ...good, endpoint: 'ftp://s3.example.com' }, 'storage.s3.endpoint'],
    [{ ...good, endpoint: 'https://me@s3.example.com' }, 'storage.s3.endpoint'],
    [{ ...good, endpoint: 'https://s3.example.com/?a=1' }, 'storage.s3.endpoint'],
    [{ ...good, accessKeyId: '' }, 'storage.s3.accessKeyId'],
    [{ ...good, secretAccessKey: 7 }, 'storage.s3.secretAccessKey'],
    [{ ...good, buckets: 'a' }, 'storage.s3.buckets'],
    [{ ...good, prefix: 'a' }, 'storage.s3.prefix'],
    [{ ...good, prefix: '/a/' }, 'storage.s3.prefix'],
    [{ ...good, prefix: 'a//' }, 'storage.s3.prefix'],
    [{ ...good, prefix: `${'a'.repeat(150)}/` }, 'storage.s3.prefix'],
  ])('%j: %s is named', (options, option) => {
    expect(() => checkS3Options(options)).toThrow(
      expect.objectContaining({ code: 'CLOUDLET_INVALID_OPTION', option }),
    )
  })

  test('with all that is needed are taken', () => {
    checkS3Options(good)
    checkS3Options({ ...good, bucket: 'b', region: 'r', prefix: `${'a'.repeat(149)}/` })
  })
})
