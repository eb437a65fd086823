import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Database } from '../../src/database/database.ts'
import { Ledger } from './killed-data.ts'
import { failure } from './rejection.ts'

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cloudlet-durability-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const WRITER = fileURLToPath(new URL('./writer.ts', import.meta.url))

/** Lets a process write until it has printed so many lines, then kills it; returns what it printed. */
async function writeAndKill(folder: string, round: number, lineCount: number): Promise<string> {
  const child = spawn(process.execPath, [WRITER, folder, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  let output = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', chunk => {
    output += chunk
    if (output.split('\n').length > lineCount) child.kill('SIGKILL')
  })
  await ended
  expect(child.signalCode).toBe('SIGKILL')
  return output
}

function checkIntegrity(file: string): void {
  const raw = new DatabaseSync(file)
  const rows = raw.prepare('PRAGMA integrity_check').all()
  raw.close()
  expect(rows.map(row => ({ ...row }))).toEqual([{ integrity_check: 'ok' }])
}

test('a process killed 50 times loses nothing acknowledged, tears nothing, and leaves no lock', async () => {
  const folder = join(directory, 'killed')
  const first = new Database({ directory: folder })
  const collection = 'kept'
  await first.createCollection({ collection })
  await first.createIndex({ collection, fields: [['slot', 1]], unique: true })
  await first.createIndex({
    collection,
    fields: [
      ['lane', 1],
      ['n', -1],
    ],
  })
  await first.createIndex({ collection, fields: [['place', '2dsphere']] })
  await first.close()
  const ledger = new Ledger()
  for (let round = 0; round < 50; round++) {
    ledger.read(await writeAndKill(folder, round, Math.floor(Math.random() * 200)))
    const database = new Database({ directory: folder })
    await ledger.compare(database)
    await database.close()
    checkIntegrity(join(folder, 'database.sqlite'))
  }
  expect(ledger.addedCount).toBeGreaterThan(50)
}, 300_000)

test('a directory in use is refused, by this process and another, until it is free', async () => {
  const folder = join(directory, 'shared')
  const first = new Database({ directory: folder, autoCreateCollections: true })
  await first.add({ collection: 'a', documents: [{ _id: 1 }] })
  const second = new Database({ directory: folder })
  await expect(second.listCollections()).rejects.toMatchObject(failure('DATABASE_REQUEST_FAILED', 'in use'))
  await expect(second.listCollections()).rejects.toMatchObject(failure('DATABASE_REQUEST_FAILED', 'in use'))
  const child = spawn(process.execPath, [WRITER, folder, '0'], { stdio: ['ignore', 'ignore', 'pipe'] })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', chunk => {
    complaint += chunk
  })
  await once(child, 'close')
  expect(child.exitCode).toBe(1)
  expect(complaint).toContain('in use by another process')
  await first.close()
  expect(await second.count({ collection: 'a', filter: {} })).toEqual({ total: 1 })
  await second.close()
})

test('what is stored is found again after reopening', async () => {
  const folder = join(directory, 'reopened')
  await using first = new Database({ directory: folder })
  await first.createCollection({ collection: '文章' })
  await first.add({ collection: '文章', documents: [{ _id: 5, at: { $date: 5 } }, { _id: '5' }] })
  await first.close()
  await using second = new Database({ directory: folder })
  expect(await second.listCollections()).toEqual(['文章'])
  expect((await second.query({ collection: '文章', filter: {} })).documents).toEqual([
    { _id: 5, at: { $date: 5 } },
    { _id: '5' },
  ])
})

test('a process that never closes its databases ends by itself, with all it wrote', async () => {
  const folder = join(directory, 'unclosed')
  const module = new URL('../../src/database/database.ts', import.meta.url).href
  const script = `
    const { Database } = await import(${JSON.stringify(module)})
    for (const options of [{ directory: ${JSON.stringify(folder)} }, {}]) {
      await new Database({ ...options, autoCreateCollections: true }).add({ collection: 'a', documents: [{}] })
    }`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'inherit' })
  await once(child, 'close')
  expect(child.exitCode).toBe(0)
  await using database = new Database({ directory: folder })
  expect(await database.count({ collection: 'a', filter: {} })).toEqual({ total: 1 })
})

test('a file of a newer version, of another program or of none is refused', async () => {
  const folder = join(directory, 'foreign')
  const own = new Database({ directory: folder })
  await own.listCollections()
  await own.close()
  const change = (sql: string): void => {
    const raw = new DatabaseSync(join(folder, 'database.sqlite'))
    raw.exec(sql)
    raw.close()
  }
  const refusal = async (): Promise<string> => {
    await using database = new Database({ directory: folder })
    return database.listCollections().then(String, (error: Error) => error.message)
  }
  change('PRAGMA user_version = 99')
  expect(await refusal()).toContain('schema version 99')
  change('PRAGMA application_id = 7')
  expect(await refusal()).toContain('not written by cloudlet')
  await using unusable = new Database({ directory: '/dev/null/x' })
  await expect(unusable.listCollections()).rejects.toMatchObject(
    failure('DATABASE_REQUEST_FAILED', "can't be opened"),
  )
})

test('a file of the first version is brought up to date', async () => {
  const folder = join(directory, 'first')
  await mkdir(folder)
  const raw = new DatabaseSync(join(folder, 'database.sqlite'))
  raw.exec(
    `CREATE TABLE collections (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE) STRICT;
     INSERT INTO collections (name) VALUES ('a');
     CREATE TABLE c1 (seq INTEGER PRIMARY KEY, id ANY NOT NULL UNIQUE, doc BLOB NOT NULL) STRICT;
     INSERT INTO c1 (id, doc) VALUES (7, jsonb('{"_id":7,"n":1}'));
     PRAGMA application_id = ${0x636c6474};
     PRAGMA user_version = 1`,
  )
  raw.close()
  await using database = new Database({ directory: folder })
  await database.createIndex({ collection: 'a', fields: [['n', 1]] })
  expect(await database.query({ collection: 'a', filter: { n: 1 } })).toEqual({
    documents: [{ _id: 7, n: 1 }],
  })
})
