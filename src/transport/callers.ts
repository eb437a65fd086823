import { OverloadedError } from '../errors.ts'
import { TokenBucket } from '../token-bucket.ts'
import type { Caller } from '../types.ts'
import type { ByteBudget, ByteShare } from './byte-budget.ts'
import type { ResolvedDoorOptions } from './door-options.ts'
import type { Queue, QueuedCall } from './turns.ts'

/** What one caller has going on at a door, over all sessions. */
export interface CallerLoad {
  readonly key: string
  sessionCount: number
  /** Calls that run or wait for their turn. */
  inFlightCount: number
  /** Those that wait. */
  readonly queue: Set<QueuedCall>
  /** And those of functions, and with large answers. */
  readonly functions: Queue
  readonly large: Queue
  /** What it holds of the budgets of its door. */
  readonly incoming: ByteShare
  readonly outgoing: ByteShare
  readonly kept: ByteShare
  /** Of the calls it may make, where they are bounded. */
  readonly bucket: TokenBucket | undefined
}

export type CallerLimits = Pick<
  ResolvedDoorOptions,
  | 'maxSessionsPerCaller'
  | 'maxCallsPerCaller'
  | 'maxCallsPerSecond'
  | 'maxCallsBurst'
  | 'maxFrameBytes'
  | 'maxBufferedBytes'
>

/** Bytes that all callers of a door may hold together. */
export interface CallerBudgets {
  /** Of what they sent. */
  readonly incoming: ByteBudget
  /** Of answers that wait for who doesn't take them. */
  readonly outgoing: ByteBudget
  /** Of answers that are kept for who comes back. */
  readonly kept: ByteBudget
}

/** When to try again if nobody knows when there will be room, in milliseconds. */
const RETRY_AFTER_MS = 100
const RETRY_SESSION_AFTER_MS = 1000

/** All callers of a door, and how much each may ask of it. */
export class Callers {
  readonly #limits: CallerLimits
  readonly #budgets: CallerBudgets
  readonly #loads = new Map<string, CallerLoad>()

  constructor(limits: CallerLimits, budgets: CallerBudgets) {
    this.#limits = limits
    this.#budgets = budgets
  }

  /** The load of a caller, which is none yet if the caller is new. */
  find(caller: Caller): CallerLoad {
    const key = keyOf(caller)
    const known = this.#loads.get(key)
    if (known !== undefined) return known
    const { maxFrameBytes, maxBufferedBytes } = this.#limits
    const { incoming, outgoing, kept } = this.#budgets
    const load: CallerLoad = {
      ...{ key, sessionCount: 0, inFlightCount: 0, bucket: this.#makeBucket() },
      queue: new Set<QueuedCall>(),
      functions: { queue: new Set<QueuedCall>() },
      large: { queue: new Set<QueuedCall>() },
      incoming: incoming.share(maxFrameBytes),
      outgoing: outgoing.share(maxBufferedBytes),
      kept: kept.share(0),
    }
    this.#loads.set(key, load)
    return load
  }

  /** A session of the caller's begins. @throws {OverloadedError} when it has as many as it may. */
  addSession(load: CallerLoad): void {
    const { maxSessionsPerCaller } = this.#limits
    if (load.sessionCount >= maxSessionsPerCaller) {
      throw new OverloadedError(
        `This caller has ${maxSessionsPerCaller} sessions, its limit. Close some, or raise maxSessionsPerCaller.`,
        RETRY_SESSION_AFTER_MS,
      )
    }
    load.sessionCount++
  }

  removeSession(load: CallerLoad): void {
    load.sessionCount--
    this.#forget(load)
  }

  /** A call of the caller's begins, unless it has too many: the error says so. */
  addCall(load: CallerLoad): OverloadedError | undefined {
    const { maxCallsPerCaller, maxCallsPerSecond } = this.#limits
    if (load.inFlightCount >= maxCallsPerCaller) {
      return new OverloadedError(
        `This caller has ${maxCallsPerCaller} calls in flight, its limit. Wait for some to finish, or raise maxCallsPerCaller.`,
        RETRY_AFTER_MS,
      )
    }
    if (load.bucket?.take(performance.now()) === false) {
      return new OverloadedError(
        `This caller makes more than ${maxCallsPerSecond} calls a second, its limit. Make fewer, or raise maxCallsPerSecond.`,
        Math.ceil(load.bucket.nextMs),
      )
    }
    load.inFlightCount++
    return undefined
  }

  removeCall(load: CallerLoad): void {
    load.inFlightCount--
    if (load.sessionCount === 0) this.#forget(load)
  }

  /** Forgets callers who are gone and may make as many calls as ever. */
  sweep(): void {
    for (const load of this.#loads.values()) this.#forget(load)
  }

  #makeBucket(): TokenBucket | undefined {
    const { maxCallsPerSecond, maxCallsBurst } = this.#limits
    if (maxCallsPerSecond === 0) return undefined
    return new TokenBucket(maxCallsBurst, maxCallsPerSecond, 1000, performance.now())
  }

  /** One who has used its calls up is remembered until it has them again: a new session gives none. */
  #forget(load: CallerLoad): void {
    if (load.sessionCount > 0 || load.inFlightCount > 0) return
    if (load.bucket?.isFull(performance.now()) === false) return
    this.#loads.delete(load.key)
  }
}

/** The same user of the same app, or of the same address where nobody says who it is. */
function keyOf({ openid, appid, clientIp }: Caller): string {
  return openid === undefined ? `@${clientIp ?? ''}` : `${appid ?? ''}\n${openid}`
}
