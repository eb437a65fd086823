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

  test('takes 20 MB and not a byte more, whole or in chunks', async () => {
    const half = new Uint8Array(LIMITS.fileBytes / 2)
    const { call, calls } = uploading()
    const upload = (fileContent: unknown) => uploadContent(call, encodeText, { cloudPath: 'a', fileContent })
    await upload(new Uint8Array(LIMITS.fileBytes))
    await upload(chunksOf(half, half))
    expect(calls).toHaveLength(2)
    for (const content of [new Uint8Array(LIMITS.fileBytes + 1), chunksOf(half, half, 'x')]) {
      const error = await rejectionOf(upload(content))
      expect({ ...error }).toStrictEqual({
        errCode: -403001,
        errMsg: 'uploadFile:fail -403001 max upload file size exceeded. One file may have 20 MB at most.',
      })
    }
    expect(calls).toHaveLength(2)
  })

  test('stops reading a stream that is too long', async () => {
    let given = 0
    async function* tooLong() {
      while (given < 40) {
        given++
        yield new Uint8Array(1_048_576)
      }
    }
    await rejectionOf(uploadContent(uploading().call, encodeText, { cloudPath: 'a', fileContent: tooLong() }))
    expect(given).toBe(21)
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
