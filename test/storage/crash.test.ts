import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { Storage } from '../../src/storage/storage.ts'
import { bytesOf, sha256Of } from './bytes.ts'
import { versionContent } from './crash-content.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cloudlet-crash-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true })
})

/** Runs the writer, kills it after so many acknowledgements, and tells the last acknowledged version by path. */
async function writeUntilKilled(ackCount: number): Promise<Map<string, number>> {
  const script = new URL('crash-writer.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const acknowledged = new Map<string, number>()
  let seenCount = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const [cloudPath = '', version] = line.split(' ')
    acknowledged.set(cloudPath, Number(version))
    if (++seenCount === ackCount) child.kill('SIGKILL')
  }
  expect(await exited).toEqual([null, 'SIGKILL'])
  return acknowledged
}

test('every acknowledged upload is there, whole, after kill -9', async () => {
  for (const ackCount of [1, 10, 40, 75]) {
    const acknowledged = await writeUntilKilled(ackCount)
    expect(acknowledged.size).toBeGreaterThan(0)
    await using storage = new Storage({ directory, envId: 'crash' })
    for (const [cloudPath, version] of acknowledged) {
      const { content } = await storage.download({ fileID: `cloud://crash/${cloudPath}` })
      const stored = Number(/ (\d+);/.exec(Buffer.from(content.subarray(0, 100)).toString())?.[1])
      // The kill may have come after a later version was stored and before its acknowledgement was read.
      expect(stored).toBeGreaterThanOrEqual(version)
      expect(versionContent(cloudPath, stored).equals(content)).toBe(true)
    }
  }
}, 60_000)

test('what the kill left over is swept at a later open, and nothing else', async () => {
  const acknowledged = await writeUntilKilled(30)
  const longAgo = new Date(Date.now() - 24 * 60 * 60 * 1000)
  for (const folder of ['blobs', 'files', 'uploads']) {
    for (const name of await readdir(join(directory, folder))) {
      await utimes(join(directory, folder, name), longAgo, longAgo)
    }
  }
  // Uploads in chunks that the kill broke off are over after a day.
  await using storage = new Storage({
    directory,
    envId: 'crash',
    now: () => Date.now() + LIMITS.uploadMs + 1,
  })
  const { files } = await storage.list()
  for (const { fileID } of files) await storage.download({ fileID })
  expect(files.length).toBeGreaterThanOrEqual(acknowledged.size)
  expect(await readdir(join(directory, 'blobs'))).toHaveLength(files.length)
  expect((await readdir(join(directory, 'files'))).filter(name => !name.endsWith('.json'))).toEqual([])
  expect(await readdir(join(directory, 'uploads'))).toEqual([])
})

test('an upload in chunks goes on after kill -9 from what was acknowledged', async () => {
  const bytes = bytesOf(6 * LIMITS.uploadChunkBytes + 17)
  const script = new URL('chunk-writer.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, directory, String(bytes.byteLength)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (lines.push(line) === 4) child.kill('SIGKILL')
  }
  expect(await exited).toEqual([null, 'SIGKILL'])
  const [uploadId = ''] = lines
  const client = { openid: 'o-1' }
  await using storage = new Storage({ directory, envId: 'crash' })
  let { receivedBytes: at } = await storage.chunks.status({ uploadId, client })
  expect(at).toBeGreaterThanOrEqual(Number(lines.at(-1)))
  while (at < bytes.byteLength) {
    const content = bytes.subarray(at, at + LIMITS.uploadChunkBytes)
    at = (await storage.chunks.append({ uploadId, offset: at, content, client })).receivedBytes
  }
  await storage.chunks.finish({ uploadId, sha256: sha256Of(bytes), client })
  expect(bytes.equals((await storage.download({ fileID: 'cloud://crash/big.bin' })).content)).toBe(true)
})
