import { type ChildProcess, fork } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ForeignCpu } from '../machine.ts'
import { readTreeCpuMs } from '../process-tree.ts'
import { type Assignment, BEAT_MS, type Isolation, type Told } from './host-process.ts'
import type { Program } from './program.ts'
import type { Trial } from './trial.ts'

/** What became of the process of the host under one program. */
export interface Verdict {
  readonly program: string
  readonly kind: string
  /** `hung`: its event loop stood still for HUNG_MS, and the process was killed. */
  readonly fate: 'survived' | 'died' | 'hung'
  /** The signal it died of, or its exit code. */
  readonly exit?: string
  /** The longest time it let its supervisor wait for a beat, in milliseconds. */
  readonly silenceMs: number
  /** CPU that processes of others took meanwhile, as a share of all cores. Undefined where the system doesn't tell. */
  readonly foreignCpuShare?: number
  /** What it measured itself, if it came to that. */
  readonly trial?: Trial
  /** Of a program that was tried more than once, when all were back each time, in milliseconds (again.ts). Null: never. */
  readonly triedBackMs?: readonly (number | null)[]
}

export interface Run {
  readonly verdicts: readonly Verdict[]
  /** Processes that were to end by themselves after `host.close()`, and did. None are, in-process. */
  readonly closedHosts: { readonly expected: number; readonly ended: number }
}

type Numbered = Assignment['programs'][number]
type Fate = Omit<Verdict, 'foreignCpuShare'>

const HUNG_MS = 15_000
/** For the host to start, with its neighbours, and to close. */
const START_MS = 60_000
const CLOSE_MS = 30_000
const CHILD = fileURLToPath(new URL('host-process.ts', import.meta.url))

/**
 * Tries programs: all on one host, or each on its own. A host that dies takes one program with it, and the next goes
 * on without it.
 */
export async function superviseRun(
  isolation: Isolation,
  programs: readonly Program[],
  onVerdict: (verdict: Verdict) => void,
): Promise<Run> {
  const verdicts: Verdict[] = []
  const closedHosts = { expected: 0, ended: 0 }
  await using server = await startOpenServer()
  let left = programs.map((program, index) => ({ number: index + 1, program }))
  while (left.length > 0) {
    const watch = new HostWatch({
      isolation,
      programs: isolation === 'process' ? left : left.slice(0, 1),
      event: { open: server.port, secret: 9 },
    })
    let foreign = measureForeignCpu()
    for await (const fate of watch.fates()) {
      const verdict = foreign === undefined ? fate : { ...fate, foreignCpuShare: foreign.share() }
      foreign = measureForeignCpu()
      verdicts.push(verdict)
      onVerdict(verdict)
      left = left.slice(1)
    }
    if (isolation === 'process' && left.length === 0) {
      closedHosts.expected++
      if (await watch.endsByItself()) closedHosts.ended++
    }
    await watch.kill()
  }
  return { verdicts, closedHosts }
}

function measureForeignCpu(): ForeignCpu | undefined {
  return process.platform === 'linux' ? new ForeignCpu(readTreeCpuMs) : undefined
}

/** One process with a host, and what is heard of it. */
class HostWatch {
  readonly #child: ChildProcess
  readonly #programs: readonly Numbered[]
  readonly #exited: Promise<string>
  #heard: Told[] = []
  #wake: () => void = () => {}
  #exit: string | undefined
  #lastBeatMs = performance.now()
  #silenceMs = 0

  constructor(assignment: Assignment) {
    this.#programs = assignment.programs
    const env = process.platform === 'linux' ? { ...process.env, MALLOC_ARENA_MAX: '2' } : process.env
    this.#child = fork(CHILD, { execArgv: ['--no-node-snapshot'], env })
    this.#child.on('message', message => this.#hear(message as Told))
    this.#exited = new Promise(resolve => {
      this.#child.once('exit', async (code, signal) => {
        // What it said last may still be on its way.
        await sleep(BEAT_MS)
        this.#exit = signal ?? `exit code ${code}`
        this.#wake()
        resolve(this.#exit)
      })
    })
    this.#child.send(assignment)
  }

  /** One for each program, in order, until the process is gone. @throws {Error} when the host doesn't even start. */
  async *fates(): AsyncGenerator<Fate> {
    let running: Numbered | undefined
    let doneCount = 0
    while (doneCount < this.#programs.length) {
      const told = this.#heard.shift()
      if (told?.kind === 'started') {
        running = this.#programs[doneCount]
        this.#silenceMs = 0
      } else if (told?.kind === 'done') {
        doneCount++
        const { program, kind } = told.trial
        yield { program, kind, fate: 'survived', silenceMs: this.#silenceMs, trial: told.trial }
        running = undefined
      } else if (this.#exit !== undefined || this.#isHung(running !== undefined)) {
        yield await this.#bury(running ?? this.#programs[doneCount], running !== undefined || doneCount > 0)
        return
      } else await Promise.race([sleep(BEAT_MS), new Promise<void>(resolve => (this.#wake = resolve))])
    }
  }

  /** After the last program. */
  async endsByItself(): Promise<boolean> {
    const timeout = new AbortController()
    const exit = await Promise.race([
      this.#exited,
      sleep(CLOSE_MS, 'late', { signal: timeout.signal }).catch(() => 'late'),
    ])
    timeout.abort()
    return exit === 'exit code 0'
  }

  /** A thread that can't be ended keeps a process from ending otherwise. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  #hear(told: Told): void {
    const nowMs = performance.now()
    this.#silenceMs = Math.max(this.#silenceMs, nowMs - this.#lastBeatMs)
    this.#lastBeatMs = nowMs
    if (told.kind === 'beat') return
    this.#heard.push(told)
    this.#wake()
  }

  #isHung(hasStarted: boolean): boolean {
    return performance.now() - this.#lastBeatMs > (hasStarted ? HUNG_MS : START_MS)
  }

  async #bury(victim: Numbered | undefined, hasStarted: boolean): Promise<Fate> {
    if (victim === undefined || !hasStarted)
      throw new Error(`The host didn't start: ${this.#exit ?? 'it hangs'}.`)
    const { path, kind } = victim.program
    const silenceMs = Math.max(this.#silenceMs, performance.now() - this.#lastBeatMs)
    if (this.#exit === undefined) {
      await this.kill()
      return { program: path, kind, fate: 'hung', silenceMs }
    }
    return { program: path, kind, fate: 'died', exit: this.#exit, silenceMs }
  }
}

/** What programs of test/isolation/network may reach. It redirects to what comes behind `?to=`. */
async function startOpenServer(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((request, response) => {
    const [, target] = (request.url ?? '').split('?to=')
    if (target === undefined) response.end('open')
    else response.writeHead(302, { location: encodeURI(decodeURIComponent(target)) }).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
