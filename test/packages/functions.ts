import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Fixture } from './registry.ts'

/** What the registry of these tests has. */
export const FIXTURES: readonly Fixture[] = [
  { manifest: { name: 'leaf', version: '1.0.0' }, files: { 'index.js': "module.exports = 'leaf 1.0.0'" } },
  { manifest: { name: 'leaf', version: '1.1.0' }, files: { 'index.js': "module.exports = 'leaf 1.1.0'" } },
  {
    manifest: { name: '@scope/branch', version: '2.0.0', dependencies: { leaf: '^1.0.0' }, bin: 'index.js' },
    files: { 'index.js': "#!/usr/bin/env node\nmodule.exports = 'branch with ' + require('leaf')" },
  },
  { manifest: { name: 'broken', version: '1.0.0' } },
  {
    manifest: { name: 'of-git', version: '1.0.0', dependencies: { x: 'git+https://example.invalid/x.git' } },
  },
  { manifest: { name: 'of-file', version: '1.0.0', dependencies: { x: 'file:../../../../secret' } } },
  { manifest: { name: 'picky', version: '1.0.0', engines: { node: '>=999' } } },
  { manifest: { name: 'peers-1', version: '1.0.0', peerDependencies: { leaf: '1.0.0' } } },
  { manifest: { name: 'large', version: '1.0.0' }, files: { 'large.txt': ' '.repeat(1_048_577) } },
]

/** Its install scripts write files named after them into the folder that FOLDER names. */
export function makeScripted(folder: string): Fixture {
  const names = ['preinstall', 'install', 'postinstall', 'prepare']
  const scripts = names.map(name => [name, `node -e "fs.writeFileSync('${folder}/${name}', '')"`])
  return { manifest: { name: 'scripted', version: '1.0.0', scripts: Object.fromEntries(scripts) } }
}

/** A temporary folder, gone with the test. */
export async function makeTemporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cloudlet-packages-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

/** What of a package.json the function below looks at. */
interface PackageJson {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly [key: string]: unknown
}

/** A folder of a function that answers with what `require(name)` exports. */
export async function makeFunction(
  packageJson: PackageJson,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<string> {
  const folder = await makeTemporary()
  const all = {
    'index.js': writeEntry(Object.keys(packageJson.dependencies ?? {})),
    'package.json': JSON.stringify(packageJson),
    ...files,
  }
  for (const [path, content] of Object.entries(all)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  return folder
}

function writeEntry(names: readonly string[]): string {
  const requires = names.map(name => `${JSON.stringify(name)}: () => require(${JSON.stringify(name)})`)
  return `exports.main = ({ name }) => ({ ${requires.join(', ')} })[name]()`
}

/** Sets in the store of a data directory. */
export function listSets(dataDirectory: string): Promise<string[]> {
  return listFolder(join(dataDirectory, 'packages', 'sets'))
}

/** What is being installed there, or was left. */
export function listDrafts(dataDirectory: string): Promise<string[]> {
  return listFolder(join(dataDirectory, 'packages', 'drafts'))
}

async function listFolder(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
}
