import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CodeCache } from '../../src/code-cache.ts'
import { FunctionHost } from '../../src/index.ts'
import { Compiler } from '../../src/isolate/compile.ts'
import { ExternalCopy, Isolate } from '../../src/isolate/ivm.ts'
import { prepareSnapshot, runtimeSnapshot } from '../../src/isolate/snapshot.ts'

const SOURCE = { files: { 'index.js': 'exports.main = () => require("./other").answer' } }
const OTHER = { 'other.js': 'exports.answer = 42' }

let directory: string
let warnings: string[]
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cloudlet-code-'))
  warnings = []
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

async function deployAndRun(files: Record<string, string>): Promise<unknown> {
  const host = new FunctionHost({ dataDirectory: directory, onWarning: message => warnings.push(message) })
  try {
    await host.deploy('f', { files })
    return (await host.invoke('f')).result
  } finally {
    await host.close()
  }
}

function cachedFiles(): string[] {
  // In cells it is another, since this process must not believe what a cell has compiled.
  const [folder = ''] = readdirSync(directory).filter(name => name.startsWith('code-cache'))
  return readdirSync(join(directory, folder)).map(name => join(directory, folder, name))
}

const isolationOf = ([file = '']: string[]): 'process' | 'in-process' =>
  file.includes('of-cells') ? 'process' : 'in-process'

describe('the code cache on disk', () => {
  test('holds one file per program, which a restarted host uses', async () => {
    const files = { ...SOURCE.files, ...OTHER }
    expect(await deployAndRun(files)).toBe(42)
    const [file, ...others] = cachedFiles()
    expect(others).toEqual([])
    const before = readFileSync(file as string)
    expect(await deployAndRun(files)).toBe(42)
    expect(cachedFiles()).toEqual([file])
    expect(readFileSync(file as string).equals(before)).toBe(true)
    expect(warnings).toEqual([])
  })

  test('another source is another file', async () => {
    await deployAndRun({ ...SOURCE.files, ...OTHER })
    expect(await deployAndRun({ ...SOURCE.files, 'other.js': 'exports.answer = 43' })).toBe(43)
    expect(cachedFiles()).toHaveLength(2)
  })

  test.each([
    ['a byte changed', (bytes: Buffer) => bytes.fill(bytes.readUInt8(100) ^ 1, 100, 101)],
    ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ['emptied', () => Buffer.alloc(0)],
  ])('a file with %s is told of, not used, and made again', async (_, damage) => {
    const files = { ...SOURCE.files, ...OTHER }
    await deployAndRun(files)
    const [file = ''] = cachedFiles()
    const good = readFileSync(file)
    writeFileSync(file, damage(Buffer.from(good)))
    expect(await deployAndRun(files)).toBe(42)
    expect(warnings).toEqual([expect.stringContaining('is damaged')])
    expect(readFileSync(file).length).toBe(good.length)
    warnings.length = 0
    expect(await deployAndRun(files)).toBe(42)
    expect(warnings).toEqual([])
  })

  test('data that V8 itself refuses costs time and fails nothing', async () => {
    const files = { ...SOURCE.files, ...OTHER }
    await deployAndRun(files)
    const cache = new CodeCache(directory, isolationOf(cachedFiles()), message => warnings.push(message))
    // Well kept, and nonsense.
    const [file = ''] = cachedFiles()
    await cache.write('x', Buffer.from('nonsense'))
    const [nonsense = ''] = cachedFiles().filter(path => path !== file)
    writeFileSync(file, readFileSync(nonsense))
    expect(await deployAndRun(files)).toBe(42)
  })

  test('a program with a file that does not parse is not kept: its problem is found each time', async () => {
    const files = { 'index.js': 'exports.main = () => 1', 'broken.js': '(' }
    expect(await deployAndRun(files)).toBe(1)
    await expect(deployAndRun({ 'index.js': 'exports.main = (' })).rejects.toMatchObject({
      code: 'CLOUDLET_DEPLOY',
    })
  })

  test('a directory that can’t be written is told of and fails nothing', async () => {
    for (const name of ['code-cache', 'code-cache-of-cells'])
      writeFileSync(join(directory, name), 'in the way')
    expect(await deployAndRun({ ...SOURCE.files, ...OTHER })).toBe(42)
    expect(warnings.length).toBeGreaterThan(0)
  })
})

describe('the snapshots on disk', () => {
  const CHILD = fileURLToPath(new URL('code-cache-child.ts', import.meta.url))
  const cases = [
    ['plain', 'exports.main = () => 42'],
    ['sdk', 'const cloud = require("wx-server-sdk"); exports.main = () => 42'],
  ] as const

  async function runChild(text: string): Promise<unknown> {
    const args = ['--no-node-snapshot', CHILD, directory, text]
    return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout)
  }

  /** A file written anew is another, even under the number of one that is gone. */
  function identities(): string[] {
    const snapshots = readdirSync(join(directory, 'snapshots')).map(name =>
      join(directory, 'snapshots', name),
    )
    return [...cachedFiles(), ...snapshots].map(path => {
      const { ino, birthtimeNs } = statSync(path, { bigint: true })
      return `${ino} ${birthtimeNs}`
    })
  }

  test.each(cases)(
    'let V8 take the code that another process kept: %s',
    { timeout: 30_000 },
    async (_, text) => {
      const answer = { result: 42, warnings: [] }
      expect(await runChild(text)).toEqual(answer)
      const before = identities()
      expect(before).toHaveLength(2)
      expect(await runChild(text)).toEqual(answer)
      expect(identities()).toEqual(before)
    },
  )

  test('one that is damaged is told of and made anew, and the code with it', {
    timeout: 30_000,
  }, async () => {
    const [[, text]] = cases
    await runChild(text)
    const [name = ''] = readdirSync(join(directory, 'snapshots'))
    const path = join(directory, 'snapshots', name)
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.fill(bytes.readUInt8(5000) ^ 1, 5000, 5001))
    const before = identities()
    expect(await runChild(text)).toEqual({ result: 42, warnings: [expect.stringContaining('is damaged')] })
    expect(identities().filter(identity => before.includes(identity))).toEqual([])
    expect(await runChild(text)).toEqual({ result: 42, warnings: [] })
  })
})

describe('code of a program', () => {
  test.each(['plain', 'sdk'] as const)('is taken by the isolates it was compiled for: %s', async runtime => {
    await prepareSnapshot(runtime)
    const compiler = new Compiler(runtime)
    const { source, code = expect.unreachable() } = await compiler.compileProgram({
      source: '(function () { return 1 })',
    })
    const isolate = new Isolate({ memoryLimit: 16, snapshot: runtimeSnapshot(runtime) })
    try {
      const cachedData = new ExternalCopy(new Uint8Array(code).buffer)
      const script = await isolate.compileScript(source, { cachedData })
      expect(script).toMatchObject({ cachedDataRejected: false })
      expect(await compiler.restoreProgram({ source }, code)).toMatchObject({ source })
      expect(await compiler.restoreProgram({ source: `${source} ` }, code)).toBeUndefined()
    } finally {
      isolate.dispose()
      compiler.close()
    }
  })
})
