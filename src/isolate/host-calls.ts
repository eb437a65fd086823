import type { ErrorData } from '../errors.ts'
import type { ToHost } from '../protocol/bridge.ts'
import type { Crossing } from './crossing.ts'

/**
 * What an instance asks the host for on behalf of its guest: any op name, any JSON arguments (`content` a
 * Uint8Array if bytes came with it). The other side checks all of it, and never rejects: a refusal is an answer.
 */
export type HostCall = (
  op: string,
  args: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
) => Promise<HostAnswer>

export type HostAnswer =
  | { readonly kind: 'reply'; readonly valueText: string; readonly content?: Uint8Array }
  | { readonly kind: 'refuse'; readonly error: ErrorData }

type CallMessage = Extract<ToHost, { type: 'call' }>

/** The host calls of one invocation that have no answer yet, and how long each op was waited for. */
export class HostCalls {
  readonly #call: HostCall
  readonly #crossing: Crossing
  readonly #onAnswer: () => void
  /** Made with the first call: most invocations make none, and a signal costs more than the rest of this object. */
  #aborter: AbortController | undefined
  #isOver = false
  readonly #inFlight = new Map<number, { op: string; startMs: number }>()
  readonly #waitedMs = new Map<string, number>()

  constructor(call: HostCall, crossing: Crossing, onAnswer: () => void) {
    this.#call = call
    this.#crossing = crossing
    this.#onAnswer = onAnswer
  }

  get count(): number {
    return this.#inFlight.size
  }

  /** Starts one call; its answer is posted to the guest, unless the invocation was ended meanwhile. */
  async start({ id, op, args }: CallMessage, content: Uint8Array | undefined): Promise<void> {
    this.#inFlight.set(id, { op, startMs: performance.now() })
    const given = (content === undefined ? args : { ...(args as object), content }) as Readonly<
      Record<string, unknown>
    >
    this.#aborter ??= new AbortController()
    const answer = await this.#call(op, given, this.#aborter.signal)
    this.#endWait(id)
    if (this.#isOver) return
    if (answer.kind === 'reply') {
      this.#crossing.post(`{"type":"reply","id":${id},"value":${answer.valueText}}`, answer.content)
    } else {
      this.#crossing.post(JSON.stringify({ type: 'refuse', id, error: answer.error }))
    }
    this.#onAnswer()
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

  #endWait(id: number): void {
    const call = this.#inFlight.get(id)
    if (call === undefined) return
    this.#inFlight.delete(id)
    this.#waitedMs.set(call.op, (this.#waitedMs.get(call.op) ?? 0) + performance.now() - call.startMs)
  }
}
