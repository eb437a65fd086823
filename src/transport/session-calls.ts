import { Cancellation } from '../cancellation.ts'
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
import { freeMemory } from '../protocol/message-memory.ts'
import { BYTES_KEY } from '../protocol/plain-msgpack.ts'
import type { Caller } from '../types.ts'
import { refuseHeld } from './byte-budget.ts'
import type { CallerLoad, Callers } from './callers.ts'
import type { ResolvedDoorOptions } from './door-options.ts'
import { EventStream } from './event-stream.ts'
import { LARGE_ANSWERS, type LargeCall, LargeCalls } from './large-calls.ts'
import type { Queue, Turns } from './turns.ts'

/** What the calls of all sessions of a door share. */
export interface CallContext extends Pick<ResolvedDoorOptions, 'call' | 'maxCallsInFlight'> {
  readonly callers: Callers
  readonly turns: Turns
  /** Of calls of functions, of which the host has a queue too: what is held up there holds up nothing else. */
  readonly functionTurns: Turns
  /** Of calls with large answers. */
  readonly largeTurns: Turns
  /** Reports a fault and hides it behind an incident id. */
  readonly toInternalError: (cause: unknown) => InternalError
}

const FUNCTION_OP = 'functions.invoke'

/** Whoever was given bytes has none of them left once it has answered; of a failure nobody knows what still runs. */
function freeContent(args: unknown): void {
  const content: unknown = (args as Readonly<Record<string, unknown>> | null)?.[BYTES_KEY]
  if (content instanceof Uint8Array) freeMemory(content)
}

function queueOf(load: CallerLoad, op: string): Queue {
  return op === FUNCTION_OP ? load.functions : load
}

/** The session the calls are of. */
export interface CallOwner {
  readonly caller: Caller
  readonly load: CallerLoad
  /** @throws {CloudletError} for a frame that can't be sent. */
  send(frame: ServerFrame): void
  /** What its calls hold has changed. */
  onCallBytes(): void
  /** Bytes of answers that wait for its client to take them; undefined when it takes none. */
  findUntaken(): number | undefined
}

/** One call, from its frame to its end. */
class OpenCall implements LargeCall {
  readonly id: number
  readonly op: string
  readonly args: unknown
  /** What its message and arguments take in memory, about. */
  readonly sizeBytes: number
  /** What its answer may be, for a call with a large one. */
  readonly answerBytes: number
  readonly cancellation = new Cancellation()
  /** Of a streaming call. */
  readonly stream: EventStream | undefined
  readonly #calls: SessionCalls

  constructor(
    { id, op, args }: CallFrame,
    sizeBytes: number,
    stream: EventStream | undefined,
    calls: SessionCalls,
  ) {
    this.id = id
    this.op = op
    this.args = args
    this.sizeBytes = sizeBytes
    this.answerBytes = LARGE_ANSWERS.get(op) ?? 0
    this.stream = stream
    this.#calls = calls
  }

  run(): void {
    void this.#calls.run(this)
  }

  stop(reason: CloudletError): void {
    this.cancellation.cancel(reason)
    this.stream?.end(reason)
  }
}

/** The calls of one session: each is started once and answered once, whatever becomes of it. */
export class SessionCalls {
  readonly #context: CallContext
  readonly #owner: CallOwner
  /** Not yet answered, by id. */
  readonly #calls = new Map<number, OpenCall>()
  /** Those that run or wait for their turn; a cancelled one is answered at once but may take a while to stop. */
  #inFlightCount = 0
  /** Streaming ones not yet answered: they run for as long as the client likes, and stop at once. */
  #streamCount = 0
  #large: LargeCalls | undefined
  #bytes = 0
  #isDraining = false
  #onDrained: (() => void) | undefined

  constructor(context: CallContext, owner: CallOwner) {
    this.#context = context
    this.#owner = owner
  }

  /** What calls that haven't ended hold, about. */
  get bytes(): number {
    return this.#bytes
  }

  /** Calls not yet answered. */
  get size(): number {
    return this.#calls.size
  }

  /** @throws {ProtocolError} for an id that is in flight. */
  start(frame: CallFrame, sizeBytes: number): void {
    const { id, op } = frame
    if (this.#calls.has(id)) throw new ProtocolError(`Call id ${id} is still in flight.`)
    const isStreaming = STREAMING_OPS.has(op)
    const refusal = this.#isDraining
      ? new HostClosedError('The host is closing and takes no new calls.')
      : (this.#overload(isStreaming, sizeBytes) ?? this.#context.callers.addCall(this.#owner.load))
    if (refusal !== undefined) {
      this.#sendError(id, refusal)
      return
    }
    const stream = isStreaming
      ? new EventStream((sequence, event) => this.#owner.send({ type: 'event', id, sequence, event }))
      : undefined
    const call = new OpenCall(frame, sizeBytes, stream, this)
    this.#calls.set(id, call)
    this.#hold(sizeBytes)
    if (isStreaming) {
      this.#streamCount++
      call.run()
      return
    }
    this.#inFlightCount++
    if (call.answerBytes > 0) this.#largeCalls().start(call)
    else this.#turnsOf(call).start(queueOf(this.#owner.load, call.op), call)
  }

  /** The client may take more by now. */
  proceed(): void {
    this.#large?.proceed()
  }

  /** Gives a call up. Not a fault when there is none: the answer and the cancel crossed on the wire. */
  cancel(id: number): void {
    const call = this.#calls.get(id)
    if (call !== undefined) this.#stop(call, new CancelledError())
  }

  /** Of a call that was answered meanwhile it comes too late to matter. @throws {ProtocolError} for an event to come. */
  acknowledge(id: number, sequence: number): void {
    this.#calls.get(id)?.stream?.acknowledge(sequence)
  }

  /** Nobody is there to be answered. Idempotent. */
  end(): void {
    const calls = [...this.#calls.values()]
    this.#calls.clear()
    for (const call of calls) {
      call.stop(new CancelledError('The session of this call ended.'))
      this.#withdraw(call)
    }
    this.#onDrained?.()
  }

  /**
   * Refuses new calls, ends those that stream and those whose large answers nobody is there to take, and resolves when the
   * others are answered.
   */
  async drain(): Promise<void> {
    this.#isDraining = true
    const isAlone = this.#owner.findUntaken() === undefined
    for (const call of this.#calls.values()) {
      if (call.stream !== undefined || (isAlone && call.answerBytes > 0))
        this.#stop(call, new HostClosedError('The host is closing.'))
    }
    if (this.#calls.size === 0) return
    await new Promise<void>(resolve => {
      this.#onDrained = resolve
    })
  }

  /** Of an OpenCall, when its turn has come. */
  async run(call: OpenCall): Promise<void> {
    const { id, op, args, stream, cancellation } = call
    const { caller } = this.#owner
    try {
      const asked = { op, args, caller, cancellation }
      const result = await this.#context.call(stream === undefined ? asked : { ...asked, emit: stream.emit })
      freeContent(args)
      this.#answer(call, () => this.#owner.send({ type: 'result', id, result: result ?? null }))
    } catch (error) {
      this.#answer(call, () => this.#sendError(id, error))
    } finally {
      if (call.answerBytes > 0) this.#largeCalls().finish(call)
      else if (stream === undefined) this.#turnsOf(call).finish()
      this.#leave(call)
    }
  }

  #overload(isStreaming: boolean, sizeBytes: number): OverloadedError | undefined {
    const { maxCallsInFlight } = this.#context
    const isFull = refuseHeld(this.#owner.load.incoming, sizeBytes)
    if (isFull !== undefined) return isFull
    if (isStreaming) {
      return this.#streamCount < LIMITS.sessionWatches
        ? undefined
        : new OverloadedError(
            `This session has ${LIMITS.sessionWatches} watches open, its limit. Close some first.`,
          )
    }
    return this.#inFlightCount < maxCallsInFlight
      ? undefined
      : new OverloadedError(
          `This session has ${maxCallsInFlight} calls running, its limit. Wait for some to finish, or raise maxCallsInFlight.`,
        )
  }

  #stop(call: OpenCall, reason: CloudletError): void {
    this.#answer(call, () => this.#sendError(call.id, reason))
    call.stop(reason)
    this.#withdraw(call)
  }

  /** One that still waits for its turn will never run. */
  #withdraw(call: OpenCall): void {
    const isWithdrawn =
      call.answerBytes > 0
        ? this.#largeCalls().withdraw(call)
        : this.#turnsOf(call).withdraw(queueOf(this.#owner.load, call.op), call)
    if (isWithdrawn) this.#leave(call)
  }

  #turnsOf({ op }: OpenCall): Turns {
    return op === FUNCTION_OP ? this.#context.functionTurns : this.#context.turns
  }

  #largeCalls(): LargeCalls {
    this.#large ??= new LargeCalls(this.#context.largeTurns, this.#owner.load, () =>
      this.#owner.findUntaken(),
    )
    return this.#large
  }

  /** Drops the outcome of a call that was answered already, or whose session is gone. */
  #answer(call: OpenCall, send: () => void): void {
    const { id, stream } = call
    if (this.#calls.get(id) !== call) return
    try {
      send()
    } catch (error) {
      // What can't be sent (too large, a BigInt in it) becomes the answer itself.
      this.#sendError(id, error)
    }
    this.#calls.delete(id)
    if (stream !== undefined) this.#streamCount--
    if (this.#calls.size === 0) this.#onDrained?.()
  }

  #sendError(id: number, error: unknown): void {
    const known = error instanceof CloudletError ? error : this.#context.toInternalError(error)
    this.#owner.send({ type: 'error', id, error: errorToData(known) })
  }

  /** A call has ended, and holds nothing any more. */
  #leave({ stream, sizeBytes }: OpenCall): void {
    if (stream === undefined) this.#inFlightCount--
    this.#context.callers.removeCall(this.#owner.load)
    this.#hold(-sizeBytes)
  }

  #hold(bytes: number): void {
    this.#bytes += bytes
    this.#owner.load.incoming.add(bytes)
    this.#owner.onCallBytes()
  }
}
