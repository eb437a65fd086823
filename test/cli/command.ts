import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export interface CommandOptions {
  /** Text for the standard input, which is closed after it. */
  readonly input?: string
  /** What is undefined is not there. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly directory?: string
  /** Whether the reader of its standard output goes away at once, as `| head` does. */
  readonly closesOutput?: boolean
  /** Flags of Node itself. */
  readonly nodeFlags?: readonly string[]
}

export interface CommandResult {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the built `cloudlet` command to its end in a process of its own. */
export async function runCommand(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = start(args, options)
  const output = { stdout: '', stderr: '' }
  if (options.closesOutput) child.stdout?.destroy()
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  child.stdin?.end(options.input ?? '')
  await once(child, 'close')
  return { exitCode: child.exitCode, ...output }
}

/** A running `cloudlet dev` or `serve`, ended with its test at the latest. */
export class DevProcess {
  readonly #child: ChildProcess
  #output = ''
  #onOutput: () => void = () => {}
  #seen = 0

  constructor(args: readonly string[], options: CommandOptions = {}, verb: 'dev' | 'serve' = 'dev') {
    this.#child = start([verb, ...args], options)
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
        this.#onOutput()
      })
    }
    this.#child.on('close', () => this.#onOutput())
    onTestFinished(() => {
      this.#child.kill('SIGKILL')
    })
  }

  /** Starts one and waits until it serves. */
  static async ready(
    args: readonly string[],
    options?: CommandOptions,
    verb?: 'dev' | 'serve',
  ): Promise<DevProcess> {
    const dev = new DevProcess(['--port', '0', ...args], options, verb)
    await dev.waitFor(/Ready.*\n/)
    return dev
  }

  get output(): string {
    return this.#output
  }

  get url(): string {
    const [url] = /ws:\/\/[\w.:]+/.exec(this.#output) ?? []
    if (url === undefined) throw new Error(`No URL in:\n${this.#output}`)
    return url
  }

  /** The output up to and with the next match of `pattern`; each part of the output is matched once. */
  async waitFor(pattern: RegExp): Promise<string> {
    for (;;) {
      const unseen = this.#output.slice(this.#seen)
      const match = pattern.exec(unseen)
      if (match !== null) {
        const end = match.index + match[0].length
        this.#seen += end
        return unseen.slice(0, end)
      }
      const isOver = this.#child.exitCode !== null || this.#child.signalCode !== null
      if (isOver) throw new Error(`It ended without ${String(pattern)}:\n${this.#output}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#onOutput = resolve
      await promise
    }
  }

  /** Asks it to end and waits for that. */
  async stop(signal: NodeJS.Signals): Promise<Pick<ChildProcess, 'exitCode' | 'signalCode'>> {
    const closed = once(this.#child, 'close')
    this.#child.kill(signal)
    await closed
    const { exitCode, signalCode } = this.#child
    return { exitCode, signalCode }
  }
}

/** Writes files under a temporary folder, which goes with the test. Paths use `/`. */
export async function makeFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cloudlet-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) await writeInto(folder, path, text)
  return folder
}

export async function writeInto(folder: string, path: string, text: string): Promise<void> {
  const file = join(folder, ...path.split('/'))
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}

function start(
  args: readonly string[],
  { environment, directory, nodeFlags = [] }: CommandOptions,
): ChildProcess {
  // The test runner's own wish for colours is not the command's.
  const { FORCE_COLOR, NO_COLOR, NODE_OPTIONS, ...inherited } = process.env
  return spawn(process.execPath, ['--no-node-snapshot', ...nodeFlags, MAIN, ...args], {
    cwd: directory,
    env: { ...inherited, ...environment },
  })
}
