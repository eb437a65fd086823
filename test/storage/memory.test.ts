import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

test('a file of 256 MB goes through in some blocks of memory, as a stream and in chunks', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cloudlet-memory-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const script = new URL('memory-writer.ts', import.meta.url).pathname
  // A small young generation, so that what is free is seen to be free.
  const args = ['--max-semi-space-size=1', script, directory, '256']
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const { readBytes, peakMb } = JSON.parse(stdout)
  expect(readBytes).toBe(256 * 1024 * 1024)
  // Buffers that are free wait for the garbage collector: some tens of MB whatever the file has.
  expect(peakMb).toBeLessThan(100)
}, 120_000)
