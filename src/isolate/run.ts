import { LIMITS } from '../limits.ts'
import type { ToHost } from '../protocol/bridge.ts'
import type { LogLine } from '../types.ts'
import type { Crossing } from './crossing.ts'
import { type HostCall, HostCalls } from './host-calls.ts'
import { BrokenBridge } from './incoming.ts'
import type { Outcome } from './outcome.ts'

/** One invocation as an instance sees it: no deployment, no capability, no caller. */
export interface InvocationRequest {
  readonly requestId: string
  /** Of protocol/bridge.ts's InvokeMessage, as JSON text; they cross as they are. */
  readonly eventText: string
  readonly fixedText: string
  readonly variablesText: string
  readonly call: HostCall
  readonly onLog: (line: LogLine) => void
  /** Wall-clock limit from the start of the run, in milliseconds. */
  readonly limitMs: number
  readonly signal: AbortSignal | undefined
}

/** Room for the line that says the log is full. */
const NOTE_CHARS = 1024

/** The state of one invocation on its instance: what the guest has said, and what its event loop waits for. */
export class Run {
  readonly request: InvocationRequest
  readonly calls: HostCalls
  readonly #crossing: Crossing
  #outcome: Outcome | undefined
  #freezesTimers = false
  #timer: NodeJS.Timeout | undefined
  #timerHoldsLoop = false
  #saidDrained = false
  #logLineCount = 0
  #logCharCount = 0

  constructor(request: InvocationRequest, crossing: Crossing, onAnswer: () => void) {
    this.request = request
    this.#crossing = crossing
    this.calls = new HostCalls(request.call, crossing, onAnswer)
  }

  /** The first completion the guest reported, if it has. */
  get outcome(): Outcome | undefined {
    return this.#outcome
  }

  /**
   * Nothing is running, awaited from the host, or set on a timer. Timers left by a handler that answered with a
   * promise don't count: they wait for the next invocation, as in the cloud (wxcloud-spec §1.3).
   */
  get isDrained(): boolean {
    const timerHolds = this.#timerHoldsLoop && !this.#freezesTimers
    return this.#crossing.isIdle && this.calls.count === 0 && !timerHolds
  }

  /** `isFirst`: the first invocation on its instance. */
  start(isFirst: boolean): void {
    const { requestId, eventText, fixedText, variablesText } = this.request
    const fixed = isFirst ? `"fixed":${fixedText},` : ''
    this.#crossing.post(
      `{"type":"invoke","event":${eventText},${fixed}"requestId":"${requestId}","variables":${variablesText}}`,
    )
  }

  /** Tells the guest, once, that its loop is empty: what it stored with `callback`, or null, is then its result. */
  sayDrained(): void {
    if (this.#saidDrained) return
    this.#saidDrained = true
    this.#crossing.post('{"type":"drained"}')
  }

  /** @throws {BrokenBridge} for what the runtime would never send: missing bytes, more calls or logs than allowed. */
  handle(message: ToHost, buffers: readonly unknown[]): void {
    switch (message.type) {
      case 'done':
        this.#settle({ kind: 'completed', result: message.result }, message.freezesTimers)
        return
      case 'threw':
        this.#settle({ kind: 'threw', failure: message.failure }, message.freezesTimers)
        return
      case 'unloadable':
        this.#settle({ kind: 'unloadable', failure: message.failure }, true)
        return
      case 'unsendable':
        this.#settle({ kind: 'unsendable', path: message.path, message: message.message }, true)
        return
      case 'call':
        this.#saidDrained = false
        this.calls.start(message, message.buffer === undefined ? undefined : bytesOf(buffers[message.buffer]))
        return
      case 'log':
        this.#log({ level: message.level, message: message.message, timeMs: message.timeMs })
        return
      case 'wait':
        this.#saidDrained = false
        this.#wait(message.afterMs, message.holdsLoop)
        return
      default:
        message satisfies never
    }
  }

  /** Adds a line of the host's own to the invocation's log, unless that is full. */
  note(line: LogLine): void {
    const hasRoom =
      this.#logLineCount < LIMITS.logLines && this.#logCharCount + line.message.length <= LIMITS.logChars
    if (hasRoom) this.#log(line)
  }

  /** No more answers or wake-ups reach the guest. */
  end(): void {
    clearTimeout(this.#timer)
    this.#crossing.cancelWake()
    this.calls.end()
  }

  #settle(outcome: Outcome, freezesTimers: boolean): void {
    if (this.#outcome !== undefined) return
    this.#outcome = outcome
    this.#freezesTimers = freezesTimers
  }

  #log(line: LogLine): void {
    this.#logLineCount++
    this.#logCharCount += line.message.length
    // The runtime's last line says that the rest is dropped; the host may have added one of its own before it.
    if (this.#logLineCount > LIMITS.logLines * 2 || this.#logCharCount > LIMITS.logChars * 2 + NOTE_CHARS) {
      throw new BrokenBridge('A log beyond its limits.')
    }
    this.request.onLog(line)
  }

  #wait(afterMs: number | null, holdsLoop: boolean): void {
    clearTimeout(this.#timer)
    this.#timerHoldsLoop = holdsLoop
    if (afterMs === null) return
    this.#timer = setTimeout(() => this.#crossing.wake(), Math.ceil(afterMs))
  }
}

function bytesOf(buffer: unknown): Uint8Array {
  if (!(buffer instanceof ArrayBuffer)) throw new BrokenBridge('A call whose buffer is missing.')
  return new Uint8Array(buffer)
}
