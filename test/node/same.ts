import { createRequire } from 'node:module'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'

const nodeRequire = createRequire(import.meta.url)

/** What a program made: its answer as JSON, or how it failed. */
type Outcome =
  | { readonly value: unknown }
  | { readonly error: { name: unknown; code: unknown; message: unknown } }

/** The handler below and the test run a program in exactly this way. */
const RUN = `async (require, source) => {
  const plain = value => JSON.parse(JSON.stringify(value, (key, item) =>
    typeof item === 'bigint' ? item + 'n' : item === undefined ? '(undefined)' : Number.isNaN(item) ? '(NaN)' : item) ?? 'null')
  try {
    const AsyncFunction = (async () => {}).constructor
    return { value: plain(await new AsyncFunction('require', source)(require)) }
  } catch (error) {
    return { error: plain({ name: error.name, code: error.code, message: error.message }) }
  }
}`
// biome-ignore lint/security/noGlobalEval: one text for both sides.
const runHere = globalThis.eval(RUN) as (require: unknown, source: string) => Promise<Outcome>

/** Runs each program in a function and in Node, and expects the same of both. */
export function testSame(programs: Readonly<Record<string, string>>): void {
  let host: FunctionHost
  beforeAll(async () => {
    host = new FunctionHost()
    const source = `const run = ${RUN}\nexports.main = ({ source }) => run(require, source)`
    await host.deploy('same', { files: { 'index.js': source }, config: { timeout: 20 } })
  })
  afterAll(() => host.close())

  test.each(Object.entries(programs))('%s', async (_name, source) => {
    const { result } = await host.invoke('same', { source })
    const wanted = await runHere(nodeRequire, source)
    expect(result).toEqual(wanted)
  })
}
