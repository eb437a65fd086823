import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access, readFile, realpath } from 'node:fs/promises'
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import { createInterface } from 'node:readline'
import { selectEnvironment, userSettingsFile } from './environment.ts'
import { PackageProblem } from './problem.ts'

/** Time npm has to end by itself when it is told to. What it leaves behind is removed or, in its cache, done over. */
const GRACE_MS = 500
/** What is kept of its output: the result is one JSON object, errors are told in the last lines. */
const MAX_OUTPUT_CHARS = 16 * 1024 * 1024
const MAX_LINES = 200

export interface NpmRun {
  /** Command and flags. None of them comes from a function. */
  readonly args: readonly string[]
  readonly folder: string
  readonly signal: AbortSignal
  readonly onLine: (line: string) => void
}

export interface NpmOutcome {
  readonly isDone: boolean
  readonly output: string
  /** Of its error output. */
  readonly lines: readonly string[]
}

/**
 * Runs npm to its end, without a shell and in a process group of its own, which the signal ends.
 *
 * @throws {PackageProblem} when there is no npm or it can't be started; the signal's reason, if it aborted.
 */
export async function runNpm({ args, folder, signal, onLine }: NpmRun): Promise<NpmOutcome> {
  const { command, firstArgs } = await findNpm()
  const env = selectEnvironment(process.env, await readUserSettings())
  signal.throwIfAborted()
  const child = spawn(command, [...firstArgs, ...args], {
    cwd: folder,
    env,
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  })
  const onExit = (): void => endGroup(child, 'SIGKILL')
  process.on('exit', onExit)
  const stop = (): void => {
    endGroup(child, 'SIGTERM')
    setTimeout(() => endGroup(child, 'SIGKILL'), GRACE_MS).unref()
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    const outcome = await listen(child, onLine)
    signal.throwIfAborted()
    return outcome
  } finally {
    signal.removeEventListener('abort', stop)
    process.off('exit', onExit)
  }
}

function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  const { pid } = child
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    if (process.platform === 'win32') child.kill(signal)
    else process.kill(-pid, signal)
  } catch (error) {
    // It ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function listen(child: ChildProcess, onLine: (line: string) => void): Promise<NpmOutcome> {
  const { promise, resolve, reject } = Promise.withResolvers<NpmOutcome>()
  const lines: string[] = []
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    if (output.length < MAX_OUTPUT_CHARS) output += text
  })
  if (child.stderr !== null) {
    createInterface({ input: child.stderr }).on('line', line => {
      lines.push(line)
      if (lines.length > MAX_LINES) lines.shift()
      onLine(line)
    })
  }
  child.on('error', error => reject(new PackageProblem(`npm can't be started: ${error.message}`)))
  child.on('close', code => resolve({ isDone: code === 0, output, lines }))
  return promise
}

interface Npm {
  readonly command: string
  readonly firstArgs: readonly string[]
}

/** The npm beside the Node that runs this, or else the first on the PATH. */
async function findNpm(): Promise<Npm> {
  const isWindows = process.platform === 'win32'
  const bin = dirname(await realpath(process.execPath))
  const script = join('node_modules', 'npm', 'bin', 'npm-cli.js')
  const own = isWindows ? join(bin, script) : join(bin, '..', 'lib', script)
  if (await isThere(own)) return { command: process.execPath, firstArgs: [own] }
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (!isAbsolute(folder)) continue
    // On Windows npm is a batch file, which only a shell runs; it stands beside its Node.
    const command = join(folder, isWindows ? 'node.exe' : 'npm')
    const found = join(folder, isWindows ? script : 'npm')
    if (await isThere(found)) return { command, firstArgs: isWindows ? [found] : [] }
  }
  throw new PackageProblem(
    'npm was found neither beside Node nor on the PATH. Install it, or bring node_modules along with the function.',
  )
}

async function isThere(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () =>
      access(file, constants.R_OK).then(
        () => file.endsWith('.js'),
        () => false,
      ),
  )
}

async function readUserSettings(): Promise<string> {
  try {
    return await readFile(userSettingsFile(process.env), 'utf8')
  } catch {
    // npm reads it too, and says what is wrong with it.
    return ''
  }
}
