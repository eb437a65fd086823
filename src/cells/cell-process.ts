import type { ChildProcess } from 'node:child_process'
import { constants, getPriority, setPriority } from 'node:os'
import type { ToCell } from '../protocol/cell.ts'
import { Channel } from './channel.ts'
import { type LaunchOptions, launchCell } from './launch.ts'
import { isThreadRunning } from './process-usage.ts'

/**
 * A process that closes its channel is about to end, and says best itself how; or it closed it on purpose. One that has
 * ended, but whose channel somebody else has open, such as a child of its launcher, is not listened to for longer. In
 * milliseconds.
 */
const LAST_WORDS_MS = 1000

export interface ProcessListener {
  /** The value of one frame: the other side's, to be checked. */
  onFrame(value: unknown): void
  /** It broke the protocol, or closed its channel. */
  onFault(why: string): void
  /** It has ended; all it said has been heard. `isKilled`: by a SIGKILL. */
  onEnd(why: string, isKilled: boolean): void
}

/** The process of a cell and its channel. A host that waits for nothing else may end, and they end with it. */
export class CellProcess {
  readonly #process: ChildProcess
  readonly #channel: Channel<ToCell>
  /** Its threads that let others go first. */
  readonly #passed = new Set<number>()
  readonly #gone = Promise.withResolvers<void>()

  /** @throws as launchCell does. */
  constructor(options: LaunchOptions, listener: ProcessListener) {
    const { process: child, channel } = launchCell(options)
    this.#process = child
    child.on('error', error => {
      listener.onEnd(`could not be started: ${error.message}`, false)
      if (child.pid === undefined) this.#gone.resolve()
    })
    child.on('close', (code, signal) => {
      listener.onEnd(`ended with ${signal ?? `exit code ${code}`}`, signal === 'SIGKILL')
      this.#gone.resolve()
    })
    child.on('exit', () => setTimeout(() => this.#channel.destroy(), LAST_WORDS_MS).unref())
    child.unref()
    channel.unref()
    this.#channel = new Channel<ToCell>(channel, {
      onFrame: value => listener.onFrame(value),
      onClose: error => {
        if (error !== undefined) listener.onFault(`broke the protocol: ${printable(error.message)}`)
        else setTimeout(() => listener.onFault('closed its channel'), LAST_WORDS_MS).unref()
      },
    })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Fulfilled when it is no more. */
  get gone(): Promise<void> {
    return this.#gone.promise
  }

  /** Bytes that it has not taken. */
  get waitingBytes(): number {
    return this.#channel.waitingBytes
  }

  post(message: ToCell): void {
    this.#channel.post(message)
  }

  /** From now on others go first: new threads of it, where the system tells threads apart. */
  yieldToOthers(): void {
    if (this.pid !== undefined) this.#lower(this.pid, constants.priority.PRIORITY_BELOW_NORMAL)
  }

  /** A thread of it: from now on others go first. Without rights of its own the host can't take that back. */
  letOthersPass(thread: number): void {
    if (this.#passed.has(thread)) return
    this.#passed.add(thread)
    this.#lower(thread, constants.priority.PRIORITY_BELOW_NORMAL)
  }

  /** From now on such threads have what nobody else wants. */
  holdBackLong(): void {
    for (const thread of this.#passed) this.#lower(thread, constants.priority.PRIORITY_LOW)
  }

  /** One of them wants a core. */
  get isLongThreadRunning(): boolean {
    for (const thread of this.#passed) if (isThreadRunning(this.pid, thread)) return true
    return false
  }

  #lower(thread: number, priority: number): void {
    try {
      // A host may have low priority itself.
      if (getPriority(thread) < priority) setPriority(thread, priority)
    } catch (error) {
      // It has ended meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SYSTEM_ERROR') throw error
    }
  }

  /** From now on a host that ends waits for its end. */
  kill(): void {
    this.#process.ref()
    this.#process.kill('SIGKILL')
  }

  closeChannel(): void {
    this.#channel.destroy()
  }
}

/** A text of a cell's, for a log. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ')
}
