import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { HostClosedError, InternalError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { CLOSE_CODES, type HelloFrame, type WelcomeFrame } from '../protocol/frames.ts'
import type { ResumeRequest } from '../protocol/resume.ts'
import type { Caller } from '../types.ts'
import type { Login } from './auth.ts'
import { ByteBudget } from './byte-budget.ts'
import { type CallerBudgets, type CallerLoad, Callers } from './callers.ts'
import type { ResolvedDoorOptions } from './door-options.ts'
import type { Peer, PeerContext } from './peer.ts'
import { Session } from './session.ts'
import { Turns } from './turns.ts'
import { WriteTurns } from './write-turns.ts'

/** Random bytes of a resume token: as many as nobody guesses. */
const TOKEN_BYTES = 24

/** What a door hears of its peers. */
export interface PeerEvents {
  readonly onWelcome: (peer: Peer) => void
  /** Its socket has closed. */
  readonly onGone: (peer: Peer) => void
}

/** All sessions of a door, those included whose connection broke and whose clients may come back. */
export class Sessions {
  readonly #options: ResolvedDoorOptions
  readonly #context: PeerContext
  readonly #onWelcome: PeerEvents['onWelcome']
  readonly #sessions = new Map<string, Session>()
  /** Broken ones with the time they are given up, the oldest first. */
  readonly #broken = new Map<Session, number>()
  #timer: NodeJS.Timeout | undefined
  #isClosing = false

  constructor(options: ResolvedDoorOptions, { onWelcome, onGone }: PeerEvents) {
    const budgets = {
      incoming: new ByteBudget(options.maxIncomingBytes),
      outgoing: new ByteBudget(options.maxOutgoingBytes),
      kept: new ByteBudget(options.maxKeptBytes),
    }
    this.#onWelcome = onWelcome
    this.#options = options
    this.#context = {
      options,
      call: options.call,
      maxCallsInFlight: options.maxCallsInFlight,
      callers: new Callers(options, budgets),
      turns: new Turns(options.maxCallsRunning),
      functionTurns: new Turns(options.maxCallsRunning),
      largeTurns: new Turns(LIMITS.largeAnswers),
      writeTurns: new WriteTurns(),
      incoming: budgets.incoming,
      toInternalError: cause => this.#toInternalError(cause),
      welcome: (peer, hello, version, found) => this.#welcome(peer, hello, version, found),
      onBroken: session => this.#keep(session),
      onEnd: session => this.#remove(session),
      onKeptExceeded: () => this.#shrink(budgets.kept),
      onIncomingExceeded: () => this.#findLargest('incoming', session => session.unfinishedBytes)?.cut(),
      onOutgoingExceeded: () => this.#findLargest('outgoing', session => session.findUntaken() ?? 0)?.cut(),
      onGone,
    }
  }

  /** What peers of this door are made with. */
  get context(): PeerContext {
    return this.#context
  }

  /** Those whose connection broke. */
  get brokenCount(): number {
    return this.#broken.size
  }

  /** Says goodbye to all, and resolves when their calls have been answered. Nothing can be resumed from here on. */
  async drain(): Promise<void> {
    this.#isClosing = true
    await Promise.all([...this.#sessions.values()].map(session => session.drain()))
  }

  /** Ends all and closes their sockets with a code. */
  close(code: number, reason: string): void {
    for (const session of this.#sessions.values()) session.close(code, reason)
    clearTimeout(this.#timer)
  }

  /** Closes sessions that have had no call for longer than they may, and forgets callers who are gone. */
  sweep(): void {
    const { idleTimeoutMs } = this.#options
    this.#context.callers.sweep()
    if (idleTimeoutMs === 0) return
    const sinceMs = Date.now() - idleTimeoutMs
    for (const session of this.#sessions.values()) {
      if ((session.idleSinceMs ?? Number.POSITIVE_INFINITY) <= sinceMs) {
        session.leave(`No call came for ${idleTimeoutMs} ms.`)
      }
    }
  }

  #welcome(peer: Peer, hello: HelloFrame, version: number, found: Login): Session {
    if (this.#isClosing) throw new HostClosedError('The host is closing.')
    const resumed = hello.resume === undefined ? undefined : this.#resume(hello.resume, found)
    const session = resumed ?? this.#open(hello, found)
    const welcome: WelcomeFrame = {
      ...{ type: 'welcome', version, sessionId: session.id, limits: this.#limits() },
      ...(found.login === undefined ? {} : { login: found.login }),
      ...this.#offer(session, resumed !== undefined),
      ...(hello.takesLists === true ? { takesLists: true } : {}),
    }
    session.attach(peer)
    this.#onWelcome(peer)
    peer.send(welcome)
    return session
  }

  #limits(): WelcomeFrame['limits'] {
    const { maxFrameBytes, maxCallsInFlight } = this.#options
    return { frameBytes: maxFrameBytes, callsInFlight: maxCallsInFlight }
  }

  /** A token is good for one hello, or for more until the client shows that a welcome reached it: each brings another. */
  #offer(session: Session, isResumed: boolean): Pick<WelcomeFrame, 'resume'> {
    if (!session.isResumable) return {}
    session.resumeToken = randomBytes(TOKEN_BYTES).toString('base64url')
    const { resumeToken, lastCallId } = session
    const resume = { resumeToken, windowMs: this.#options.resumeWindowMs, isResumed }
    return { resume: isResumed && lastCallId !== undefined ? { ...resume, lastCallId } : resume }
  }

  #open(hello: HelloFrame, found: Login): Session {
    const { callers } = this.#context
    const load = callers.find(found.caller)
    this.#makeRoom(load)
    callers.addSession(load)
    const wantsResume = hello.isResumable === true || hello.resume !== undefined
    const isResumable = wantsResume && this.#options.resumeWindowMs > 0
    const session = new Session(this.#context, load, found.caller, isResumable)
    this.#sessions.set(session.id, session)
    session.begin(found)
    return session
  }

  /**
   * The session that is asked for, if it is there and theirs who ask. Why it isn't, nobody is told: a client does the
   * same in any case, and another learns nothing.
   */
  #resume({ sessionId, resumeToken, receivedCount }: ResumeRequest, found: Login): Session | undefined {
    const session = this.#sessions.get(sessionId)
    if (session === undefined || !isSameCaller(session.caller, found.caller)) return undefined
    if (!isSame(session.resumeToken, resumeToken) && !isSame(session.usedToken, resumeToken)) return undefined
    session.acknowledge(receivedCount)
    session.resumeToken = ''
    session.usedToken = resumeToken
    this.#broken.delete(session)
    if (!session.isResumable) {
      session.close(CLOSE_CODES.takenOver, 'What this session had answered was too much to be kept.')
      return undefined
    }
    session.begin(found)
    return session
  }

  #keep(session: Session): void {
    const { resumeWindowMs, maxKeptSessions } = this.#options
    if (this.#isClosing) {
      session.end()
      return
    }
    this.#broken.set(session, Date.now() + resumeWindowMs)
    if (this.#broken.size > maxKeptSessions) this.#giveUpOldest()
    this.#timer ??= setTimeout(() => this.#giveUpLate(), resumeWindowMs).unref()
  }

  #shrink(kept: ByteBudget): void {
    while (kept.isExceeded) {
      const largest = this.#findLargest('kept', session => session.keptBytes)
      if (largest === undefined) return
      largest.forgetAnswers()
    }
  }

  /** Of the caller who holds most, the session that does: what one caller does is no other's loss. */
  #findLargest(kind: keyof CallerBudgets, measure: (session: Session) => number): Session | undefined {
    let largest: Session | undefined
    let most = 0
    let mostOfCaller = 0
    for (const session of this.#sessions.values()) {
      const bytes = measure(session)
      if (bytes === 0) continue
      const { usedBytes } = session.load[kind]
      if (usedBytes < mostOfCaller || (usedBytes === mostOfCaller && bytes <= most)) continue
      largest = session
      most = bytes
      mostOfCaller = usedBytes
    }
    return largest
  }

  /** A caller who comes with one session too many gives up a broken one, if there is one. */
  #makeRoom(load: CallerLoad): void {
    if (load.sessionCount < this.#options.maxSessionsPerCaller) return
    for (const session of this.#broken.keys()) {
      if (session.load !== load) continue
      session.end()
      return
    }
  }

  #giveUpLate(): void {
    this.#timer = undefined
    const nowMs = Date.now()
    for (const [session, endsMs] of this.#broken) {
      if (endsMs > nowMs) {
        this.#timer = setTimeout(() => this.#giveUpLate(), endsMs - nowMs).unref()
        return
      }
      session.end()
    }
  }

  #giveUpOldest(): void {
    for (const session of this.#broken.keys()) {
      session.end()
      return
    }
  }

  #remove(session: Session): void {
    this.#sessions.delete(session.id)
    this.#broken.delete(session)
    this.#context.callers.removeSession(session.load)
  }

  #toInternalError(cause: unknown): InternalError {
    const error = new InternalError(randomUUID(), { cause })
    this.#options.onInternalError(error)
    return error
  }
}

/** Takes as long whatever differs. */
function isSame(known: string, given: string): boolean {
  const [a, b] = [Buffer.from(known), Buffer.from(given)]
  return known !== '' && a.length === b.length && timingSafeEqual(a, b)
}

/** All but the address, which changes with the network. */
function isSameCaller(a: Caller, b: Caller): boolean {
  return a.openid === b.openid && a.appid === b.appid && a.unionid === b.unionid && a.source === b.source
}
