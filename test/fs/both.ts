import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { FunctionHost } from '../../src/index.ts'

const run = promisify(execFile)
const folder = fileURLToPath(new URL('programs/', import.meta.url))

/** A function's files for a program of `programs/`, which it runs in a folder of its `/tmp`. */
const HANDLER = `const fs = require('fs')
const { tellAll } = require('./tell.cjs')
exports.main = ({ program }) => tellAll(require('./' + program), fs, fs.mkdtempSync('/tmp/q-'))`

/** What a program of `programs/` tells in a function, and in a Node process of its own. */
export async function tellBoth(
  program: string,
): Promise<{ readonly inFunction: unknown; readonly inNode: unknown }> {
  const [inFunction, inNode] = await Promise.all([tellInFunction(program), tellInNode(program)])
  return { inFunction, inNode }
}

async function tellInFunction(program: string): Promise<unknown> {
  const names = readdirSync(folder)
  const files = Object.fromEntries(names.map(name => [name, readFileSync(folder + name, 'utf8')]))
  const host = new FunctionHost()
  try {
    await host.deploy('files', { files: { ...files, 'index.js': HANDLER } })
    return (await host.invoke('files', { program })).result
  } finally {
    await host.close()
  }
}

async function tellInNode(program: string): Promise<unknown> {
  const root = mkdtempSync(join(tmpdir(), 'q-'))
  const script = `process.umask(0o022)
const { tellAll } = require('./tell.cjs')
tellAll(require('./${program}'), require('fs'), ${JSON.stringify(root)}).then(told => console.log(JSON.stringify(told)))`
  try {
    const { stdout } = await run(process.execPath, ['-e', script], { cwd: folder, maxBuffer: 2 ** 24 })
    return JSON.parse(stdout)
  } finally {
    rmSync(root, { recursive: true })
  }
}
