import { describe, expect, test } from 'vitest'
import { StorageError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import { deleteFile, downloadContent, getTempFileURL, uploadContent } from '../../src/sdk/storage.ts'
import { recordCalls, rejectionOf } from './recorder.ts'

const encodeText = (text: string): Uint8Array => new TextEncoder().encode(text)
const uploading = () => recordCalls({ 'storage.upload': { fileID: 'cloud://e.b/a.txt' } })

async function* chunksOf(...chunks: unknown[]) {
  yield* chunks
}

describe('uploadFile', () => {
  test.each([
    ['a Buffer', Buffer.from('hé')],
    ['bytes', encodeText('hé')],
    ['a view into more', encodeText('xhéx').subarray(1, 4)],
    ['an ArrayBuffer', encodeText('hé').buffer],
    ['a DataView', new DataView(encodeText('hé').buffer)],
    ['text', 'hé'],
    ['a stream of bytes and text', chunksOf(Buffer.from('h'), 'é')],
  ])('takes %s', async (_name, fileContent) => {
    const { call, last } = uploading()
    const result = await uploadContent(call, encodeText, { cloudPath: 'a.txt', fileContent })
    const args = last() as { cloudPath: string; content: Uint8Array }
    expect(args.cloudPath).toBe('a.txt')
    expect(args.content).toBeInstanceOf(Uint8Array)
    expect(Buffer.from(args.content).toString()).toBe('hé')
    expect(JSON.stringify(result)).toBe(
      '{"fileID":"cloud://e.b/a.txt","statusCode":200,"errMsg":"uploadFile:ok"}',
    )
  })

  test.each([
    [undefined, 'uploadFile:fail Type of options must be object instead of undefined'],
    [{ fileContent: 'x' }, 'uploadFile:fail Type of cloudPath must be string instead of undefined'],
    [{ cloudPath: 'a' }, 'uploadFile:fail Type of fileContent must be fs.ReadStream instead of undefined'],
    [
      { cloudPath: 'a', fileContent: {} },
      'uploadFile:fail Type of fileContent must be fs.ReadStream instead of object',
    ],
    [
      { cloudPath: 'a', fileContent: chunksOf(5) },
      'uploadFile:fail fileContent is a stream that gave number; it must give bytes or text',
    ],
  ])('refuses %#', async (options, errMsg) => {
    const { call, calls } = uploading()
    const error = await rejectionOf(uploadContent(call, encodeText, options))
    expect({ ...error }).toStrictEqual({ errCode: -1, errMsg })
    expect(calls).toStrictEqual([])
  })

  const CHUNK = LIMITS.uploadChunkBytes
  const uploadId = '0'.repeat(32)
  /** A host that takes uploads in chunks, and what came of the one. */
  function chunking(answers: Parameters<typeof recordCalls>[0] = {}) {
    const recording = recordCalls({
      'storage.startUpload': { uploadId, chunkBytes: CHUNK, receivedBytes: 0 },
      'storage.appendUpload': { receivedBytes: 0 },
      'storage.finishUpload': { fileID: 'cloud://e.b/a.txt' },
      'storage.abortUpload': {},
      ...answers,
    })
    const received = (): Buffer =>
      Buffer.concat(
        recording.calls.flatMap(({ op, args }) =>
          op === 'storage.appendUpload' ? [(args as { content: Uint8Array }).content] : [],
        ),
      )
    return { ...recording, received }
  }

  test('sends 20 MB in one call, whole or in pieces', async () => {
    const half = new Uint8Array(LIMITS.fileBytes / 2)
    const { call, calls } = uploading()
    const upload = (fileContent: unknown) => uploadContent(call, encodeText, { cloudPath: 'a', fileContent })
    await upload(new Uint8Array(LIMITS.fileBytes))
    await upload(chunksOf(half, half))
    expect(calls.map(({ op }) => op)).toEqual(['storage.upload', 'storage.upload'])
  })

  test.each([
    ['bytes', (content: Buffer) => content],
    [
      'a stream of odd pieces',
      (content: Buffer) => chunksOf(content.subarray(0, 7), content.subarray(7), ''),
    ],
    [
      'a stream of small pieces',
      (content: Buffer) =>
        chunksOf(...Array.from({ length: 5000 }, (_, at) => content.subarray(at * 5000, (at + 1) * 5000))),
    ],
  ])('sends one byte more in chunks: %s', async (_name, contentOf) => {
    const content = Buffer.alloc(LIMITS.fileBytes + 1, 'no two chunks of it are the same')
    const { call, calls, received } = chunking()
    const result = await uploadContent(call, encodeText, {
      cloudPath: 'a.txt',
      fileContent: contentOf(content),
    })
    expect(result).toEqual({ fileID: 'cloud://e.b/a.txt', statusCode: 200, errMsg: 'uploadFile:ok' })
    expect(received().equals(content)).toBe(true)
    expect(calls[0]).toEqual({
      op: 'storage.startUpload',
      args: { cloudPath: 'a.txt', sizeBytes: content.length },
    })
    const offsets = calls.slice(1, -1).map(({ args }) => (args as { offset: number }).offset)
    expect(offsets).toEqual(Array.from({ length: 21 }, (_, at) => at * CHUNK))
    expect(calls.at(-1)).toEqual({ op: 'storage.finishUpload', args: { uploadId } })
  })

  test.each([
    ['startUpload', 0],
    ['appendUpload', 1],
    ['finishUpload', 1],
  ] as const)('what fails at %s is told, and given up', async (op, abortCount) => {
    const refusal = new StorageError('STORAGE_FILE_TOO_LARGE', 'The file has more bytes than that.')
    const { call, calls } = chunking({ [`storage.${op}`]: () => Promise.reject(refusal) })
    const fileContent = new Uint8Array(LIMITS.fileBytes + 1)
    const error = await rejectionOf(uploadContent(call, encodeText, { cloudPath: 'a', fileContent }))
    expect({ ...error }).toStrictEqual({
      errCode: -403001,
      errMsg: 'uploadFile:fail -403001 max upload file size exceeded. The file has more bytes than that.',
    })
    expect(calls.filter(call => call.op === 'storage.abortUpload')).toHaveLength(abortCount)
  })

  test('bytes that grow meanwhile are what was counted', async () => {
    const buffer = new ArrayBuffer(LIMITS.fileBytes + 1, { maxByteLength: LIMITS.fileBytes + 2 })
    const { call, received } = chunking({
      'storage.appendUpload': () => {
        buffer.resize(LIMITS.fileBytes + 2)
        return { receivedBytes: 0 }
      },
    })
    await uploadContent(call, encodeText, { cloudPath: 'a', fileContent: new Uint8Array(buffer) })
    expect(received()).toHaveLength(LIMITS.fileBytes + 1)
  })
})

describe('downloadFile', () => {
  const content = encodeText('hi')
  const answers = { 'storage.download': { content, contentType: 'text/plain' } }

  test("gives the runtime's own bytes", async () => {
    const { call, last } = recordCalls(answers)
    const result = await downloadContent(call, bytes => Buffer.from(bytes), { fileID: 'f' })
    expect(result).toStrictEqual({
      fileContent: Buffer.from('hi'),
      statusCode: 200,
      errMsg: 'downloadFile:ok',
    })
    expect(last()).toStrictEqual({ fileID: 'f' })
    expect((await downloadContent(call, undefined, { fileID: 'f' })).fileContent).toBe(content)
  })

  test('of a missing file rejects', async () => {
    const { call } = recordCalls({
      'storage.download': () => Promise.reject(new StorageError('STORAGE_FILE_NONEXIST', 'No file f.')),
    })
    expect({ ...(await rejectionOf(downloadContent(call, undefined, { fileID: 'f' }))) }).toStrictEqual({
      errCode: -503003,
      errMsg: 'downloadFile:fail -503003 storage file not exists. No file f.',
    })
  })

  test('needs a fileID', async () => {
    const error = await rejectionOf(downloadContent(recordCalls().call, undefined, { fileID: 1 }))
    expect(error.message).toBe('downloadFile:fail Type of fileID must be string instead of number')
  })
})

describe('getTempFileURL', () => {
  test('gives each file its own outcome, in order', async () => {
    const { call, last } = recordCalls({
      'storage.getTempUrls': {
        files: [
          { fileID: 'a', url: 'http://x/a', maxAgeSeconds: 60 },
          { fileID: 'b', reason: 'STORAGE_FILE_NONEXIST' },
          { fileID: 'c', reason: 'STORAGE_EXCEED_AUTHORITY' },
        ],
      },
    })
    const fileList = ['a', { fileID: 'b', maxAge: 60 }, 'c']
    const result = await getTempFileURL('server', call, { fileList })
    expect(last()).toStrictEqual({
      files: [{ fileID: 'a' }, { fileID: 'b', maxAgeSeconds: 60 }, { fileID: 'c' }],
    })
    expect(JSON.stringify(result)).toBe(
      JSON.stringify({
        fileList: [
          { fileID: 'a', tempFileURL: 'http://x/a', maxAge: 60, status: 0, errMsg: 'ok' },
          { fileID: 'b', tempFileURL: '', status: -503003, errMsg: 'storage file not exists' },
          { fileID: 'c', tempFileURL: '', status: -503002, errMsg: 'storage permission denied' },
        ],
        errMsg: 'getTempFileURL:ok',
      }),
    )
  })

  const prefix = 'getTempFileURL:fail -501007 invalid parameters.'
  test.each([
    [{ fileList: 'a' }, `${prefix} fileList必须是非空的数组`],
    [{ fileList: [{ fileID: 'a' }] }, `${prefix} fileList的元素如果是对象，必须是包含fileID和maxAge的对象`],
    [{ fileList: [5] }, `${prefix} fileList的元素必须是字符串或对象`],
  ])('refuses %j', async (options, errMsg) => {
    const error = await rejectionOf(getTempFileURL('server', recordCalls().call, options))
    expect({ ...error }).toStrictEqual({ errCode: -501007, errMsg })
  })
})

describe('deleteFile', () => {
  test('gives each file its own outcome', async () => {
    const { call, last } = recordCalls({
      'storage.remove': { files: [{ fileID: 'a' }, { fileID: 'b', reason: 'STORAGE_FILE_NONEXIST' }] },
    })
    const result = await deleteFile('client', call, { fileList: ['a', 'b'] })
    expect(last()).toStrictEqual({ fileIDs: ['a', 'b'] })
    expect(JSON.stringify(result)).toBe(
      JSON.stringify({
        fileList: [
          { fileID: 'a', status: 0, errMsg: 'ok' },
          { fileID: 'b', status: -503003, errMsg: 'storage file not exists' },
        ],
        errMsg: 'cloud.deleteFile:ok',
      }),
    )
  })

  test('refuses what is no fileID', async () => {
    const error = await rejectionOf(deleteFile('server', recordCalls().call, { fileList: [1] }))
    expect({ ...error }).toStrictEqual({
      errCode: -1,
      errMsg: 'deleteFile:fail Type of fileList[0] must be string instead of number',
    })
  })
})

test.each([
  ['getTempFileURL', getTempFileURL, { 'storage.getTempUrls': { files: [] } }],
  ['deleteFile', deleteFile, { 'storage.remove': { files: [] } }],
] as const)('%s takes 50 files and not one more', async (api, run, answers) => {
  const { call, calls } = recordCalls(answers)
  const fileList = Array.from({ length: LIMITS.fileListItems }, (_item, index) => `f${index}`)
  await run('server', call, { fileList })
  expect(calls).toHaveLength(1)
  const error = await rejectionOf(run('server', call, { fileList: [...fileList, 'one more'] }))
  expect({ ...error }).toStrictEqual({
    errCode: -501007,
    errMsg: `${api}:fail -501007 invalid parameters. fileList has 51 items and may have 50 at most. Split it over several calls.`,
  })
  expect(calls).toHaveLength(1)
})
