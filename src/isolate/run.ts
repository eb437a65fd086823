import type { ToHost } from '../protocol/bridge.ts'
import type { LogLine } from '../types.ts'
import type { Crossing } from './crossing.ts'
import { HostCalls } from './host-calls.ts'
import { BrokenBridge } from './incoming.ts'
import type { Job } from './job.ts'
import type { Outcome } from './outcome.ts'

/** The longest text of an unhandled rejection in the log, in characters. */
const REJECTION_CHARS = 2000
/** Room for the line that says the log is full. */
const NOTE_CHARS = 1024

/** The messages of one invocation; where one ends and the next begins is the instance's. */
export type RunMessage = Exclude<ToHost, { type: 'over' | 'results' | 'unstarted' | 'turned' | 'exit' }>

/** The state of one invocation on its instance: what the guest has said, and what its event loop waits for. */
export class Run {
  readonly job: Job
  readonly calls: HostCalls
  /** The guest has said something of it. */
  hasSpoken = false
  readonly #crossing: Crossing
  #outcome: Outcome | undefined
  #timer: NodeJS.Timeout | undefined
  #logLineCount = 0
  #logCharCount = 0

  constructor(job: Job, crossing: Crossing) {
    this.job = job
    this.#crossing = crossing
    this.calls = new HostCalls(job.request, crossing)
  }

  /** The first completion the guest reported, if it has. */
  get outcome(): Outcome | undefined {
    return this.#outcome
  }

  /** @throws {BrokenBridge} for what the runtime would never send: missing bytes, more calls or logs than allowed. */
  handle(message: RunMessage, buffers: readonly unknown[]): void {
    this.hasSpoken = true
    switch (message.type) {
      case 'done':
        this.#outcome ??= { kind: 'completed', result: message.result }
        return
      case 'threw':
        this.#outcome ??= { kind: 'threw', failure: message.failure }
        return
      case 'unloadable':
        this.#outcome ??= { kind: 'unloadable', failure: message.failure }
        return
      case 'unsendable':
        this.#outcome ??= { kind: 'unsendable', path: message.path, message: message.message }
        return
      case 'call':
        this.calls.start(
          message,
          message.buffer === undefined ? undefined : bytesOf(buffers[message.buffer]),
          buffers[message.window ?? -1],
        )
        return
      case 'more':
        this.calls.continue(message.id)
        return
      case 'log':
        this.#log({ level: message.level, message: message.message, timeMs: message.timeMs })
        return
      case 'wait':
        this.#wait(message.afterMs)
        return
      case 'idle':
        this.#crossing.post('{"type":"drained"}')
        return
      default:
        message satisfies never
    }
  }

  /**
   * A promise that nobody handled was rejected: said, but no failure by itself, as in the cloud (wxcloud-spec §1.3).
   * The line is the host's own; a log that is full stays as it is.
   */
  noteRejection({ name, message }: Error): void {
    const text = `Unhandled promise rejection: ${name}: ${message}`.slice(0, REJECTION_CHARS)
    const { logLines, logChars } = this.job.request.limits
    const hasRoom = this.#logLineCount < logLines && this.#logCharCount + text.length <= logChars
    if (hasRoom) this.#log({ level: 'error', message: text, timeMs: Date.now() })
  }

  /** No more answers or wake-ups reach the guest. */
  end(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.calls.end()
    this.#crossing.clear()
  }

  #log(line: LogLine): void {
    this.#logLineCount++
    this.#logCharCount += line.message.length
    // The runtime's last line says that the rest is dropped; the host may have added one of its own before it.
    const { logLines, logChars } = this.job.request.limits
    if (this.#logLineCount > logLines * 2 + 2 || this.#logCharCount > logChars * 2 + NOTE_CHARS) {
      throw new BrokenBridge('A log beyond its limits.')
    }
    this.job.request.onLog(line)
  }

  #wait(afterMs: number | null): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    if (afterMs === null) return
    this.#timer = setTimeout(() => this.#crossing.wake(), Math.ceil(afterMs))
  }
}

/**
 * Invocations as they cross together. `isFirst`: their instance has had none before. `toldText`: the caller's variables of
 * the last that ran, where nothing can have come between.
 */
export function writeInvocations(
  jobs: readonly Job[],
  isFirst: boolean,
  toldText: string | undefined,
): string[] {
  return jobs.map(({ request }, index) => {
    const { requestId, eventText, fixedText, variablesText } = request
    const fixed = isFirst && index === 0 ? `"fixed":${fixedText},` : ''
    // The one before has told it already.
    const before = index === 0 ? toldText : jobs[index - 1]?.request.variablesText
    const variables = before === variablesText ? '' : `,"variables":${variablesText}`
    return `{"type":"invoke","event":${eventText},${fixed}"requestId":"${requestId}"${variables}}`
  })
}

function bytesOf(buffer: unknown): Uint8Array {
  if (!(buffer instanceof ArrayBuffer)) throw new BrokenBridge('A call whose buffer is missing.')
  return new Uint8Array(buffer)
}
