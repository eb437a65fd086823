// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language of rules has templates of its own.
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { DiskDriver } from '../../src/storage/disk-driver.ts'
import type { Storage } from '../../src/storage/storage.ts'
import type { Permission } from '../../src/types.ts'
import { sha256Of } from './bytes.ts'
import { MEDIA, StorageFixture } from './storage-fixture.ts'

const denied = { reason: 'STORAGE_EXCEED_AUTHORITY' }
const mine = { client: { openid: 'o-1' } }
const CALLERS = { owner: mine, other: { client: { openid: 'o-2' } }, nobody: { client: {} } }
const ACTIONS = ['read', 'create', 'update', 'delete'] as const

type Caller = keyof typeof CALLERS
type Action = (typeof ACTIONS)[number]

describe.each(MEDIA)('the permission of storage on %s', medium => {
  let fixture: StorageFixture
  let storage: Storage

  beforeEach(async () => {
    fixture = await StorageFixture.create(medium)
    storage = fixture.storage
  })

  afterEach(async () => {
    await fixture[Symbol.asyncDispose]()
  })

  /** Tries an action with the file of `o-1` at a path, by all ways there are to it, which must agree. */
  async function mayDo(
    action: Action,
    by: { client: { openid?: string } },
    cloudPath = 'a/b.txt',
  ): Promise<boolean> {
    const content = Buffer.from('content')
    const fileID = `cloud://e/${cloudPath}`
    if (action === 'create') await storage.remove({ fileIDs: [fileID] })
    else await storage.upload({ cloudPath, content, owner: 'o-1' })
    const settled = (attempts: readonly Promise<unknown>[]): Promise<boolean[]> =>
      Promise.all(
        attempts.map(attempt =>
          attempt.then(
            () => true,
            error => {
              expect(error).toMatchObject(denied)
              return false
            },
          ),
        ),
      )
    const sha256 = sha256Of(content)
    const answers: boolean[] = []
    switch (action) {
      case 'read': {
        answers.push(
          ...(await settled([
            storage.download({ fileID, ...by }),
            storage.stat({ fileID, ...by }),
            storage.chunks.read({ fileID, offset: 0, length: 1, sha256, ...by }),
          ])),
        )
        const { files } = await storage.getTempUrls({ files: [{ fileID }], ...by })
        answers.push(files[0] !== undefined && 'url' in files[0])
        if (!answers.at(-1)) expect(files).toEqual([{ fileID, ...denied }])
        break
      }
      case 'create':
      case 'update':
        answers.push(
          ...(await settled([storage.chunks.start({ cloudPath, sizeBytes: 7, ...by })])),
          ...(await settled([storage.upload({ cloudPath, content, ...by })])),
        )
        break
      case 'delete': {
        const { files } = await storage.remove({ fileIDs: [fileID], ...by })
        answers.push(files[0]?.reason === undefined)
        if (!answers[0]) expect(files).toEqual([{ fileID, ...denied }])
      }
    }
    expect(new Set(answers).size).toBe(1)
    return answers[0] === true
  }

  const MODES: readonly (readonly [
    permission: Permission | undefined,
    Readonly<Record<Caller, readonly Action[]>>,
  ])[] = [
    [undefined, { owner: ACTIONS, other: ['read', 'create'], nobody: ['read'] }],
    ['READONLY', { owner: ACTIONS, other: ['read', 'create'], nobody: ['read'] }],
    ['PRIVATE', { owner: ACTIONS, other: ['create'], nobody: [] }],
    ['ADMINWRITE', { owner: ['read'], other: ['read'], nobody: ['read'] }],
    ['ADMINONLY', { owner: [], other: [], nobody: [] }],
    [{}, { owner: [], other: [], nobody: [] }],
    [
      { read: true, write: 'resource.openid == auth.openid' },
      { owner: ACTIONS, other: ['read', 'create'], nobody: ['read'] },
    ],
    [
      { read: 'auth != null', write: true, delete: false },
      {
        owner: ['read', 'create', 'update'],
        other: ['read', 'create', 'update'],
        nobody: ['create', 'update'],
      },
    ],
  ]

  test.each(MODES)('%j allows what the table says', async (permission, allowed) => {
    if (permission !== undefined) await storage.setPermission(permission)
    for (const caller of Object.keys(CALLERS) as Caller[]) {
      for (const action of ACTIONS) {
        const isAllowed = allowed[caller].includes(action)
        expect(await mayDo(action, CALLERS[caller]), `${caller} ${action}`).toBe(isAllowed)
      }
    }
  })

  test.each<[rule: string, path: string, isAllowed: boolean]>([
    ["resource.path == 'a/b.txt'", 'a/b.txt', true],
    ["resource.path == 'a/b.txt'", 'a/c.txt', false],
    ["resource.folders[0] == 'public'", 'public/x', true],
    ["resource.folders[0] == 'public'", 'private/public/x', false],
    ["resource.folders[0] == 'public'", 'public', false],
    ["'public' in resource.folders", 'a/public/x', true],
    ['resource.folders[0] == auth.openid', 'o-1/x', true],
    ['resource.folders[0] == auth.openid', 'o-2/x', false],
    ['request.size <= 7', 'x', true],
    ['request.size < 7', 'x', false],
    ["request.contentType == 'image/png'", 'x.png', true],
    ["request.contentType in ['image/png', 'image/gif']", 'x.exe', false],
    ['now > 1000', 'x', true],
    ['now < 1000', 'x', false],
    ["auth.openid in ['o-1', 'o-3']", 'x', true],
    ['`${auth.openid}/x` == resource.path', 'o-1/x', true],
  ])('create: %s, of %s: %j', async (rule, cloudPath, isAllowed) => {
    await storage.setPermission({ create: rule })
    expect(await mayDo('create', mine, cloudPath)).toBe(isAllowed)
  })

  test('a rule for reading sees what is there, and nothing that is uploaded', async () => {
    await storage.setPermission({ read: "resource.size == 7 && resource.contentType == 'text/plain'" })
    expect(await mayDo('read', mine)).toBe(true)
    await storage.setPermission({ read: 'request.size >= 0' })
    expect(await mayDo('read', mine)).toBe(false)
    await storage.setPermission({ read: '!(request.size >= 0)' })
    expect(await mayDo('read', mine)).toBe(false)
  })

  test('functions and the host may do everything', async () => {
    await storage.setPermission('ADMINONLY')
    const { fileID } = await storage.upload({ cloudPath: 'a', content: Buffer.from('a') })
    await storage.download({ fileID })
    expect((await storage.remove({ fileIDs: [fileID] })).files).toEqual([{ fileID }])
  })

  test("what a client overwrites becomes its own, what the host overwrites nobody's", async () => {
    await storage.setPermission({ read: true, write: true })
    const { fileID } = await storage.upload({ cloudPath: 'a', content: Buffer.from('a'), owner: 'o-2' })
    await storage.upload({ cloudPath: 'a', content: Buffer.from('a'), owner: 'o-3', ...mine })
    expect((await storage.stat({ fileID })).owner).toBe('o-1')
    await storage.upload({ cloudPath: 'a', content: Buffer.from('a') })
    expect((await storage.stat({ fileID })).owner).toBeUndefined()
  })

  test.each<[permission: unknown, message: string]>([
    ['OPEN', 'READONLY, PRIVATE, ADMINWRITE, ADMINONLY'],
    [null, 'A permission is'],
    [[], 'A permission is'],
    [new Date(0), 'A permission is'],
    [{ reed: true }, 'no rule "reed"'],
    [{ read: 1 }, 'The rule "read" must be true, false or an expression'],
    [
      { read: 'doc.a == 1' },
      'In "read": Security rule: "doc" can\'t stand at 1; the names are auth, resource, request and now',
    ],
    [{ write: "get('database.a.b').c" }, 'In "write": Security rule: "get" can\'t stand at 1'],
    [{ write: 'resource.path ==' }, 'ends too early'],
    [{ read: 'true'.padEnd(LIMITS.ruleChars + 1) }, `${LIMITS.ruleChars} characters`],
  ])('%j is refused, and nothing changes', async (permission, message) => {
    await storage.setPermission('PRIVATE')
    await expect(storage.setPermission(permission as Permission)).rejects.toMatchObject({
      reason: 'INVALID_PARAM',
      message: expect.stringContaining(message),
    })
    expect(await storage.getPermission()).toBe('PRIVATE')
  })

  test('a rule of 1024 characters is taken', async () => {
    await storage.setPermission({ read: 'true'.padEnd(LIMITS.ruleChars) })
    expect(await mayDo('read', mine)).toBe(true)
  })

  test('it is READONLY until it is set, and then kept with the files', async () => {
    expect(await storage.getPermission()).toBe('READONLY')
    const rules = { read: "resource.folders[0] == 'public'", write: false } as const
    await storage.setPermission(rules)
    expect(await storage.getPermission()).toEqual(rules)
    if (medium === 'memory') return
    await storage.close()
    await using next = fixture.open()
    expect(await next.getPermission()).toEqual(rules)
  })
})

test('a permission that is damaged on disk lets nobody through, and the others in again when it is set', async () => {
  await using fixture = await StorageFixture.create('disk')
  const fileID = await fixture.put('a', 'a', 'o-1')
  await writeFile(join(fixture.directory ?? '', 'permission.json'), '{"read":')
  await using next = fixture.open()
  const failed = { reason: 'STORAGE_REQUEST_FAIL', message: expect.stringContaining('permission.json') }
  await expect(next.download({ fileID, ...mine })).rejects.toMatchObject(failed)
  await expect(next.getPermission()).rejects.toMatchObject(failed)
  await next.download({ fileID })
  await next.setPermission('READONLY')
  await next.download({ fileID, ...mine })
  expect(await readdir(fixture.directory ?? '')).not.toContainEqual(expect.stringMatching(/\.tmp$/))
})

test('a permission that is set while the one before is read counts from then on', async () => {
  await using fixture = await StorageFixture.create('disk')
  const { storage } = fixture
  const fileID = await fixture.put('a', 'a')
  const reading = Promise.withResolvers<void>()
  const isSet = Promise.withResolvers<void>()
  const readSetting = DiskDriver.prototype.readSetting
  const slow = vi.spyOn(DiskDriver.prototype, 'readSetting').mockImplementationOnce(async function (
    this: DiskDriver,
    name,
  ) {
    const value = await readSetting.call(this, name)
    reading.resolve()
    await isSet.promise
    return value
  })
  onTestFinished(() => slow.mockRestore())
  const download = storage.download({ fileID, ...mine })
  await reading.promise
  await storage.setPermission('ADMINONLY')
  isSet.resolve()
  await expect(download).rejects.toMatchObject(denied)
  await expect(storage.download({ fileID, ...mine })).rejects.toMatchObject(denied)
})

test('of permissions that are set at once the last one counts, here and elsewhere', async () => {
  await using fixture = await StorageFixture.create('disk')
  const { storage } = fixture
  const modes = ['ADMINONLY', 'PRIVATE', 'READONLY', 'ADMINWRITE'] as const
  await Promise.all(Array.from({ length: 20 }, (_, n) => storage.setPermission(modes[n % 4] ?? 'PRIVATE')))
  await using other = fixture.open()
  expect(await storage.getPermission()).toBe('ADMINWRITE')
  expect(await other.getPermission()).toBe('ADMINWRITE')
})
