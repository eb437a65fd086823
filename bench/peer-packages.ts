import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const FOLDER = fileURLToPath(new URL('./peers/', import.meta.url))

/**
 * Installs the packages of bench/peers, unless they are there.
 *
 * @throws {Error} when not started by npm, whose program does it, or when it fails.
 */
export async function installPeers(): Promise<void> {
  if (existsSync(new URL('./peers/node_modules', import.meta.url))) return
  const npm = process.env['npm_execpath']
  if (npm === undefined) throw new Error('Run "npm ci --prefix bench/peers" first, or "npm run bench:peers".')
  console.log('Installing the packages of bench/peers.')
  await run(process.execPath, [npm, 'ci', '--prefix', FOLDER])
}
