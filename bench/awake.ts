import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism, constants, setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import { holdTo, listAllowedCores } from './placement.ts'

const SPINNER = fileURLToPath(new URL('./awake-process.ts', import.meta.url))

/**
 * Keeps every core busy with a process of the lowest priority, which gives way to everything else at once, where the
 * system has that (SCHED_IDLE of Linux, by chrt). Waking a sleeping core of a virtual machine takes longer than a whole
 * warm call, and whether it sleeps between two hops is chance: without this, ratios of calls one at a time measure the
 * hypervisor. Each is held to its core: with two of them on one, whoever was woken there waited for the next tick, 4 ms.
 */
export class AwakeCores implements AsyncDisposable {
  readonly #spinners: readonly ChildProcess[]

  constructor() {
    const cores = listAllowedCores()
    this.#spinners = Array.from({ length: availableParallelism() }, (_, index) => {
      const spinner = spawn(process.execPath, [SPINNER], { stdio: 'ignore' })
      if (spinner.pid === undefined) return spinner
      yieldToAll(spinner.pid)
      const core = cores[index]
      if (core !== undefined) holdTo(core, spinner.pid)
      return spinner
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const spinner of this.#spinners) {
      if (spinner.exitCode !== null || spinner.signalCode !== null || !spinner.kill()) continue
      await once(spinner, 'exit')
    }
  }
}

/** Its CPU time counts by its priority, and is not taken for another program's (machine.ts). */
function yieldToAll(pid: number): void {
  setPriority(pid, constants.priority.PRIORITY_LOW)
  spawnSync('chrt', ['--idle', '--pid', '0', String(pid)], { stdio: 'ignore' })
}
