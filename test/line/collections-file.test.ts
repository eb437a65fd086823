import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cloudlet-collections-'))
  await mkdir(join(directory, 'f'))
  await writeFile(join(directory, 'f', 'index.js'), 'exports.main = () => 1')
  return () => rm(directory, { recursive: true, force: true })
})

function open(): FunctionHost {
  const host = new FunctionHost()
  onTestFinished(() => host.close())
  return host
}

async function write(content: unknown): Promise<void> {
  await writeFile(join(directory, 'collections.json'), JSON.stringify(content))
}

test('collections, indexes and permissions are made before the functions, and may be made again', async () => {
  const host = open()
  await host.database.createCollection('todos')
  await host.database.collection('todos').add({ data: { _id: 1, owner: 'o' } })
  await host.database.createIndex('todos', { fields: [['kept', -1]], name: 'kept' })
  await write({
    todos: {
      permission: 'READONLY',
      indexes: [{ fields: { owner: 1, at: -1 }, unique: true }, { fields: [['place', '2dsphere']] }],
    },
    logs: {},
  })
  for (let round = 0; round < 2; round++) {
    const { deployed, failed } = await host.deployDirectory(directory)
    expect(failed).toEqual([])
    expect(deployed.map(({ name }) => name)).toEqual(['f'])
  }
  expect((await host.database.listIndexes('todos')).map(({ name }) => name)).toEqual([
    '_id_',
    'kept',
    'owner_1_at_-1',
    'place_2dsphere',
  ])
  expect(await host.database.getPermission('todos')).toBe('READONLY')
  expect(await host.database.collection('logs').count()).toMatchObject({ total: 0 })
  const again = host.database.collection('todos').add({ data: { owner: 'o' } })
  await expect(again).rejects.toMatchObject({
    errCode: -502001,
    errMsg: expect.stringContaining('owner_1_at_-1'),
  })
})

test.each<[string, string, string]>([
  ['text that is no JSON', '{', 'not valid JSON'],
  ['a list', '[]', 'The file must be an object'],
  ['a collection that is no object', '{"a":1}', '"a" must be an object'],
  ['a misspelt setting', '{"a":{"index":[]}}', '"a": "index" is not an option'],
  ['indexes that are no list', '{"a":{"indexes":{}}}', '"indexes" of "a" must be a list'],
  ['an index that is no object', '{"a":{"indexes":[1]}}', 'Index 1 of "a" must be an object'],
  ['an index without fields', '{"a":{"indexes":[{"unique":true}]}}', 'Index 1 of "a" needs "fields"'],
  [
    'an index with another option',
    '{"a":{"indexes":[{"fields":{"b":1},"kind":1}]}}',
    '"kind" is not an option',
  ],
  [
    'a field without direction',
    '{"a":{"indexes":[{"fields":{"b":2}}]}}',
    '"a": A field of an index is a pair',
  ],
  ['a field that is none', '{"a":{"indexes":[{"fields":[["b"]]}]}}', '"a": A field of an index is a pair'],
  ['a permission that is none', '{"a":{"permission":5}}', '"permission" of "a"'],
  ['a collection’s name that can’t be', '{"$a":{}}', 'collection name'],
  [
    'too much text',
    ' '.repeat(LIMITS.collectionsFileBytes + 1),
    `${LIMITS.collectionsFileBytes} are allowed`,
  ],
])('%s is told; the functions are deployed all the same', async (_name, text, message) => {
  const host = open()
  await writeFile(join(directory, 'collections.json'), text)
  const { deployed, failed } = await host.deployDirectory(directory)
  expect(deployed).toHaveLength(1)
  expect(failed).toMatchObject([
    { name: 'collections.json', error: { message: expect.stringContaining(message) } },
  ])
})

test('a file at its limit is read', async () => {
  const host = open()
  await writeFile(join(directory, 'collections.json'), '{}'.padEnd(LIMITS.collectionsFileBytes))
  expect((await host.deployDirectory(directory)).failed).toEqual([])
})

test('__proto__ is a name like another', async () => {
  const host = open()
  await writeFile(
    join(directory, 'collections.json'),
    '{"__proto__":{"indexes":[{"fields":{"__proto__.a":1}}]}}',
  )
  expect((await host.deployDirectory(directory)).failed).toEqual([])
  expect((await host.database.listIndexes('__proto__')).map(({ name }) => name)).toEqual([
    '_id_',
    '__proto__.a_1',
  ])
})
