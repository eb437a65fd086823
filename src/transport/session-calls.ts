import {
  CancelledError,
  CloudletError,
  errorToData,
  HostClosedError,
  type InternalError,
  OverloadedError,
  ProtocolError,
} from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { STREAMING_OPS } from '../protocol/calls.ts'
import type { CallFrame, ServerFrame } from '../protocol/frames.ts'
import type { Caller } from '../types.ts'
import type { ResolvedDoorOptions } from './door-options.ts'
import { EventStream } from './event-stream.ts'

export interface SessionCallsOptions extends Pick<ResolvedDoorOptions, 'call' | 'maxCallsInFlight'> {
  /** @throws {CloudletError} for a frame that can't be sent. */
  readonly send: (frame: ServerFrame) => void
  /** Reports a fault and hides it behind an incident id. */
  readonly toInternalError: (cause: unknown) => InternalError
}

interface OpenCall {
  readonly controller: AbortController
  /** Of a streaming call. */
  readonly stream: EventStream | undefined
}

/** The calls of one session: each is started once and answered once, whatever becomes of it. */
export class SessionCalls {
  readonly #options: SessionCallsOptions
  /** Not yet answered, by id. */
  readonly #calls = new Map<number, OpenCall>()
  /** Those that still run; a cancelled one is answered at once but may take a while to stop. */
  #runningCount = 0
  /** Streaming ones not yet answered: they run for as long as the client likes, and stop at once. */
  #streamCount = 0
  #isDraining = false
  #onDrained: (() => void) | undefined

  constructor(options: SessionCallsOptions) {
    this.#options = options
  }

  /** @throws {ProtocolError} for an id that is in flight. */
  start(frame: CallFrame, caller: Caller): void {
    const { id, op } = frame
    if (this.#calls.has(id)) throw new ProtocolError(`Call id ${id} is still in flight.`)
    const isStreaming = STREAMING_OPS.has(op)
    const refusal = this.#isDraining
      ? new HostClosedError('The host is closing and takes no new calls.')
      : this.#overload(isStreaming)
    if (refusal !== undefined) {
      this.#sendError(id, refusal)
      return
    }
    const send = (sequence: number, event: unknown): void =>
      this.#options.send({ type: 'event', id, sequence, event })
    const stream = isStreaming ? new EventStream(send) : undefined
    const call = { controller: new AbortController(), stream }
    this.#calls.set(id, call)
    if (isStreaming) this.#streamCount++
    void this.#run(frame, caller, call)
  }

  /** Gives a call up. Not a fault when there is none: the answer and the cancel crossed on the wire. */
  cancel(id: number): void {
    const call = this.#calls.get(id)
    if (call !== undefined) this.#stop(id, call, new CancelledError())
  }

  /** Of a call that was answered meanwhile it comes too late to matter. @throws {ProtocolError} for an event to come. */
  acknowledge(id: number, sequence: number): void {
    this.#calls.get(id)?.stream?.acknowledge(sequence)
  }

  /** Nobody is there to be answered. Idempotent. */
  end(): void {
    const calls = [...this.#calls.values()]
    this.#calls.clear()
    for (const call of calls) stop(call, new CancelledError('The session of this call ended.'))
    this.#onDrained?.()
  }

  /** Refuses new calls, ends those that stream, and resolves when the others are answered. */
  async drain(): Promise<void> {
    this.#isDraining = true
    for (const [id, call] of this.#calls) {
      if (call.stream !== undefined) this.#stop(id, call, new HostClosedError('The host is closing.'))
    }
    if (this.#calls.size === 0) return
    await new Promise<void>(resolve => {
      this.#onDrained = resolve
    })
  }

  #overload(isStreaming: boolean): OverloadedError | undefined {
    const { maxCallsInFlight } = this.#options
    if (isStreaming) {
      return this.#streamCount < LIMITS.sessionWatches
        ? undefined
        : new OverloadedError(
            `This session has ${LIMITS.sessionWatches} watches open, its limit. Close some first.`,
          )
    }
    return this.#runningCount < maxCallsInFlight
      ? undefined
      : new OverloadedError(
          `This session has ${maxCallsInFlight} calls running, its limit. Wait for some to finish, or raise maxCallsInFlight.`,
        )
  }

  async #run({ id, op, args }: CallFrame, caller: Caller, call: OpenCall): Promise<void> {
    const { controller, stream } = call
    const { signal } = controller
    if (stream === undefined) this.#runningCount++
    try {
      const emit = stream === undefined ? {} : { emit: stream.emit }
      const result = await this.#options.call({ op, args, caller, signal, ...emit })
      this.#answer(id, call, () => this.#options.send({ type: 'result', id, result: result ?? null }))
    } catch (error) {
      this.#answer(id, call, () => this.#sendError(id, error))
    } finally {
      if (stream === undefined) this.#runningCount--
    }
  }

  #stop(id: number, call: OpenCall, reason: CloudletError): void {
    this.#answer(id, call, () => this.#sendError(id, reason))
    stop(call, reason)
  }

  /** Drops the outcome of a call that was answered already, or whose session is gone. */
  #answer(id: number, call: OpenCall, send: () => void): void {
    if (this.#calls.get(id) !== call) return
    try {
      send()
    } catch (error) {
      // What can't be sent (too large, a BigInt in it) becomes the answer itself.
      this.#sendError(id, error)
    }
    this.#calls.delete(id)
    if (call.stream !== undefined) this.#streamCount--
    if (this.#calls.size === 0) this.#onDrained?.()
  }

  #sendError(id: number, error: unknown): void {
    const known = error instanceof CloudletError ? error : this.#options.toInternalError(error)
    this.#options.send({ type: 'error', id, error: errorToData(known) })
  }
}

function stop({ controller, stream }: OpenCall, reason: CloudletError): void {
  controller.abort(reason)
  stream?.end(reason)
}
