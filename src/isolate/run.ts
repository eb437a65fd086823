import type { InvokeMessage, ToHost } from '../protocol/bridge.ts'
import type { LogLine } from '../types.ts'
import type { Crossing } from './crossing.ts'
import { type HostCall, HostCalls } from './host-calls.ts'
import { BrokenBridge } from './incoming.ts'
import type { Outcome } from './outcome.ts'

/** One invocation as an instance sees it: no deployment, no capability, no caller. */
export interface InvocationRequest {
  /** The event as JSON text; it crosses as it is. */
  readonly eventText: string
  readonly context: InvokeMessage['context']
  readonly environment: InvokeMessage['environment']
  readonly call: HostCall
  readonly onLog: (line: LogLine) => void
  /** Wall-clock limit from the start of the run, in milliseconds. */
  readonly limitMs: number
  readonly signal: AbortSignal | undefined
}

/** The state of one invocation on its instance: what the guest has said, and what its event loop waits for. */
export class Run {
  readonly request: InvocationRequest
  readonly calls: HostCalls
  readonly #crossing: Crossing
  #outcome: Outcome | undefined
  #timer: NodeJS.Timeout | undefined
  #timerHoldsLoop = false
  #saidDrained = false

  constructor(request: InvocationRequest, crossing: Crossing, onAnswer: () => void) {
    this.request = request
    this.#crossing = crossing
    this.calls = new HostCalls(request.call, crossing, onAnswer)
  }

  /** The first completion the guest reported, if it has. */
  get outcome(): Outcome | undefined {
    return this.#outcome
  }

  /** Nothing is running, awaited from the host, or set on a timer. */
  get isDrained(): boolean {
    return this.#crossing.isIdle && this.calls.count === 0 && !this.#timerHoldsLoop
  }

  start(): void {
    const { eventText, context, environment } = this.request
    const rest = JSON.stringify({ context, environment })
    this.#crossing.post(`{"type":"invoke","event":${eventText},${rest.slice(1)}`)
  }

  /** Tells the guest, once, that its loop is empty: what it stored with `callback`, or null, is then its result. */
  sayDrained(): void {
    if (this.#saidDrained) return
    this.#saidDrained = true
    this.#crossing.post('{"type":"drained"}')
  }

  /** @throws {BrokenBridge} for a call whose bytes are missing. */
  handle(message: ToHost, buffers: readonly unknown[]): void {
    switch (message.type) {
      case 'done':
        this.#outcome ??= { kind: 'completed', result: message.result }
        return
      case 'threw':
      case 'unloadable':
        this.#outcome ??= { kind: message.type, failure: message.failure }
        return
      case 'unsendable':
        this.#outcome ??= { kind: 'unsendable', path: message.path, message: message.message }
        return
      case 'call':
        void this.calls.start(
          message,
          message.buffer === undefined ? undefined : bytesOf(buffers[message.buffer]),
        )
        return
      case 'log':
        this.request.onLog({ level: message.level, message: message.message, timeMs: message.timeMs })
        return
      case 'wait':
        this.#wait(message.afterMs, message.holdsLoop)
        return
      default:
        message satisfies never
    }
  }

  /** No more answers or wake-ups reach the guest. */
  end(): void {
    clearTimeout(this.#timer)
    this.calls.end()
  }

  #wait(afterMs: number | null, holdsLoop: boolean): void {
    clearTimeout(this.#timer)
    this.#timerHoldsLoop = holdsLoop
    if (afterMs === null) return
    this.#timer = setTimeout(() => this.#crossing.post('{"type":"wake"}'), Math.ceil(afterMs))
  }
}

function bytesOf(buffer: unknown): Uint8Array {
  if (!(buffer instanceof ArrayBuffer)) throw new BrokenBridge('A call whose buffer is missing.')
  return new Uint8Array(buffer)
}
