import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Storage } from '../../src/storage/storage.ts'
import { MEDIA, StorageFixture } from './storage-fixture.ts'

const DAY_SECONDS = 86_400

describe.each(MEDIA)('temp URLs of storage on %s', medium => {
  let fixture: StorageFixture
  let storage: Storage

  beforeEach(async () => {
    fixture = await StorageFixture.create(medium)
    storage = fixture.storage
  })

  afterEach(async () => {
    await fixture[Symbol.asyncDispose]()
  })

  test('one leads to the bytes, with type, size and time', async () => {
    const fileID = await fixture.put('a/b c.png', 'image')
    const url = await fixture.urlOf(fileID)
    expect(url.href).toMatch(
      /^http:\/\/127\.0\.0\.1:7780\/storage\/a\/b%20c\.png\?sign=[0-9a-f]{64}&t=1700086400$/,
    )
    const file = await fixture.follow(url)
    expect(file).toMatchObject({
      kind: 'found',
      contentType: 'image/png',
      sizeBytes: 5,
      modifiedMs: fixture.nowMs,
    })
    expect(await fixture.bodyOf(file)).toBe('image')
  })

  test('the base may end in a folder or a slash', async () => {
    await using other = fixture.open({ publicUrl: () => 'https://api.example.com/cloud/' })
    const { fileID } = await other.upload({ cloudPath: 'a', content: Buffer.from('a') })
    const { files } = await other.getTempUrls({ files: [{ fileID }] })
    expect(files).toMatchObject([
      { url: expect.stringMatching(/^https:\/\/api\.example\.com\/cloud\/storage\/a\?/) },
    ])
  })

  test('each file has its own outcome in the order asked', async () => {
    const fileID = await fixture.put('a', 'a')
    const { files } = await storage.getTempUrls({
      files: [{ fileID: 'cloud://e/none' }, { fileID, maxAgeSeconds: 60 }, { fileID: 'nonsense' }],
    })
    expect(files).toEqual([
      { fileID: 'cloud://e/none', reason: 'STORAGE_FILE_NONEXIST' },
      { fileID, url: expect.stringContaining('t=1700000060'), maxAgeSeconds: 60 },
      { fileID: 'nonsense', reason: 'INVALID_PARAM' },
    ])
  })

  test('validity is a day by default and at most', async () => {
    const fileID = await fixture.put('a', 'a')
    const ages = [undefined, DAY_SECONDS, DAY_SECONDS + 1, 1, 0.2]
    const { files } = await storage.getTempUrls({
      files: ages.map(maxAgeSeconds => ({ fileID, maxAgeSeconds })),
    })
    expect(files.map(file => 'maxAgeSeconds' in file && file.maxAgeSeconds)).toEqual([
      DAY_SECONDS,
      DAY_SECONDS,
      DAY_SECONDS,
      1,
      1,
    ])
    for (const maxAgeSeconds of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const call = storage.getTempUrls({ files: [{ fileID, maxAgeSeconds }] })
      await expect(call).rejects.toMatchObject({ reason: 'INVALID_PARAM' })
    }
  })

  test('it works until its last millisecond, then is refused', async () => {
    const fileID = await fixture.put('a', 'a')
    const url = await fixture.urlOf(fileID, 60)
    fixture.nowMs += 59_999
    expect(await fixture.follow(url)).toMatchObject({ kind: 'found' })
    fixture.nowMs += 1
    expect(await fixture.follow(url)).toEqual({
      kind: 'refused',
      status: 403,
      message: 'This URL has expired.',
    })
  })

  test('a tampered one is refused, and does not tell whether a file is there', async () => {
    const fileID = await fixture.put('a', 'a')
    await fixture.put('b', 'b')
    const good = await fixture.urlOf(fileID)
    const sign = good.searchParams.get('sign') ?? ''
    const expiry = good.searchParams.get('t') ?? ''
    const flipped = (sign.startsWith('0') ? '1' : '0') + sign.slice(1)
    const tampered: [path: string, query: string][] = [
      ['b', `sign=${sign}&t=${expiry}`],
      ['none', `sign=${sign}&t=${expiry}`],
      ['a', `sign=${flipped}&t=${expiry}`],
      ['a', `sign=${sign}&t=${Number(expiry) + 1}`],
      ['a', `sign=${sign}&t=0${expiry}`],
      ['a', `sign=${sign}&t=1e99`],
      ['a', `sign=${sign.toUpperCase()}&t=${expiry}`],
      ['a', `sign=${sign.slice(1)}&t=${expiry}`],
      ['a', `sign=${sign}&sign=${sign}&t=${expiry}`],
      ['a', `sign=${sign}&t=${expiry}&t=${expiry}`],
      ['a', `sign=${'é'.repeat(64)}&t=${expiry}`],
      ['a', ''],
      ['%', `sign=${sign}&t=${expiry}`],
      ['../a', `sign=${sign}&t=${expiry}`],
      ['', `sign=${sign}&t=${expiry}`],
    ]
    for (const [path, query] of tampered) {
      expect(await storage.openSigned(path, new URLSearchParams(query)), `${path}?${query}`).toEqual({
        kind: 'refused',
        status: 403,
        message: 'The signature of this URL is not valid.',
      })
    }
  })

  test('a removed file is not found', async () => {
    const fileID = await fixture.put('a', 'a')
    const url = await fixture.urlOf(fileID)
    await storage.remove({ fileIDs: [fileID] })
    expect(await fixture.follow(url)).toMatchObject({ kind: 'refused', status: 404 })
  })

  test('another storage does not accept it', async () => {
    const fileID = await fixture.put('a', 'a')
    const url = await fixture.urlOf(fileID)
    await using other = new Storage({ envId: 'test-28farb', now: () => fixture.nowMs })
    await other.upload({ cloudPath: 'a', content: Buffer.from('a') })
    expect(await other.openSigned('a', url.searchParams)).toMatchObject({ kind: 'refused', status: 403 })
  })

  test('none are made while no door is open, or for a base that is no web address', async () => {
    await using closed = fixture.open({ publicUrl: () => undefined })
    await expect(closed.getTempUrls({ files: [] })).rejects.toMatchObject({
      reason: 'STORAGE_REQUEST_FAIL',
      message: expect.stringContaining('host.listen()'),
    })
    for (const base of ['127.0.0.1:80', 'ftp://x', 'http://x/?a=1', '']) {
      await using wrong = fixture.open({ publicUrl: () => base })
      const { fileID } = await wrong.upload({ cloudPath: 'a', content: Buffer.from('a') })
      await expect(wrong.getTempUrls({ files: [{ fileID }] })).rejects.toMatchObject({
        code: 'CLOUDLET_INVALID_OPTION',
        option: 'publicUrl',
      })
    }
  })
})
