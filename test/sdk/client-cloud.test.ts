import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { FunctionError, FunctionNotFoundError, StorageError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import { createClientCloud } from '../../src/sdk/client-cloud.ts'
import { MemoryFiles } from './memory-files.ts'
import { recordCalls, rejectionOf } from './recorder.ts'

/** A host that keeps uploads and downloads in memory, and a client whose files are in memory too. */
function open(answers: Parameters<typeof recordCalls>[0] = {}, files: Record<string, Uint8Array> = {}) {
  const stored = Buffer.from(new Uint8Array([1, 2]))
  const recording = recordCalls({
    'functions.invoke': { result: 3, requestId: 'r-1' },
    'storage.upload': { fileID: 'cloud://e.b/a.txt' },
    'storage.stat': {
      sizeBytes: stored.length,
      contentType: 'text/plain',
      sha256: createHash('sha256').update(stored).digest('hex'),
      modifiedMs: 0,
    },
    'storage.readChunk': ({ offset, length }: { offset: number; length: number }) => ({
      content: new Uint8Array(stored.subarray(offset, offset + length)),
    }),
    'storage.remove': { files: [{ fileID: 'a' }] },
    ...answers,
  })
  const written = new Map<string, Uint8Array>()
  const cloud = createClientCloud({ call: recording.call, files: new MemoryFiles(files, written) })
  return { cloud, recording, written }
}

/** Everything the three callbacks hear, in order, until `complete`. */
function listen<Options extends object>(
  options: Options,
): {
  options: Options & Record<'success' | 'fail' | 'complete', (outcome: unknown) => void>
  heard: Promise<[string, unknown][]>
} {
  const { promise, resolve } = Promise.withResolvers<[string, unknown][]>()
  const heard: [string, unknown][] = []
  return {
    options: {
      ...options,
      success: outcome => heard.push(['success', outcome]),
      fail: outcome => heard.push(['fail', outcome]),
      complete: outcome => {
        heard.push(['complete', outcome])
        resolve(heard)
      },
    },
    heard: promise,
  }
}

describe('promise style', () => {
  test('has the cloud. prefix for functions and storage and none for the database', async () => {
    const { cloud } = open({}, { 'a.txt': new Uint8Array(2) })
    cloud.init({ env: 'any' })
    expect(await cloud.callFunction({ name: 'sum', data: { a: 1 } })).toStrictEqual({
      result: 3,
      errMsg: 'cloud.callFunction:ok',
      requestID: 'r-1',
    })
    expect(await cloud.uploadFile({ cloudPath: 'a.txt', filePath: 'a.txt' })).toStrictEqual({
      fileID: 'cloud://e.b/a.txt',
      statusCode: 200,
      errMsg: 'cloud.uploadFile:ok',
    })
    expect(await cloud.downloadFile({ fileID: 'cloud://e.b/dir/a.txt' })).toStrictEqual({
      tempFilePath: 'tmp/a.txt',
      statusCode: 200,
      errMsg: 'cloud.downloadFile:ok',
    })
    expect((await cloud.deleteFile({ fileList: ['a'] })).errMsg).toBe('cloud.deleteFile:ok')
    expect((await cloud.database().collection('a').get()).errMsg).toBe('collection.get:ok')
  })

  test('rejects in the words of newer clients', async () => {
    const failure = new FunctionError('f', { name: 'Error', message: 'boom', stack: '', fields: {} })
    const failed = open({ 'functions.invoke': () => Promise.reject(failure) })
    expect({ ...(await rejectionOf(failed.cloud.callFunction({ name: 'f' }))) }).toStrictEqual({
      errCode: -504002,
      errMsg: 'cloud.callFunction:fail Error: errCode: -504002 functions execute fail | errMsg: Error: boom',
    })
    const missing = open({ 'functions.invoke': () => Promise.reject(new FunctionNotFoundError('f', [])) })
    const error = await rejectionOf(missing.cloud.callFunction({ name: 'f' }))
    expect(error['errCode']).toBe(-501000)
    expect(error.message).toContain('errCode: -501000 | errMsg: FunctionName parameter could not be found.')
  })

  test('reading a file that is not there rejects and uploads nothing', async () => {
    const { cloud, recording } = open()
    const error = await rejectionOf(cloud.uploadFile({ cloudPath: 'a', filePath: 'nope' }))
    expect({ ...error }).toStrictEqual({ errCode: -1, errMsg: 'cloud.uploadFile:fail no such file nope' })
    expect(recording.calls).toStrictEqual([])
  })
})

describe('callback style', () => {
  test('returns nothing and calls success, then complete', async () => {
    const { cloud } = open()
    const { options, heard } = listen({ name: 'sum' })
    expect(cloud.callFunction(options)).toBeUndefined()
    const result = { result: 3, errMsg: 'cloud.callFunction:ok', requestID: 'r-1' }
    expect(await heard).toStrictEqual([
      ['success', result],
      ['complete', result],
    ])
  })

  test('calls fail, then complete, with the same error', async () => {
    const { cloud } = open()
    const { options, heard } = listen({ name: '' })
    void cloud.callFunction({ ...options, name: 5 as never })
    const outcomes = await heard
    expect(outcomes.map(([name]) => name)).toStrictEqual(['fail', 'complete'])
    expect(outcomes[0]?.[1]).toBe(outcomes[1]?.[1])
    expect(outcomes[0]?.[1]).toMatchObject({ errCode: -401003 })
  })

  test('any one of the three chooses it', async () => {
    const { cloud } = open()
    for (const name of ['success', 'fail', 'complete'] as const) {
      expect(cloud.callFunction({ name: 'f', [name]: () => {} })).toBeUndefined()
    }
  })

  test('works for every database method', async () => {
    const { cloud } = open({ 'database.query': { documents: [{ _id: 'a' }] } })
    const items = cloud.database().collection('a')
    const runs: [string, (options: object) => unknown, object][] = [
      ['collection.add:ok', options => items.add(options), { data: { a: 1 } }],
      ['collection.get:ok', options => items.get(options), {}],
      ['collection.count:ok', options => items.where({ a: 1 }).count(options), {}],
      ['collection.update:ok', options => items.where({ a: 1 }).update(options as never), { data: { a: 1 } }],
      ['collection.remove:ok', options => items.where({ a: 1 }).remove(options), {}],
      ['document.get:ok', options => items.doc('a').get(options), {}],
      ['document.set:ok', options => items.doc('a').set(options as never), { data: { a: 1 } }],
      ['document.update:ok', options => items.doc('a').update(options as never), { data: { a: 1 } }],
      ['document.remove:ok', options => items.doc('a').remove(options), {}],
    ]
    for (const [errMsg, run, given] of runs) {
      const { options, heard } = listen(given)
      expect(run(options)).toBeUndefined()
      const outcomes = await heard
      expect(outcomes.map(([name]) => name)).toStrictEqual(['success', 'complete'])
      expect(outcomes[0]?.[1]).toMatchObject({ errMsg })
    }
  })
})

describe('tasks', () => {
  test('an upload reports its progress and its headers', async () => {
    const { cloud } = open({}, { a: new Uint8Array(5) })
    const { options, heard } = listen({ cloudPath: 'a', filePath: 'a' })
    const task = cloud.uploadFile(options)
    const events: unknown[] = []
    task.onProgressUpdate(event => events.push(event))
    task.onHeadersReceived(event => events.push(event))
    expect((await heard)[0]?.[0]).toBe('success')
    expect(events).toStrictEqual([
      { header: {} },
      { progress: 100, totalBytesSent: 5, totalBytesExpectedToSend: 5 },
    ])
  })

  test('a download reports its progress, to those that still listen', async () => {
    const { cloud } = open()
    const { options, heard } = listen({ fileID: 'cloud://e.b/a' })
    const task = cloud.downloadFile(options)
    const events: unknown[] = []
    const removed = () => events.push('removed')
    task.onProgressUpdate(removed)
    task.onProgressUpdate(event => events.push(event))
    task.onHeadersReceived(removed)
    task.offProgressUpdate(removed)
    task.offHeadersReceived()
    await heard
    expect(events).toStrictEqual([
      { progress: 0, totalBytesWritten: 0, totalBytesExpectedToWrite: 2 },
      { progress: 100, totalBytesWritten: 2, totalBytesExpectedToWrite: 2 },
    ])
  })

  test('abort fails the call, and nothing is sent when it comes in time', async () => {
    const { cloud, recording } = open({}, { a: new Uint8Array(5) })
    const { options, heard } = listen({ cloudPath: 'a', filePath: 'a' })
    const task = cloud.uploadFile(options)
    task.abort()
    task.abort()
    const outcomes = await heard
    expect(outcomes.map(([name]) => name)).toStrictEqual(['fail', 'complete'])
    expect({ ...Object(outcomes[0]?.[1]) }).toStrictEqual({
      errCode: -1,
      errMsg: 'cloud.uploadFile:fail abort',
    })
    expect(recording.calls).toStrictEqual([])
  })

  test('abort after the end changes nothing', async () => {
    const { cloud } = open()
    const { options, heard } = listen({ fileID: 'a' })
    const task = cloud.downloadFile(options)
    expect((await heard)[0]?.[0]).toBe('success')
    task.abort()
    await Promise.resolve()
    expect(await heard).toHaveLength(2)
  })
})

describe('a host that is not what it should be', () => {
  const large = { a: new Uint8Array(LIMITS.uploadChunkBytes + 1) }

  test.each([0, -1, Number.NaN, undefined])(
    'chunks of %s bytes fail the upload, which is given up',
    async chunkBytes => {
      const uploadId = '0'.repeat(32)
      const { cloud, recording } = open(
        { 'storage.startUpload': { uploadId, chunkBytes, receivedBytes: 0 } },
        large,
      )
      const error = await rejectionOf(cloud.uploadFile({ cloudPath: 'a', filePath: 'a' }))
      expect(error.message).toContain('cloud.uploadFile:fail')
      expect(recording.calls.map(({ op }) => op)).toStrictEqual([
        'storage.startUpload',
        'storage.abortUpload',
      ])
    },
  )

  test.each([
    ['short', { content: new Uint8Array(1) }],
    ['too long', { content: new Uint8Array(3) }],
    ['another', { content: new Uint8Array(2) }],
  ])('a chunk that is %s fails the download, of which nothing stays', async (_what, answer) => {
    const { cloud, written } = open({ 'storage.readChunk': answer })
    const error = await rejectionOf(cloud.downloadFile({ fileID: 'cloud://e.b/a' }))
    expect(error).toMatchObject({
      errCode: -503001,
      errMsg: expect.stringContaining('cloud.downloadFile:fail'),
    })
    expect(written.size).toBe(0)
  })

  test('an upload that the host refuses half-way is given up, and fails with the first error', async () => {
    const uploadId = '0'.repeat(32)
    const refusal = new StorageError('STORAGE_EXCEED_AUTHORITY', 'not yours')
    const { cloud, recording } = open(
      {
        'storage.startUpload': { uploadId, chunkBytes: LIMITS.uploadChunkBytes, receivedBytes: 0 },
        'storage.appendUpload': () => Promise.reject(refusal),
        'storage.abortUpload': () => Promise.reject(new Error('gone')),
      },
      large,
    )
    const error = await rejectionOf(cloud.uploadFile({ cloudPath: 'a', filePath: 'a' }))
    expect(error['errCode']).toBe(-503002)
    expect(recording.calls.at(-1)).toStrictEqual({ op: 'storage.abortUpload', args: { uploadId } })
  })
})

describe('the database of clients', () => {
  test.each([
    [undefined, 20],
    [0, 20],
    [20, 20],
    [21, 20],
  ])('limit %s is %s', async (asked, sent) => {
    const { cloud, recording } = open()
    const items = cloud.database().collection('a')
    await (asked === undefined ? items : items.limit(asked)).get()
    expect(recording.last()).toMatchObject({ limit: sent })
  })

  test('has no createCollection', () => {
    expect('createCollection' in open().cloud.database()).toBe(false)
  })

  test('a missing document', async () => {
    const { cloud } = open()
    const error = await rejectionOf(cloud.database().collection('a').doc('x').get())
    expect(error.message).toBe('document.get:fail document with _id x does not exist')
    const lenient = cloud.database({ throwOnNotFound: false })
    expect((await lenient.collection('a').doc('x').get()).data).toBeNull()
  })
})

describe('CloudID', () => {
  test('at the top level of data is given to the host to open, with and without new', async () => {
    const { cloud, recording } = open()
    const data = { run: new cloud.CloudID('id-1'), plain: cloud.CloudID('id-2'), raw: 'id-3', n: 1 }
    await cloud.callFunction({ name: 'f', data })
    expect(recording.last()).toStrictEqual({
      name: 'f',
      data: { raw: 'id-3', n: 1 },
      cloudIDs: { run: 'id-1', plain: 'id-2' },
    })
    expect(Object.keys(data)).toStrictEqual(['run', 'plain', 'raw', 'n'])
    expect(() => cloud.CloudID(5 as never)).toThrow('cloudID must be a string')
  })

  test('deeper in data is plain data, and so is an object that looks like one', async () => {
    const { cloud, recording } = open()
    const data = { list: [cloud.CloudID('id-1')], lookalike: { cloudID: 'id-2' } }
    await cloud.callFunction({ name: 'f', data })
    expect(recording.last()).toStrictEqual({
      name: 'f',
      data: { list: [{ cloudID: 'id-1' }], lookalike: { cloudID: 'id-2' } },
    })
  })

  test('of encrypted data is a text of its own, in the alphabet of URLs', async () => {
    const { cloud, recording } = open()
    const weRunData = cloud.CloudID({ encryptedData: 'a+b/cw==', iv: 'AAAAAAAAAAAAAAAAAAAA+w==' })
    await cloud.callFunction({ name: 'f', data: { weRunData } })
    expect(recording.last()).toStrictEqual({
      name: 'f',
      data: {},
      cloudIDs: { weRunData: 'cloudlet1.AAAAAAAAAAAAAAAAAAAA-w.a-b_cw' },
    })
    expect(() => cloud.CloudID({ encryptedData: 'not base64!', iv: 'AAAA' })).toThrow('in base64')
    expect(() => cloud.CloudID({ encryptedData: 'AAAA' } as never)).toThrow('in base64')
  })

  test.each([
    [5, true],
    [6, false],
  ])('%i of them: %s', async (count, isAllowed) => {
    const { cloud, recording } = open()
    const data = Object.fromEntries(Array.from({ length: count }, (_, at) => [`c${at}`, cloud.CloudID('id')]))
    const called = cloud.callFunction({ name: 'f', data })
    if (isAllowed) await called
    else expect(await rejectionOf(called)).toMatchObject({ errCode: -401002 })
    expect(recording.calls).toHaveLength(isAllowed ? 1 : 0)
  })
})

describe('CDN', () => {
  const uploadId = '0'.repeat(32)
  const answers = {
    'storage.startUpload': { uploadId, chunkBytes: LIMITS.uploadChunkBytes, receivedBytes: 0 },
    'storage.appendUpload': ({ offset, content }: { offset: number; content: Uint8Array }) => ({
      receivedBytes: offset + content.length,
    }),
    'storage.finishUpload': { url: 'http://host/storage/x' },
  }

  test('at the top level of data is sent aside, and its URL stands there, with and without new', async () => {
    const { cloud, recording } = open(answers, { 'a.txt': Buffer.from('file') })
    const data = {
      text: new cloud.CDN('你好'),
      bytes: cloud.CDN(new Uint8Array([1, 2]).buffer),
      view: cloud.CDN(new Uint8Array([1, 2, 3]).subarray(1)),
      file: cloud.CDN({ type: 'filePath', filePath: 'a.txt' }),
      id: cloud.CloudID('id-1'),
      n: 1,
    }
    await cloud.callFunction({ name: 'f', data })
    const url = 'http://host/storage/x'
    expect(recording.last()).toStrictEqual({
      name: 'f',
      data: { text: url, bytes: url, view: url, file: url, n: 1 },
      cloudIDs: { id: 'id-1' },
    })
    const sent = recording.calls.filter(({ op }) => op === 'storage.appendUpload')
    expect(sent.map(({ args }) => Buffer.from((args as { content: Uint8Array }).content))).toStrictEqual([
      Buffer.from('你好'),
      Buffer.from([1, 2]),
      Buffer.from([2, 3]),
      Buffer.from('file'),
    ])
    expect(recording.calls[0]).toStrictEqual({ op: 'storage.startUpload', args: { sizeBytes: 6 } })
    expect(data.text).toBeInstanceOf(Object)
  })

  test('or not, data is what it was when the call was made', async () => {
    for (const more of [{}, { text: open().cloud.CDN('text') }]) {
      const { cloud, recording } = open(answers)
      const data: Record<string, unknown> = { n: 1, list: [1], ...more }
      const called = cloud.callFunction({ name: 'f', data })
      data['n'] = 2
      Object.assign(data['list'] as number[], { 0: 2 })
      await called
      expect(recording.last()).toMatchObject({ data: { n: 1, list: [1] } })
    }
  })

  test('anywhere else fails the call, before anything crosses', async () => {
    const { cloud, recording } = open(answers)
    const wrong = [{ list: [cloud.CDN('text')] }, { deep: { er: cloud.CDN('text') }, right: cloud.CDN('') }]
    for (const data of wrong) {
      expect(await rejectionOf(cloud.callFunction({ name: 'f', data }))).toMatchObject({
        errCode: -401002,
        errMsg: expect.stringContaining('top level of data'),
      })
    }
    expect(recording.calls).toHaveLength(0)
  })

  test.each([undefined, null, 5, {}, [], { type: 'filePath' }, { type: 'file', filePath: 'a.txt' }])(
    'of %j is refused',
    target => {
      const { cloud } = open()
      expect(() => cloud.CDN(target as never)).toThrow(/CDN's target must be a string, an ArrayBuffer/)
      expect(() => new cloud.CDN(target as never)).toThrow(/CDN's target must be/)
    },
  )

  test.each([
    [LIMITS.cdnTargets, true],
    [LIMITS.cdnTargets + 1, false],
  ])('%i of them: %s', async (count, isAllowed) => {
    const { cloud, recording } = open(answers)
    const data = Object.fromEntries(Array.from({ length: count }, (_, at) => [`c${at}`, cloud.CDN('')]))
    const called = cloud.callFunction({ name: 'f', data })
    if (isAllowed) await called
    else expect(await rejectionOf(called)).toMatchObject({ errCode: -401002 })
    expect(recording.calls).toHaveLength(isAllowed ? 2 * count + 1 : 0)
  })

  test('that cannot be sent fails the call, which is not made', async () => {
    const refusal = new StorageError('STORAGE_REQUEST_FAIL', 'No HTTP door is open')
    const refused = open({ 'storage.startUpload': () => Promise.reject(refusal) })
    const { cloud, recording } = refused
    const called = cloud.callFunction({ name: 'f', data: { a: cloud.CDN('text') } })
    expect(await rejectionOf(called)).toMatchObject({
      errCode: -503001,
      errMsg: expect.stringMatching(/^cloud\.callFunction:fail .*No HTTP door is open/),
    })
    expect(recording.calls.map(({ op }) => op)).toStrictEqual(['storage.startUpload'])
    const missing = cloud.CDN({ type: 'filePath', filePath: 'none' })
    const unread = await rejectionOf(cloud.callFunction({ name: 'f', data: { missing } }))
    expect(unread.message).toContain('no such file none')
  })

  test.each([
    ['CDN', { fileID: 'cloud://e.b/a' }, 'no URL'],
    ['uploadFile', { url: 'http://host' }, 'no fileID'],
  ])('%s of a host that answers with something else fails', async (api, answer, problem) => {
    const large = new Uint8Array(LIMITS.uploadChunkBytes + 1)
    const { cloud } = open({ ...answers, 'storage.finishUpload': answer }, { a: large })
    const called =
      api === 'CDN'
        ? cloud.callFunction({ name: 'f', data: { a: cloud.CDN('text') } })
        : cloud.uploadFile({ cloudPath: 'a', filePath: 'a' })
    expect((await rejectionOf(called)).message).toContain(problem)
  })
})

describe('init', () => {
  test.each([
    [undefined],
    [{}],
    [{ env: 'any' }],
    [{ env: { database: 'a', storage: 'b', functions: 'c' }, traceUser: true }],
  ])('takes %j and gives nothing', given => {
    expect(open().cloud.init(given)).toBeUndefined()
  })

  test.each([['any'], [null], [{ env: 5 }], [{ env: { database: 5 } }]])('refuses %j', given => {
    expect(() => open().cloud.init(given as never)).toThrow(/errCode: -401003/)
  })
})

test('an instance of Cloud is the same cloud, once its init was awaited', async () => {
  const { cloud } = open()
  const shared = new cloud.Cloud({ resourceAppid: 'wx1', resourceEnv: 'other' })
  expect(await shared.init()).toBeUndefined()
  expect((await shared.callFunction({ name: 'f' })).result).toBe(3)
  expect((await shared.database().collection('a').get()).errMsg).toBe('collection.get:ok')
  expect(() => new cloud.Cloud({ resourceEnv: 5 } as never)).toThrow(/errCode: -401003/)
  await expect(shared.init({ env: 5 } as never)).rejects.toThrow(/errCode: -401003/)
})

describe('what has no counterpart here', () => {
  test.each(['callContainer', 'connectContainer'] as const)('%s rejects, or calls fail', async name => {
    const { cloud } = open()
    const error = await rejectionOf(cloud[name]({ path: '/' }))
    expect(error).toMatchObject({ errCode: -501021, errMsg: expect.stringContaining(`cloud.${name}:fail`) })
    const { options, heard } = listen({ path: '/' })
    expect(cloud[name](options)).toBeUndefined()
    expect((await heard).map(([callback]) => callback)).toStrictEqual(['fail', 'complete'])
  })

  test('services and extend throw and say what to do', () => {
    const { cloud } = open()
    expect(() => cloud.services.Gateway({ id: 'x' })).toThrow(/callFunction/)
    expect(() => cloud.extend.AI.createModel('x')).toThrow(/from a function/)
    expect(() => cloud.extend.AI.bot.sendMessage({})).toThrow(/AI\.bot\.sendMessage:fail/)
  })
})
