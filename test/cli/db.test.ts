import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { Progress, progressText } from '../../src/cli/progress.ts'
import { Database } from '../../src/database/database.ts'
import { makeFolder, runCommand } from './command.ts'

/** A data directory with a collection, and a way to run a verb on it. */
async function makeData(): Promise<{
  folder: string
  db: (...args: string[]) => ReturnType<typeof runCommand>
}> {
  const folder = await makeFolder({})
  await using database = new Database({ directory: join(folder, 'data', 'database') })
  await database.createCollection({ collection: 'items' })
  await database.add({
    collection: 'items',
    documents: [
      { _id: 1, at: { $date: 0 }, size: { w: 2 }, s: '12' },
      { _id: 'two', n: { $numberDouble: 'NaN' } },
    ],
  })
  return {
    folder,
    db: (...args) => runCommand(['db', ...args, '--data', join(folder, 'data')], { directory: folder }),
  }
}

describe('import and export', () => {
  test('a collection goes out and in again, in both formats', async () => {
    const { folder, db } = await makeData()
    expect(await db('export', 'items', 'items.jsonl')).toMatchObject({ exitCode: 0, stdout: '' })
    const lines =
      '{"_id":1,"at":{"$date":"1970-01-01T00:00:00.000Z"},"size":{"w":2},"s":"12"}\n{"_id":"two","n":{"$numberDouble":"NaN"}}\n'
    expect(await readFile(join(folder, 'items.jsonl'), 'utf8')).toBe(lines)
    const imported = await db('import', 'copy', 'items.jsonl', '--create')
    expect(imported).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: '2 inserted, 0 replaced, 0 rejected.\n',
    })
    expect((await db('export', 'copy')).stdout).toBe(lines)
    const csv = await db('export', 'copy', '--format', 'csv', '--fields', '_id, size.w,s')
    expect(csv).toMatchObject({
      exitCode: 0,
      stderr: '',
      stdout: '_id,size.w,s\r\n1,2,"""12"""\r\ntwo,,\r\n',
    })
    await writeFile(join(folder, 'items.csv'), csv.stdout)
    expect(await db('import', 'third', 'items.csv', '--create')).toMatchObject({ exitCode: 0 })
    expect((await db('export', 'third', '--query', '{"size.w":{"$gt":1}}')).stdout).toBe(
      '{"_id":1,"size":{"w":2},"s":"12"}\n',
    )
  })

  test('rejected lines are told and the exit code says so; upsert replaces', async () => {
    const { folder, db } = await makeData()
    const data = ['--data', join(folder, 'data')]
    const input = '{"_id":1}\noops\n{"_id":3}\n'
    const { exitCode, stderr } = await runCommand(['db', 'import', 'items', '-', ...data], { input })
    expect(stderr).toMatch(/line 1: E11000 .*\n/)
    expect(stderr).toMatch(/line 2: .*JSON.*\n/)
    expect(stderr).toContain('1 inserted, 0 replaced, 2 rejected.')
    expect(exitCode).toBe(1)
    const upserted = await runCommand(['db', 'import', 'items', '-', '--mode', 'upsert', ...data], {
      input: '{"_id":1,"n":5}\n',
    })
    expect(upserted).toMatchObject({ exitCode: 0, stderr: '0 inserted, 1 replaced, 0 rejected.\n' })
    expect((await db('export', 'items', '--query', '{"_id":1}')).stdout).toBe('{"_id":1,"n":5}\n')
  })

  test('an export whose reader goes away is no failure', async () => {
    const { folder } = await makeData()
    const args = ['db', 'export', 'items', '--data', join(folder, 'data')]
    expect(await runCommand(args, { closesOutput: true })).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test.each<[string, string[], number, string]>([
    ['no such collection', ['import', 'none', 'a.json'], 1, 'Db or Table not exist: none'],
    ['no such collection to export', ['export', 'none'], 1, 'Db or Table not exist: none'],
    ['no such file', ['import', 'items', 'b.json'], 2, "b.json can't be read (ENOENT)"],
    ['a folder', ['import', 'items', '.'], 2, '. is no file'],
    ['a file that can not be written', ['export', 'items', 'none/a.json'], 2, "can't be written (ENOENT)"],
    ['CSV without fields', ['export', 'items', 'a.csv'], 1, 'CSV needs the fields'],
    ['a query that is no JSON', ['export', 'items', '--query', '{'], 2, '--query is not valid JSON'],
    ['a query that is no object', ['export', 'items', '--query', '[]'], 2, '--query must be a JSON object'],
    ['an operator there is not', ['export', 'items', '--query', '{"a":{"$nope":1}}'], 1, '$nope'],
    ['a format there is not', ['export', 'items', '--format', 'xml'], 2, 'xml'],
  ])('%s', async (_name, args, exitCode, message) => {
    const { folder, db } = await makeData()
    await writeFile(join(folder, 'a.json'), '{"a":1}')
    const result = await db(...args)
    expect(result.stderr).toContain(message)
    expect(result.exitCode).toBe(exitCode)
  })

  test('bytes that are not UTF-8 are refused', async () => {
    const { folder, db } = await makeData()
    await writeFile(join(folder, 'a.json'), Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))
    const { exitCode, stderr } = await db('import', 'items', 'a.json')
    expect(stderr).toContain('not UTF-8')
    expect(exitCode).toBe(1)
  })
})

describe('list, index and drop', () => {
  test('tell and do what they say', async () => {
    const { db } = await makeData()
    expect(await db('index', 'items', 'size.w:-1', 's', '--unique', '--name', 'by_size')).toMatchObject({
      exitCode: 0,
      stderr: 'Made the index "by_size".\n',
    })
    expect((await db('index', 'items')).stdout).toMatch(/by_size +size\.w:-1 s:1 +unique/)
    const listed = await db('list')
    expect(listed).toMatchObject({ exitCode: 0, stderr: '' })
    expect(listed.stdout).toMatch(/items +2 +.*by_size/)
    expect(await db('index', 'items', '--drop', 'by_size')).toMatchObject({ exitCode: 0 })
    expect((await db('list')).stdout).not.toContain('by_size')
    expect(await db('index', 'items', 'a:up')).toMatchObject({ exitCode: 2 })
    expect(await db('drop', 'items')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('Add --yes'),
    })
    expect(await db('drop', 'items', '--yes')).toMatchObject({ exitCode: 0 })
    expect(await db('list')).toMatchObject({ exitCode: 0, stdout: '', stderr: 'There are no collections.\n' })
    expect(await db('drop', 'items', '--yes')).toMatchObject({ exitCode: 1 })
  }, 90_000)

  test('a folder without a database, and one that is in use', async () => {
    const { folder, db } = await makeData()
    const elsewhere = await runCommand(['db', 'list', '--data', join(folder, 'none')])
    expect(elsewhere).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('There is no database in'),
    })
    await using database = new Database({ directory: join(folder, 'data', 'database') })
    await database.listCollections()
    expect(await db('list')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('in use by another process'),
    })
  })
})

describe('the progress bar', () => {
  class Screen extends Writable {
    readonly isTTY: boolean
    text = ''

    constructor(isTTY: boolean) {
      super()
      this.isTTY = isTTY
    }

    override _write(chunk: Buffer, _encoding: string, done: () => void): void {
      this.text += chunk.toString()
      done()
    }
  }

  test('is a line of text', () => {
    expect(progressText(0, 10, 0, 'documents')).toBe('[........................]   0 %  0 documents')
    expect(progressText(5, 10, 12_345, 'documents')).toBe(
      '[############............]  50 %  12,345 documents',
    )
    expect(progressText(10, 10, 1, 'documents')).toContain('100 %')
    expect(progressText(1, 0, 1, 'documents')).toContain('  0 %')
  })

  test('is drawn and taken away on a terminal, and nowhere else', () => {
    const [terminal, file] = [new Screen(true), new Screen(false)]
    for (const screen of [terminal, file]) {
      const progress = new Progress(screen, 'documents')
      progress.show(1, 2, 1)
      progress.show(2, 2, 2)
      progress.clear()
      progress.clear()
    }
    expect(terminal.text).toBe(`\r\u001b[K${progressText(1, 2, 1, 'documents')}\r\u001b[K`)
    expect(file.text).toBe('')
  })
})

describe('backup and restore', () => {
  test('put a database into a file and back, over another one only with --yes', async () => {
    const { folder, db } = await makeData()
    expect(await db('backup', 'copy.db')).toMatchObject({ exitCode: 0, stdout: '' })
    expect(await db('backup', 'copy.db')).toMatchObject({ exitCode: 1 })
    await db('drop', 'items', '--yes')
    expect(await db('restore', 'copy.db')).toMatchObject({ exitCode: 2 })
    expect((await db('list')).stdout).toBe('')
    expect(await db('restore', 'copy.db', '--yes')).toMatchObject({ exitCode: 0, stdout: '' })
    expect((await db('list')).stdout).toMatch(/items +2/)
    expect(await db('restore', 'none.db', '--yes')).toMatchObject({ exitCode: 2 })
    await writeFile(join(folder, 'bad.db'), 'no database')
    expect(await db('restore', 'bad.db', '--yes')).toMatchObject({ exitCode: 1 })
    expect((await db('list')).stdout).toMatch(/items +2/)
  })
})
