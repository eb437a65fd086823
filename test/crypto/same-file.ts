import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { inspect } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'

type Program = () => unknown

/** A file of test/fixtures/crypto registers programs by name; each runs in a function and in Node, with the same outcome. */
export function testSameFile(file: string): void {
  const path = new URL(`../fixtures/crypto/${file}`, import.meta.url)
  const programs = new Map<string, Program>()
  createRequire(import.meta.url)(path.pathname)((name: string, run: Program) => programs.set(name, run))
  let host: FunctionHost
  beforeAll(async () => {
    host = new FunctionHost({ maxHostCallMb: 4096 })
    const keys = readFileSync(new URL('../fixtures/crypto/keys.json', import.meta.url), 'utf8')
    const files = { 'index.js': HANDLER, 'programs.js': readFileSync(path, 'utf8'), 'keys.json': keys }
    await host.deploy('same', { files, config: { timeout: 60 } })
  })
  afterAll(() => host.close())

  test.each([...programs])('%s', async (name, run) => {
    const { result } = await host.invoke('same', { name })
    expect(result).toEqual(await outcomeOf(inspect, run))
  })
}

const HANDLER = `const { inspect } = require('util')
const programs = new Map()
require('./programs.js')((name, run) => programs.set(name, run))
const outcomeOf = ${outcomeOf.toString()}
exports.main = ({ name }) => outcomeOf(inspect, programs.get(name))`

/** Of an error what programs look at; its cause is told by kind alone, since messages behind Web Crypto's are nobody's. */
async function outcomeOf(show: typeof inspect, run: Program): Promise<unknown> {
  try {
    return show(await run(), { depth: 8, maxArrayLength: 1000, maxStringLength: 100_000 })
  } catch (error) {
    const { name, code, message, reason, library, errno } = error as Record<string, unknown>
    return { name, code, message, reason, library, errno }
  }
}
