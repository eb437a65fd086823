import { errorToData, OverloadedError, ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { ACTING_OPS } from '../protocol/acting-ops.ts'
import type { ToHost } from '../protocol/bridge.ts'
import type { Crossing } from './crossing.ts'
import type { HostAnswer, HostCall } from './host-call.ts'
import { BrokenBridge } from './incoming.ts'
import { answerBytes, LargeAnswers } from './large-answers.ts'
import type { Meter } from './meter.ts'

/** What one invocation may ask of the host. */
export interface HostCallLimits {
  /** Host calls in all, those answered included. */
  readonly hostCalls: number
  /** Bytes of files and characters of arguments that they send, in all. */
  readonly hostCallBytes: number
}

/** The invocation the calls are of. */
export interface HostCallAsker {
  readonly call: HostCall
  readonly meter: Meter
  readonly limits: HostCallLimits
}

type Reply = Extract<HostAnswer, { kind: 'reply' }>
type CallMessage = Extract<ToHost, { type: 'call' }>

interface Waiting {
  readonly op: string
  readonly sizeBytes: number
  readonly isBackground: boolean
}

/** Calls of one op that overlap are one wait. */
interface Wait {
  count: number
  sinceMs: number
  totalMs: number
}

/** The host calls of one invocation that have no answer yet, and how long each op was waited for. */
export class HostCalls {
  readonly #asker: HostCallAsker
  readonly #crossing: Crossing
  #startedCount = 0
  #askedCount = 0
  #sentBytes = 0
  /** Made with the first call: most invocations make none, and a signal costs more than the rest of this object. */
  #aborter: AbortController | undefined
  #isOver = false
  #bytesInFlight = 0
  #backgroundCount = 0
  /** Of what was sent, what came before the guest's turn. */
  #sentBeforeTurn = 0
  /** Calls that start at the end of the turn. */
  readonly #held: (() => void)[] = []
  /** Made with the first call that has a large answer. */
  #large: LargeAnswers | undefined
  /** The answer the guest's thread waits for, until it has all of it. */
  #asked: number | undefined
  /** Made with the first call, as the aborter. */
  #inFlight: Map<number, Waiting> | undefined
  #waits: Map<string, Wait> | undefined
  #hasActed = false

  constructor(asker: HostCallAsker, crossing: Crossing) {
    this.#asker = asker
    this.#crossing = crossing
  }

  /** Those that have no answer yet and keep the invocation from its end. */
  get count(): number {
    return (this.#inFlight?.size ?? 0) - this.#backgroundCount
  }

  /** Whether any was made. */
  get hasStarted(): boolean {
    return this.#inFlight !== undefined
  }

  /** Whether any may have changed something outside the isolate. */
  get hasActed(): boolean {
    return this.#hasActed
  }

  /**
   * Starts one call; its answer is posted to the guest, or written into `shared` if the guest's thread waits there,
   * unless the invocation was ended meanwhile.
   *
   * @throws {BrokenBridge} for an id in use, or more than the runtime lets a guest have waiting.
   */
  start(message: CallMessage, content: Uint8Array | undefined, shared: unknown): void {
    const { id, op, args } = message
    const sizeBytes = content?.byteLength ?? 0
    this.#bytesInFlight += sizeBytes
    this.#inFlight ??= new Map()
    if (
      this.#inFlight.has(id) ||
      this.#inFlight.size >= LIMITS.hostCallsInFlight ||
      this.#bytesInFlight > LIMITS.hostCallSizeInFlight
    ) {
      throw new BrokenBridge('A call beyond those an invocation may have waiting.')
    }
    if (message.window !== undefined) this.#openWindow(id, message.window, shared)
    const isBackground = message.background === true
    this.#inFlight.set(id, { op, sizeBytes, isBackground })
    if (isBackground) this.#backgroundCount++
    this.#beginWait(op)
    this.#aborter ??= new AbortController()
    const refusal = message.window === undefined ? this.#refuse(op, sizeBytes) : this.#refuseAsked(op)
    if (refusal !== undefined) {
      this.#endWait(id)
      this.#answer(id, refusal)
      return
    }
    if (ACTING_OPS.has(op)) this.#hasActed = true
    const given = content === undefined ? args : { ...(args as object), content }
    const { signal } = this.#aborter
    const run = (onTaken?: () => void): void => {
      void this.#asker.call(op, given as Readonly<Record<string, unknown>>, signal).then(answer => {
        this.#endWait(id)
        if (!this.#isOver) this.#answer(id, answer, onTaken)
      })
    }
    // The thread that waits for one answer takes it at once.
    if (message.window !== undefined) run()
    else this.#runInTurn(answerBytes(op, args), run)
  }

  /** A turn that sends and sends takes no answer before its end, if it has one: what it asks for beyond a measure can wait. */
  #runInTurn(largeBytes: number, run: (onTaken?: () => void) => void): void {
    const start = largeBytes === 0 ? run : () => this.#runLarge(largeBytes, run)
    const turnSize = this.#sentBytes - this.#sentBeforeTurn
    if (turnSize > LIMITS.hostTurnSize && this.#crossing.isEntered) this.#held.push(start)
    else start()
  }

  /** The guest's turn is over. */
  endTurn(): void {
    this.#sentBeforeTurn = this.#sentBytes
    for (const start of this.#held.splice(0)) start()
  }

  #runLarge(bytes: number, run: (onTaken: () => void) => void): void {
    this.#large ??= new LargeAnswers()
    const large = this.#large
    large.run(bytes, () => run(() => large.taken(bytes)))
  }

  /**
   * The guest has read one piece of an answer and waits for the next.
   *
   * @throws {BrokenBridge} if there is none.
   */
  continue(id: number): void {
    const { window } = this.#crossing
    if (window === undefined || this.#asked !== id || this.#inFlight?.has(id) === true) {
      throw new BrokenBridge('Nothing more to read.')
    }
    window.next()
    if (window.isDone) this.#asked = undefined
  }

  #openWindow(id: number, place: number, shared: unknown): void {
    // A thread that waits for one answer can't ask for another.
    if (this.#asked !== undefined) throw new BrokenBridge('A call while the thread waits for another.')
    if (place >= 0) this.#crossing.openWindow(shared)
    if (this.#crossing.window === undefined)
      throw new BrokenBridge('A call without the window for its answer.')
    this.#asked = id
  }

  /** Counts the text of calls that crossed together. */
  addText(chars: number): void {
    this.#sentBytes += chars
  }

  /** Of calls that the thread waits for there is one at a time: what they send is no burden, only how many they are. */
  #refuseAsked(op: string): HostAnswer | undefined {
    this.#askedCount++
    return this.#askedCount <= LIMITS.hostAsks
      ? undefined
      : refuse(op, `More than ${LIMITS.hostAsks} synchronous calls of Node's modules in one invocation.`)
  }

  /** An invocation that calls without end is told so, and goes on without. */
  #refuse(op: string, sizeBytes: number): HostAnswer | undefined {
    const { hostCalls, hostCallBytes } = this.#asker.limits
    this.#startedCount++
    this.#sentBytes += sizeBytes
    const isOver =
      this.#startedCount > hostCalls
        ? `More than ${hostCalls} host calls in one invocation (maxHostCalls).`
        : this.#sentBytes > hostCallBytes
          ? `More than ${hostCallBytes} bytes of host calls in one invocation (maxHostCallMb).`
          : undefined
    return isOver === undefined ? undefined : refuse(op, `${isOver} The host sets the limit.`)
  }

  /** Aborts what is under way; no more answers are posted. */
  end(): void {
    this.#isOver = true
    this.#large?.end()
    this.#held.length = 0
    this.#take(this.#asker.meter.untakenChars)
    if ((this.#inFlight?.size ?? 0) > 0) this.#aborter?.abort()
  }

  /** Wall time waited so far, in milliseconds, by op; calls still under way included. */
  waitedMs(): Record<string, number> {
    const nowMs = performance.now()
    const total = [...(this.#waits ?? [])].map(([op, { count, sinceMs, totalMs }]) => [
      op,
      count > 0 ? totalMs + nowMs - sinceMs : totalMs,
    ])
    return Object.fromEntries(total)
  }

  #answer(id: number, answer: HostAnswer, onTaken?: () => void): void {
    const { window } = this.#crossing
    if (window !== undefined && this.#asked === id) {
      window.open(answer)
      if (window.isDone) this.#asked = undefined
    } else if (answer.kind === 'reply' && this.#hasRoom(answer.valueText)) {
      this.#postReply(id, answer, onTaken)
    } else {
      const { errorText } = answer.kind === 'reply' ? refuseLarge() : answer
      this.#crossing.post(`{"type":"refuse","id":${id},"error":${errorText}}`, undefined, onTaken)
    }
  }

  #postReply(id: number, { valueText, content }: Reply, onTaken: (() => void) | undefined): void {
    this.#asker.meter.untakenChars += valueText.length
    this.#crossing.post(`{"type":"reply","id":${id},"value":${valueText}}`, content, () => {
      if (!this.#isOver) this.#take(valueText.length)
      onTaken?.()
    })
  }

  #take(chars: number): void {
    const { meter } = this.#asker
    meter.untakenChars -= chars
    meter.onTaken?.()
  }

  /** A guest that asks and asks, and never lets the answers in, would fill the host's memory with them. */
  #hasRoom({ length }: string): boolean {
    const { waitingChars } = this.#crossing
    return waitingChars === 0 || waitingChars + length <= LIMITS.hostAnswerChars
  }

  #beginWait(op: string): void {
    this.#waits ??= new Map()
    const wait = this.#waits.get(op)
    if (wait === undefined) {
      this.#waits.set(op, { count: 1, sinceMs: performance.now(), totalMs: 0 })
      return
    }
    if (wait.count === 0) wait.sinceMs = performance.now()
    wait.count++
  }

  #endWait(id: number): void {
    const call = this.#inFlight?.get(id)
    const wait = call === undefined ? undefined : this.#waits?.get(call.op)
    if (call === undefined || wait === undefined) return
    this.#inFlight?.delete(id)
    this.#bytesInFlight -= call.sizeBytes
    if (call.isBackground) this.#backgroundCount--
    wait.count--
    if (wait.count === 0) wait.totalMs += performance.now() - wait.sinceMs
  }
}

function refuse(op: string, message: string): HostAnswer {
  return { kind: 'refuse', errorText: JSON.stringify(errorToData(new ValueError(op, message))) }
}

function refuseLarge() {
  const message = `More than ${LIMITS.hostAnswerChars} characters of answers wait for the function, whose thread is busy. Await some before asking for more.`
  return { errorText: JSON.stringify(errorToData(new OverloadedError(message))) }
}
