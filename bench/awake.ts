import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism, constants, setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'

const SPINNER = fileURLToPath(new URL('./awake-process.ts', import.meta.url))

/**
 * Keeps every core busy with a process of the lowest priority, which gives way to everything else. Waking a
 * sleeping core of a virtual machine takes longer than a whole warm call, and whether it sleeps between two hops is
 * chance: without this, ratios of calls one at a time measure the hypervisor.
 */
export class AwakeCores implements AsyncDisposable {
  readonly #spinners: readonly ChildProcess[]

  constructor() {
    this.#spinners = Array.from({ length: availableParallelism() }, () => {
      const spinner = spawn(process.execPath, [SPINNER], { stdio: 'ignore' })
      if (spinner.pid !== undefined) setPriority(spinner.pid, constants.priority.PRIORITY_LOW)
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
