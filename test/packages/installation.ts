import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** This folder: the packages, their lock file and the uses. */
export const FOLDER = fileURLToPath(new URL('.', import.meta.url))
export const NODE_MODULES = join(FOLDER, 'node_modules')

const LOCK_FILE = join(FOLDER, 'package-lock.json')
/** Holds the digest of the lock file that was installed last. */
const MARK = join(NODE_MODULES, '.installed-lock')

/**
 * Installs what the lock file says, unless it is there.
 *
 * @throws {Error} when npm fails, with its last lines.
 */
export async function installPackages(): Promise<void> {
  const digest = createHash('sha256').update(readFileSync(LOCK_FILE)).digest('hex')
  if (existsSync(MARK) && readFileSync(MARK, 'utf8') === digest) return
  const isWindows = process.platform === 'win32'
  const args = ['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  try {
    await promisify(execFile)(isWindows ? 'npm.cmd' : 'npm', args, { cwd: FOLDER, shell: isWindows })
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string }
    throw new Error(
      'The packages that test/packages tries can\'t be installed: "npm ci" failed there. It needs the npm registry, or a ' +
        `cache that holds them.\n${stderr.split('\n').slice(-15).join('\n')}`,
      { cause: error },
    )
  }
  writeFileSync(MARK, digest)
}

/** One of the packages that the local servers are made with. */
export function requireInstalled<Module>(name: string): Module {
  return createRequire(join(FOLDER, 'package.json'))(name) as Module
}
