import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const OUTPUT_BYTES = 64 * 1024 * 1024

/**
 * Runs a file of this folder in a process of its own, so that nothing another bench left behind is measured, and
 * gives what it printed, as JSON.
 *
 * @throws {Error} when it fails, or prints something else.
 */
export async function runChild<T>(file: string, args: readonly string[]): Promise<T> {
  const path = fileURLToPath(new URL(`./${file}`, import.meta.url))
  const { stdout } = await run(process.execPath, ['--no-node-snapshot', '--expose-gc', path, ...args], {
    maxBuffer: OUTPUT_BYTES,
  })
  return JSON.parse(stdout)
}

/** What a child has to say, to the process that started it. */
export function answerParent(answer: unknown): void {
  process.stdout.write(JSON.stringify(answer))
}
