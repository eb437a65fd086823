import * as fs from 'node:fs'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import fc from '../random.ts'
import { operation } from './operations.ts'

type Run = (platform: unknown, root: string, operations: readonly unknown[]) => string[]

const path = fileURLToPath(new URL('interpreter.cjs', import.meta.url))
const { run } = createRequire(import.meta.url)(path) as { run: Run }
const HANDLER = `const fs = require('fs')
const { run } = require('./interpreter.cjs')
exports.main = ({ lists }) => lists.map(list => run(fs, fs.mkdtempSync('/tmp/q-'), list))`

/** Lists of operations that cross together: a call for each would take longer than what it does. */
const LISTS = 20

let host: FunctionHost
let mask: number
beforeAll(async () => {
  mask = process.umask(0o022)
  host = new FunctionHost({ memoryMb: 256 })
  const files = { 'index.js': HANDLER, 'interpreter.cjs': fs.readFileSync(path, 'utf8') }
  await host.deploy('random', { files })
})
afterAll(async () => {
  process.umask(mask)
  await host.close()
})

test('random operations on /tmp give what they give in Node', { timeout: 120_000 }, async () => {
  const lists = fc.array(fc.array(operation, { maxLength: 30 }), { minLength: LISTS, maxLength: LISTS })
  await fc.assert(
    fc.asyncProperty(lists, async given => {
      const { result } = await host.invoke('random', { lists: given })
      expect(result).toEqual(given.map(runHere))
    }),
    { numRuns: 40 },
  )
})

function runHere(operations: readonly unknown[]): string[] {
  const root = mkdtempSync(join(tmpdir(), 'q-'))
  try {
    return run(fs, root, operations)
  } finally {
    rmSync(root, { recursive: true })
  }
}
