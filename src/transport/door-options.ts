import type { Readable } from 'node:stream'
import type { Cancellation } from '../cancellation.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Caller } from '../types.ts'
import type { Authenticate } from './auth.ts'
import {
  HTTP_OPTION_NAMES,
  type HttpOptions,
  type ResolvedHttpOptions,
  resolveHttpOptions,
} from './http-options.ts'
import { requireInteger } from './integer-option.ts'
import { MAX_DELAY_MS } from './wait.ts'

/** One call of a session, as the door hands it on. Nothing in it has been checked but its frame. */
export interface DoorCall {
  readonly op: string
  readonly args: unknown
  readonly caller: Caller
  /** Cancelled when the client cancels the call or its session ends. */
  readonly cancellation: Cancellation
  /** For streaming ops: sends an event, and resolves when the client has taken it in. */
  readonly emit?: (event: unknown) => Promise<void>
}

/** What a signed URL leads to. */
export type FileAnswer =
  | {
      readonly kind: 'found'
      readonly contentType: string
      readonly sizeBytes: number
      /** SHA-256 of the bytes, lower-case hex. */
      readonly sha256: string
      /** Milliseconds since the Unix epoch. */
      readonly modifiedMs?: number
      /** When the right to the file ends, in milliseconds since the Unix epoch. */
      readonly expiresMs?: number
      /**
       * Opens the bytes; before, nothing is. The door reads a stream to its end or destroys it. Rejects with
       * STORAGE_FILE_NONEXIST when the file is no longer the one told of here.
       *
       * @param range `end` is exclusive. @default all of it
       */
      readonly open: (range?: { start: number; end: number }) => Promise<Readable | Uint8Array>
    }
  | { readonly kind: 'refused'; readonly status: 403 | 404; readonly message: string }

export interface DoorOptions extends HttpOptions {
  readonly authenticate: Authenticate
  /** Runs one call. A CloudletError it rejects with goes to the client as it is; any other becomes an InternalError. */
  readonly call: (call: DoorCall) => Promise<unknown>
  /** Answers `GET <path>/storage/<file>?…`; `path` is what follows `/storage/`, still percent-encoded. */
  readonly serveFile: (request: { path: string; query: URLSearchParams }) => Promise<FileAnswer>
  /** Body of `GET <path>/healthz`. Answered with 503 if it has `isHealthy: false`. */
  readonly health: () => object
  /** Hears of every fault that a client is only told an incident id of. */
  readonly onInternalError: (error: unknown) => void
  /**
   * Largest message either side may send, in bytes: a 20 MB file and its frame fit.
   * @default 25165824
   */
  readonly maxFrameBytes?: number
  /**
   * Calls one session may have running; one more is answered with CLOUDLET_OVERLOADED.
   * @default 256
   */
  readonly maxCallsInFlight?: number
  /**
   * Calls one caller may have in flight over all sessions; one more is answered with CLOUDLET_OVERLOADED. A caller is an
   * openid, or an address for callers without one.
   * @default 512
   */
  readonly maxCallsPerCaller?: number
  /**
   * Calls of all sessions that run at once: so many of functions, and so many others. The rest wait, and callers take
   * turns, so that none is held up by what another has waiting.
   * @default 1024
   */
  readonly maxCallsRunning?: number
  /**
   * Calls one caller may make per second over all sessions, on the average; those above are answered with
   * CLOUDLET_OVERLOADED and `retryAfterMs`. 0: as many as it can, since what is too many is the application's to say.
   * @default 0
   */
  readonly maxCallsPerSecond?: number
  /**
   * Calls a caller who was quiet may make at once before `maxCallsPerSecond` holds.
   * @default 100
   */
  readonly maxCallsBurst?: number
  /**
   * Sessions at once, those not yet welcomed included; one more gets HTTP 503, or the place of the one that has not said
   * hello for longest if more than half have not.
   * @default 10000
   */
  readonly maxSessions?: number
  /**
   * Sessions one caller may have, broken ones that are kept included; one more is refused with 4429.
   * @default 100
   */
  readonly maxSessionsPerCaller?: number
  /**
   * Sockets from one address that are not yet welcomed; one more gets HTTP 429. Behind a proxy all come from one.
   * @default 256
   */
  readonly maxUnwelcomedPerAddress?: number
  /**
   * Bytes of answers that may wait for one session that reads slowly, before it is dropped. From a megabyte on the door
   * reads no more calls from it.
   * @default 67108864
   */
  readonly maxBufferedBytes?: number
  /**
   * Bytes of answers that may wait for all sessions that read slowly, together; above it the connection with most is cut, of
   * the caller with most. One caller may have a quarter.
   * @default 536870912
   */
  readonly maxOutgoingBytes?: number
  /**
   * Bytes of what clients sent and is not done with: messages that are still coming in, and what the arguments of calls
   * in flight take in memory, about. Above it the connection with the largest message coming in is cut, of the caller with
   * most, and a call of more than 64 KB is answered with CLOUDLET_OVERLOADED. One caller may have a quarter.
   * @default 536870912
   */
  readonly maxIncomingBytes?: number
  /**
   * Milliseconds a session whose connection broke is kept, with its calls and the answers its client has not yet
   * received, for the client to come back. 0: not at all.
   * @default 30000
   */
  readonly resumeWindowMs?: number
  /**
   * Broken sessions kept at once; of more, the oldest are given up.
   * @default 10000
   */
  readonly maxKeptSessions?: number
  /**
   * Bytes of answers not yet received by their clients that all sessions keep together, about. Above it those of the session
   * with most are given up, of the caller with most: it can't be resumed for a while, and ends if it is broken.
   * @default 268435456
   */
  readonly maxKeptBytes?: number
  /**
   * Milliseconds a session has for its hello.
   * @default 5000
   */
  readonly helloTimeoutMs?: number
  /**
   * Milliseconds `authenticate` has for its answer.
   * @default 10000
   */
  readonly authenticateTimeoutMs?: number
  /**
   * Milliseconds one message of more than 64 KB may take to come in. Looked at with each heartbeat.
   * @default 300000
   */
  readonly messageTimeoutMs?: number
  /**
   * Milliseconds between checks that a silent session's peer is still there. A dead one is noticed within two.
   * @default 30000
   */
  readonly heartbeatMs?: number
  /**
   * Milliseconds after which a session without a call is told goodbye and closed. 0: never.
   * @default 0
   */
  readonly idleTimeoutMs?: number
  /**
   * Milliseconds `close()` waits for calls in flight before it aborts them.
   * @default 10000
   */
  readonly drainTimeoutMs?: number
  /**
   * Lets a development authenticator serve clients that are not on this machine.
   * @default false
   */
  readonly exposeDevelopmentAuthenticator?: boolean
}

export type ResolvedDoorOptions = Required<Omit<DoorOptions, keyof HttpOptions>> & ResolvedHttpOptions

const DEFAULTS = Object.freeze({
  authenticateTimeoutMs: 10_000,
  drainTimeoutMs: 10_000,
  exposeDevelopmentAuthenticator: false,
  heartbeatMs: 30_000,
  helloTimeoutMs: 5000,
  idleTimeoutMs: 0,
  maxBufferedBytes: 64 * 1024 * 1024,
  maxCallsBurst: 100,
  maxCallsInFlight: 256,
  maxCallsPerCaller: 512,
  maxCallsPerSecond: 0,
  maxCallsRunning: 1024,
  maxFrameBytes: 24 * 1024 * 1024,
  maxIncomingBytes: 512 * 1024 * 1024,
  maxKeptBytes: 256 * 1024 * 1024,
  maxKeptSessions: 10_000,
  maxOutgoingBytes: 512 * 1024 * 1024,
  maxSessions: 10_000,
  maxSessionsPerCaller: 100,
  maxUnwelcomedPerAddress: 256,
  messageTimeoutMs: 300_000,
  resumeWindowMs: 30_000,
})

/** What may be set of a door, wherever it is. */
export const DOOR_OPTION_NAMES: readonly string[] = [
  ...Object.keys(DEFAULTS),
  ...HTTP_OPTION_NAMES,
  'authenticate',
]

/** @throws {InvalidOptionError} that names the option at fault. */
export function resolveDoorOptions(options: DoorOptions): ResolvedDoorOptions {
  const { authenticate, call, serveFile, health, onInternalError } = options
  for (const [name, value] of Object.entries({ authenticate, call, serveFile, health, onInternalError })) {
    if (typeof value !== 'function') throw new InvalidOptionError(name, `${name} must be a function.`)
  }
  const expose = options.exposeDevelopmentAuthenticator ?? DEFAULTS.exposeDevelopmentAuthenticator
  if (typeof expose !== 'boolean') {
    throw new InvalidOptionError(
      'exposeDevelopmentAuthenticator',
      'exposeDevelopmentAuthenticator must be true or false.',
    )
  }
  return Object.freeze({
    ...resolveHttpOptions(options),
    authenticate,
    call,
    serveFile,
    health,
    onInternalError: error => report(onInternalError, error),
    exposeDevelopmentAuthenticator: expose,
    ...requireIntegers(options),
  })
}

type NumberOption = {
  [name in keyof typeof DEFAULTS]: (typeof DEFAULTS)[name] extends number ? name : never
}[keyof typeof DEFAULTS]

/** The least and the most of each. */
const RANGES: Readonly<Record<NumberOption, readonly [min: number, max: number]>> = {
  authenticateTimeoutMs: [1, MAX_DELAY_MS],
  drainTimeoutMs: [0, MAX_DELAY_MS],
  heartbeatMs: [10, MAX_DELAY_MS],
  helloTimeoutMs: [1, MAX_DELAY_MS],
  idleTimeoutMs: [0, MAX_DELAY_MS],
  maxBufferedBytes: [1024, Number.MAX_SAFE_INTEGER],
  maxCallsBurst: [1, 1_000_000],
  maxCallsInFlight: [1, 1_000_000],
  maxCallsPerCaller: [1, 1_000_000],
  maxCallsPerSecond: [0, 1_000_000],
  maxCallsRunning: [1, 1_000_000],
  maxFrameBytes: [1024, 1024 * 1024 * 1024],
  maxIncomingBytes: [1024, Number.MAX_SAFE_INTEGER],
  maxKeptBytes: [0, Number.MAX_SAFE_INTEGER],
  maxKeptSessions: [0, 1_000_000],
  maxOutgoingBytes: [1024, Number.MAX_SAFE_INTEGER],
  maxSessions: [1, 1_000_000],
  maxSessionsPerCaller: [1, 1_000_000],
  maxUnwelcomedPerAddress: [1, 1_000_000],
  messageTimeoutMs: [1, MAX_DELAY_MS],
  resumeWindowMs: [0, MAX_DELAY_MS],
}

function requireIntegers(options: DoorOptions): Readonly<Record<NumberOption, number>> {
  const resolved: Partial<Record<NumberOption, number>> = {}
  for (const [name, [min, max]] of Object.entries(RANGES) as [NumberOption, readonly [number, number]][]) {
    resolved[name] = requireInteger(name, options[name] ?? DEFAULTS[name], min, max)
  }
  return resolved as Readonly<Record<NumberOption, number>>
}

/** A hook that fails must not take a session's error path with it. */
function report(onInternalError: (error: unknown) => void, error: unknown): void {
  try {
    onInternalError(error)
  } catch (fault) {
    process.emitWarning(`onInternalError threw ${String(fault)} while it was told of ${String(error)}.`)
  }
}
