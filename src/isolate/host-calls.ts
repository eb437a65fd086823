import { LIMITS } from '../limits.ts'
import type { ToHost } from '../protocol/bridge.ts'
import type { Crossing } from './crossing.ts'
import { BrokenBridge } from './incoming.ts'

/**
 * What an instance asks the host for on behalf of its guest: any op name, any JSON arguments (`content` a
 * Uint8Array if bytes came with it). The other side checks all of it, and never rejects: a refusal is an answer.
 */
export type HostCall = (
  op: string,
  args: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
) => Promise<HostAnswer>

/** Values are JSON text already: that they can be is the answerer's to make sure of. */
export type HostAnswer =
  | { readonly kind: 'reply'; readonly valueText: string; readonly content?: Uint8Array }
  | { readonly kind: 'refuse'; readonly errorText: string }

type CallMessage = Extract<ToHost, { type: 'call' }>

interface Waiting {
  readonly op: string
  readonly startMs: number
  readonly sizeBytes: number
}

/** The host calls of one invocation that have no answer yet, and how long each op was waited for. */
export class HostCalls {
  readonly #call: HostCall
  readonly #crossing: Crossing
  readonly #onAnswer: () => void
  /** Made with the first call: most invocations make none, and a signal costs more than the rest of this object. */
  #aborter: AbortController | undefined
  #isOver = false
  #bytesInFlight = 0
  readonly #inFlight = new Map<number, Waiting>()
  readonly #waitedMs = new Map<string, number>()

  constructor(call: HostCall, crossing: Crossing, onAnswer: () => void) {
    this.#call = call
    this.#crossing = crossing
    this.#onAnswer = onAnswer
  }

  get count(): number {
    return this.#inFlight.size
  }

  /**
   * Starts one call; its answer is posted to the guest, unless the invocation was ended meanwhile.
   *
   * @throws {BrokenBridge} for an id in use, or more than the runtime lets a guest have waiting.
   */
  start(message: CallMessage, content: Uint8Array | undefined): void {
    const { id, op, args } = message
    const sizeBytes = content?.byteLength ?? 0
    this.#bytesInFlight += sizeBytes
    if (
      this.#inFlight.has(id) ||
      this.#inFlight.size >= LIMITS.hostCallsInFlight ||
      this.#bytesInFlight > LIMITS.hostCallSizeInFlight
    ) {
      throw new BrokenBridge('A call beyond those an invocation may have waiting.')
    }
    this.#inFlight.set(id, { op, startMs: performance.now(), sizeBytes })
    this.#aborter ??= new AbortController()
    const given = content === undefined ? args : { ...(args as object), content }
    void this.#call(op, given as Readonly<Record<string, unknown>>, this.#aborter.signal).then(answer => {
      this.#endWait(id)
      if (!this.#isOver) this.#answer(id, answer)
    })
  }

  /** Aborts what is under way; no more answers are posted. */
  end(): void {
    this.#isOver = true
    if (this.#inFlight.size > 0) this.#aborter?.abort()
  }

  /** Wall time waited so far, in milliseconds, by op; calls still under way included. */
  waitedMs(): Record<string, number> {
    const total = new Map(this.#waitedMs)
    const nowMs = performance.now()
    for (const { op, startMs } of this.#inFlight.values())
      total.set(op, (total.get(op) ?? 0) + nowMs - startMs)
    return Object.fromEntries(total)
  }

  #answer(id: number, answer: HostAnswer): void {
    if (answer.kind === 'reply') {
      this.#crossing.post(`{"type":"reply","id":${id},"value":${answer.valueText}}`, answer.content)
    } else {
      this.#crossing.post(`{"type":"refuse","id":${id},"error":${answer.errorText}}`)
    }
    this.#onAnswer()
  }

  #endWait(id: number): void {
    const call = this.#inFlight.get(id)
    if (call === undefined) return
    this.#inFlight.delete(id)
    this.#bytesInFlight -= call.sizeBytes
    this.#waitedMs.set(call.op, (this.#waitedMs.get(call.op) ?? 0) + performance.now() - call.startMs)
  }
}
