import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { ConversionCache } from '../../src/modules/conversion-cache.ts'

let directory: string
const warnings: string[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cloudlet-conversions-'))
  warnings.length = 0
})

const FILES = {
  'index.ts': "import { a } from './a.mjs'; export const main = (): string => a",
  'a.mjs': "export const a = 'a'",
}

async function deployAndRun(files: Record<string, string>): Promise<unknown> {
  await using host = new FunctionHost({
    dataDirectory: directory,
    onWarning: warning => warnings.push(warning),
  })
  await host.deploy('f', { files })
  return (await host.invoke('f')).result
}

const keptPath = () => join(directory, 'conversions', 'f.json')
const kept = () => readFileSync(keptPath())

describe('conversions on disk', () => {
  test('are used again, and only what a function has now is kept', async () => {
    expect(await deployAndRun(FILES)).toBe('a')
    const first = kept()
    const { mtimeNs } = statSync(keptPath(), { bigint: true })
    expect(await deployAndRun(FILES)).toBe('a')
    expect(statSync(keptPath(), { bigint: true }).mtimeNs).toBe(mtimeNs)
    expect(await deployAndRun({ ...FILES, 'a.mjs': "export const a = 'b'" })).toBe('b')
    expect(Math.abs(kept().length - first.length)).toBeLessThan(100)
    expect(kept().equals(first)).toBe(false)
  })

  test('what is kept is what is run', async () => {
    const place = { conversions: join(directory, 'conversions'), onWarning: () => {} }
    const input = { path: '/a.mjs', text: 'export const a = 1', format: 'esm', tsconfig: undefined } as const
    const first = new ConversionCache('f', place)
    const made = await first.convert(input)
    await first.save()
    expect(await new ConversionCache('f', place).convert(input)).toEqual(JSON.parse(JSON.stringify(made)))
  })

  test('plain CommonJS has none', async () => {
    const files = { 'index.js': "exports.main = () => require('./a')", 'a.js': "module.exports = 'plain'" }
    expect(await deployAndRun(files)).toBe('plain')
    expect(readdirSync(directory)).not.toContain('conversions')
  })

  test('damaged ones are told of and made anew', async () => {
    await deployAndRun(FILES)
    writeFileSync(keptPath(), kept().subarray(0, 50))
    expect(await deployAndRun(FILES)).toBe('a')
    expect(warnings).toEqual([expect.stringContaining('is damaged')])
    warnings.length = 0
    expect(await deployAndRun(FILES)).toBe('a')
    expect(warnings).toEqual([])
  })

  test('a directory in the way is told of and fails nothing', async () => {
    writeFileSync(join(directory, 'conversions'), '')
    expect(await deployAndRun(FILES)).toBe('a')
    expect(warnings.length).toBeGreaterThan(0)
  })
})
