import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { type LaunchedCell, type LaunchOptions, launchCell } from '../../src/cells/launch.ts'
import type { Tasks } from './standin.ts'

const SCRIPT = new URL('./standin.ts', import.meta.url)

/** A stand-in cell, as a host sees it. */
export class Standin {
  readonly launched: LaunchedCell
  /** How the process ended: its exit code, or a signal's name. */
  readonly ended: Promise<number | string>
  readonly #lines: AsyncIterator<string>

  constructor(options: Partial<LaunchOptions> = {}) {
    this.launched = launchCell({ memoryMb: 512, maxIsolates: 4, launcher: [], script: SCRIPT, ...options })
    this.ended = once(this.launched.process, 'exit').then(([code, signal]) => signal ?? code)
    // A cell that is killed may still have been written to.
    this.launched.channel.on('error', () => undefined)
    this.#lines = createInterface({ input: this.launched.channel })[Symbol.asyncIterator]()
  }

  get pid(): number {
    return this.launched.process.pid as number
  }

  tell<Name extends keyof Tasks>(name: Name, ...args: Parameters<Tasks[Name]>): void {
    this.launched.channel.write(`${JSON.stringify([name, ...args])}\n`)
  }

  /** Rejects if the cell ends instead. */
  async ask<Name extends keyof Tasks>(
    name: Name,
    ...args: Parameters<Tasks[Name]>
  ): Promise<Awaited<ReturnType<Tasks[Name]>>> {
    this.tell(name, ...args)
    const { value } = await this.#lines.next()
    if (value === undefined) throw new Error(`The cell ended: ${await this.ended}.`)
    const { answer, error } = JSON.parse(value)
    if (error !== undefined) throw new Error(`The cell failed: ${error}`)
    return answer
  }

  close(): Promise<number | string> {
    this.launched.channel.destroy()
    return this.ended
  }
}

/** Zombies, which wait for a parent to hear of their end, have ended. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    if (process.platform !== 'linux') return true
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat[stat.lastIndexOf(')') + 2] !== 'Z'
  } catch {
    return false
  }
}
