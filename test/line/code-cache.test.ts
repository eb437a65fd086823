import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CodeCache } from '../../src/code-cache.ts'
import { FunctionHost } from '../../src/index.ts'
import { Compiler, codeOf } from '../../src/isolate/compile.ts'
import { disposeIsolate, makeBlankIsolate } from '../../src/isolate/isolate.ts'

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
  return readdirSync(join(directory, 'code-cache')).map(name => join(directory, 'code-cache', name))
}

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
    const cache = new CodeCache(join(directory, 'code-cache'), message => warnings.push(message))
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
    writeFileSync(join(directory, 'code-cache'), 'in the way')
    expect(await deployAndRun({ ...SOURCE.files, ...OTHER })).toBe(42)
    expect(warnings.length).toBeGreaterThan(0)
  })
})

describe('code of a program', () => {
  test.each(['plain', 'sdk'] as const)('is taken by the isolates it was compiled for: %s', async runtime => {
    const compiler = new Compiler(runtime)
    const { source, cachedData } = await compiler.compileProgram('(function () { return 1 })')
    const blank = makeBlankIsolate({ memoryMb: 16, runtime })
    try {
      const script = await blank.isolate.compileScript(source, { ...(cachedData && { cachedData }) })
      expect(script).toMatchObject({ cachedDataRejected: false })
      const data = codeOf({ source, cachedData }) ?? expect.unreachable()
      expect(await compiler.restoreProgram(source, data)).toMatchObject({ source })
      expect(await compiler.restoreProgram(`${source} `, data)).toBeUndefined()
    } finally {
      disposeIsolate(blank.isolate)
      compiler.close()
    }
  })
})
