import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CloudletError, FunctionError, FunctionHost } from '../../src/index.ts'

export type Files = Readonly<Record<string, string>>
/** What is tested, and the files of a function that tests it by what its main returns or throws. */
export type Fixture = readonly [what: string, files: Files]

const CHILD = fileURLToPath(new URL('run-in-node.ts', import.meta.url))
const ENTRIES = ['index.js', 'index.mjs', 'index.cjs', 'index.ts', 'index.mts', 'index.cts']

/** One test for each: the function gives in an isolate what it gives in this Node. */
export function testSameAsNode(fixtures: readonly Fixture[]): void {
  let host: FunctionHost
  let wanted: unknown[]
  beforeAll(() => {
    host = new FunctionHost()
    const runs = fixtures.map(([, files]) => ({ folder: writeFolder(files), entry: entryOf(files) }))
    const output = execFileSync(process.execPath, ['--no-warnings', CHILD], { input: JSON.stringify(runs) })
    wanted = JSON.parse(output.toString())
  })
  afterAll(() => host.close())
  test.each(fixtures.map(([what, files], index) => ({ what, files, index })))(
    '$what',
    async ({ files, index }) => {
      expect(shorten(await runInIsolate(host, files))).toEqual(shorten(wanted[index]))
    },
  )
}

function entryOf(files: Files): string {
  return ENTRIES.find(name => name in files) ?? expect.unreachable('a fixture without entry')
}

function writeFolder(files: Files): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cloudlet-modules-')))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

async function runInIsolate(host: FunctionHost, files: Files): Promise<unknown> {
  try {
    await host.deploy('f', { files })
    return { value: (await host.invoke('f')).result }
  } catch (error) {
    if (!(error instanceof CloudletError)) throw error
    if (!(error instanceof FunctionError)) return { error: { name: error.name, message: error.message } }
    const { name, message, fields } = error.guest
    return { error: { name, code: fields['code'] ?? null, message } }
  }
}

/** The first line, without Node's own flags: what follows is a list of files, and with us what to do. */
function shorten(outcome: unknown): unknown {
  const { error } = outcome as { error?: { message: string } }
  if (error === undefined) return outcome
  const [first = ''] = error.message.split('\n', 1)
  return { error: { ...error, message: first.replace(/ To see [^.]* use --[\w-]+\.$/, '') } }
}
