import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { DoorOptions } from '../../src/transport/door-options.ts'
import type { DoorReport } from './door-child.ts'

/** The most descriptors a process may be given here. */
export function findDescriptorLimit(): number {
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim()
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit)
}

/** A door in a process that may have so many descriptors. It ends with the test. */
export class DoorProcess {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(descriptors: number, options: Partial<DoorOptions>) {
    const script = fileURLToPath(new URL('door-child.ts', import.meta.url))
    const limited = `ulimit -n ${descriptors}; exec "$0" "$@"`
    this.#child = spawn(
      'sh',
      ['-c', limited, process.execPath, '--no-node-snapshot', script, JSON.stringify(options)],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
    onTestFinished(() => void this.#child.kill('SIGKILL'))
    const { stdout } = this.#child
    if (stdout === null) throw new Error('The door has no output.')
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  }

  static async open(
    descriptors: number,
    options: Partial<DoorOptions>,
  ): Promise<{ process: DoorProcess; started: DoorReport }> {
    const process = new DoorProcess(descriptors, options)
    return { process, started: await process.#read() }
  }

  async report(): Promise<DoorReport> {
    this.#child.stdin?.write('\n')
    return this.#read()
  }

  async #read(): Promise<DoorReport> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error('The door has ended.')
    return JSON.parse(value) as DoorReport
  }
}
