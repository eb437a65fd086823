import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const child = fileURLToPath(new URL('ending.ts', import.meta.url))

interface Ending {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

function run(...args: string[]): Promise<Ending> {
  return new Promise(resolve => {
    const options = { timeout: 60_000, killSignal: 'SIGKILL' } as const
    const process_ = execFile(
      process.execPath,
      ['--no-node-snapshot', child, ...args],
      options,
      (_, out, err) =>
        resolve({ code: process_.exitCode, signal: process_.signalCode, stdout: out, stderr: err }),
    )
  })
}

const PROGRAMS = ['deadline', 'memory', 'text', 'waiting', 'wasm']

describe.concurrent('a process ends cleanly', { timeout: 90_000 }, () => {
  test.each(PROGRAMS)('closed right after an isolate died: %s', async name => {
    expect(await run('close', 'after', name)).toEqual({ code: 0, signal: null, stdout: 'done', stderr: '' })
  })

  test.each(PROGRAMS)('closed while isolates run: %s', async name => {
    expect(await run('close', 'during', name)).toEqual({ code: 0, signal: null, stdout: 'done', stderr: '' })
  })

  test.each(PROGRAMS)('exited right after an isolate died: %s', async name => {
    expect(await run('exit', 'after', name)).toEqual({ code: 7, signal: null, stdout: 'done', stderr: '' })
  })

  test.each(PROGRAMS)('exited while isolates run: %s', async name => {
    expect(await run('exit', 'during', name)).toEqual({ code: 7, signal: null, stdout: 'done', stderr: '' })
  })
})
