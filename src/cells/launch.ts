import { ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { accessSync, closeSync, constants, openSync, realpathSync, statSync } from 'node:fs'
import { Socket } from 'node:net'
import { availableParallelism, devNull } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InvalidOptionError } from '../errors.ts'
import { CHANNEL_FD } from './channel-fd.ts'
import { inheritedDescriptors } from './inherited-descriptors.ts'
import { readablePaths } from './readable-paths.ts'

export interface LaunchOptions {
  /**
   * How much private writable memory the cell may have, in megabytes, its own 160 included, most of which
   * are stacks of threads, mapped and not used: see `dataLimitKb` for what the system makes of it, and where.
   */
  readonly memoryMb: number
  /** The most isolates that ever exist at once in the cell: compilers and those whose thread still ends included. */
  readonly maxIsolates: number
  /** Words put before the command, e.g. `['setpriv', '--no-new-privs']`; the first is looked up in PATH. Empty: none. */
  readonly launcher: readonly string[]
  /** The script that the cell runs. Default: `main` in this folder. */
  readonly script?: string | URL
}

export interface LaunchedCell {
  /** The cell; or its launcher, where that stays in between. */
  readonly process: ChildProcess
  readonly channel: Socket
}

/** The cell's exit code if the system refused one of its limits, so that nothing was started. */
export const LIMITS_REFUSED_CODE = 125

/**
 * What Node may do in the cell: load isolated-vm, start the thread of orphan-watch.ts, and read `readablePaths`. Not
 * granted are child processes, writing, the inspector, WASI and, which Node 24 doesn't know of, the network. It holds
 * for JavaScript of the cell's own realm and is no boundary to native code.
 */
const PERMISSIONS = ['--permission', '--allow-addons', '--allow-worker']

/** V8's threads beside those that run something, four by default: no more than leave a core to others. */
const V8_THREADS = Math.min(4, Math.max(1, availableParallelism() - 1))

/** isolated-vm needs the first; the second keeps a signal from opening the inspector. */
const NODE_FLAGS = ['--no-node-snapshot', '--disable-sigusr1', `--v8-pool-size=${V8_THREADS}`]

/** A cell has some 30: its channel, those of its event loops and V8's threads, and what it reads while it starts. */
const MAX_OPEN_FILES = 64

/** Of V8's code range, in megabytes: one per isolate. */
const CODE_RANGE_MB = 512
/** Isolates beside those of functions that have a code range of that size: Node's main thread. */
const NODE_ISOLATES = 1

/**
 * Starts a cell. It has no environment variables, descriptors 0 to 2 are null, 3 is its channel. On POSIX systems a
 * shell sets its limits and becomes it: no core dumps, no writing to files, few descriptors, memory. Linux kills cells
 * before anything else when memory runs out. Windows has none of these limits.
 *
 * That it could not be started is told by the process: an 'error', in which case the channel is closed, or exit codes
 * 125 (`LIMITS_REFUSED_CODE`), 126 and 127 (the launcher). A launcher's own messages go nowhere.
 *
 * @throws {InvalidOptionError} for limits that are no positive whole numbers, and a launcher that is not there.
 */
export function launchCell(options: LaunchOptions): LaunchedCell {
  const { memoryMb, maxIsolates, launcher, script = defaultScript() } = options
  checkCount('memoryMb', memoryMb)
  checkCount('maxIsolates', maxIsolates)
  const before = resolveLauncher(launcher)
  const path = realpathSync(script instanceof URL ? fileURLToPath(script) : script)
  return start(words => withLimits([...before, ...words], dataLimitKb(memoryMb, maxIsolates)), path)
}

/** Whatever the system refuses, files and descriptors included, is told as `spawn` tells of a command it can't start. */
function start(toCommand: (words: readonly string[]) => readonly string[], script: string): LaunchedCell {
  let nothing: number | undefined
  try {
    const reads = readablePaths(script).map(path => `--allow-fs-read=${path}`)
    const [file, ...args] = toCommand([process.execPath, ...NODE_FLAGS, ...PERMISSIONS, ...reads, script])
    nothing = openSync(devNull, 'r+')
    const child = spawn(file as string, args, {
      cwd: '/',
      env: {},
      stdio: descriptors(nothing),
      windowsHide: true,
    })
    // Without a descriptor left, Node makes a process that has no streams at all and soon tells of the error.
    const channel = (child.stdio as typeof child.stdio | undefined)?.[CHANNEL_FD] ?? new Socket().destroy()
    return { process: child, channel: channel as Socket }
  } catch (error) {
    const child = new ChildProcess()
    process.nextTick(() => child.emit('error', error))
    return { process: child, channel: new Socket().destroy() }
  } finally {
    if (nothing !== undefined) closeSync(nothing)
  }
}

/** The channel, and null in the place of all that the cell would get otherwise. */
function descriptors(nothing: number): StdioOptions {
  const stdio: ('ignore' | 'pipe' | number)[] = ['ignore', 'ignore', 'ignore', 'pipe']
  for (const inherited of inheritedDescriptors()) {
    if (inherited === CHANNEL_FD) continue
    while (stdio.length < inherited) stdio.push('ignore')
    stdio[inherited] = nothing
  }
  return stdio
}

/**
 * RLIMIT_DATA, in kilobytes. Linux counts what is mapped private and writable, used or not, and V8 maps the 512 MB in
 * which an isolate's code may lie so, in one piece, and uses few of them. They have to be let through for each isolate
 * there may be, or V8 aborts when it makes one; so this limit is met by what runs away, and not at `memoryMb`, the less
 * the more isolates may exist. A limit on what is used is a cgroup's (docs/threat-model.md). At the limit an
 * `ArrayBuffer` is refused with a RangeError; all else that V8 or isolated-vm can't get aborts the cell. macOS takes
 * the limit and doesn't hold it.
 */
function dataLimitKb(memoryMb: number, maxIsolates: number): number {
  return (memoryMb + (maxIsolates + NODE_ISOLATES) * CODE_RANGE_MB) * 1024
}

/** `env` takes out what a shell puts into the environment of itself: PWD, SHLVL. */
function withLimits(words: readonly string[], dataKb: number): readonly string[] {
  if (process.platform === 'win32') return words
  const refused = `exit ${LIMITS_REFUSED_CODE}`
  const limits = `ulimit -c 0 && ulimit -f 0 && ulimit -n ${MAX_OPEN_FILES} && ulimit -d ${dataKb} || ${refused}`
  const script = [limits, ...killFirst(refused), 'exec /usr/bin/env -i "$@"'].join('\n')
  return ['/bin/sh', '-c', script, 'cell', ...words]
}

/** Anybody may make a process of his the first that Linux kills for want of memory, if `/proc` can be written to. */
function killFirst(refused: string): readonly string[] {
  if (process.platform !== 'linux') return []
  const score = '/proc/self/oom_score_adj'
  return [`if [ -w ${score} ]; then echo 1000 > ${score} || ${refused}; fi`]
}

/** @throws {InvalidOptionError} for a command that is not in PATH. */
export function resolveLauncher(launcher: readonly string[]): readonly string[] {
  const [command, ...args] = launcher
  if (command === undefined) return []
  if (/[\\/]/.test(command)) return launcher
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map(folder => join(folder || '.', command))
    .find(isExecutable)
  if (found === undefined) throw new InvalidOptionError('launcher', `launcher: no "${command}" in PATH.`)
  return [resolve(found), ...args]
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

function checkCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value > 0) return
  throw new InvalidOptionError(name, `${name} must be a positive whole number, not ${value}.`)
}

function defaultScript(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? 'main.ts' : 'main.js', import.meta.url)
}
