import { type ErrorData, ProtocolError } from '../errors.ts'
import { FrameFields } from './frame-fields.ts'
import { isCount, ownField, parseErrorData, requireMap } from './frame-values.ts'
import { parseResumeOffer, parseResumeRequest, type ResumeOffer, type ResumeRequest } from './resume.ts'

/**
 * Every frame between a client and the door, one WebSocket binary message each, or several in a list (docs/protocol.md).
 * The client opens with `hello`, the door answers `welcome`; from then on the client sends `call`s with
 * ids of its own choosing and each is answered by exactly one `result` or `error` of that id. A streaming call
 * (calls.ts) is answered by `event`s first, each sent once the one before has its `ack`.
 */
export type ClientFrame =
  | HelloFrame
  | CallFrame
  | CancelFrame
  | AckFrame
  | ReceivedFrame
  | PingFrame
  | GoodbyeFrame
export type ServerFrame = WelcomeFrame | EventFrame | ResultFrame | ErrorFrame | PongFrame | GoodbyeFrame

/** Protocol versions this build speaks, oldest first. */
export const PROTOCOL_VERSIONS: readonly number[] = [1]

export interface HelloFrame {
  readonly type: 'hello'
  /** Protocol versions the client speaks. The door takes the highest it knows too. */
  readonly versions: readonly number[]
  readonly token?: string
  /** Of a login elsewhere, such as `wx.login()`; the door trades it for a token. */
  readonly code?: string
  /** Asked for, not proven: only a development authenticator believes these two. */
  readonly openid?: string
  readonly appid?: string
  /** The client's own name and version, for logs. */
  readonly client?: string
  /**
   * Asks for a session that outlives its socket for a while. The client then counts its calls up, and tells what it
   * has received.
   */
  readonly isResumable?: boolean
  /** The client takes messages that are lists of frames. */
  readonly takesLists?: boolean
  /** The session to go on with, whose socket broke. If it can't be, the client gets another. */
  readonly resume?: ResumeRequest
}

export interface WelcomeFrame {
  readonly type: 'welcome'
  readonly version: number
  readonly sessionId: string
  readonly limits: SessionLimits
  /** A token made for this client: it says hello with that from now on. */
  readonly login?: LoginToken
  /** If the client asked for a session that can be resumed, and the door has such. */
  readonly resume?: ResumeOffer
  /** To a client who does: so does the door. */
  readonly takesLists?: boolean
}

export interface LoginToken {
  readonly token: string
  /** When it ends, in milliseconds since the Unix epoch. */
  readonly expiresMs: number
}

export interface SessionLimits {
  /** Largest message either side may send, in bytes. */
  readonly frameBytes: number
  /** Calls the door runs for this session at once; one more is answered with CLOUDLET_OVERLOADED. */
  readonly callsInFlight: number
}

export interface CallFrame {
  readonly type: 'call'
  /** Chosen by the client, unique among its unanswered calls. */
  readonly id: number
  /** An op of calls.ts; an unknown one is the host's to refuse. */
  readonly op: string
  readonly args: unknown
}

/** Asks the door to give a call up. The call is answered with CLOUDLET_CANCELLED unless its answer is already on its way. */
export interface CancelFrame {
  readonly type: 'cancel'
  readonly id: number
}

/** The client took the event of that number in and is ready for the next. */
export interface AckFrame {
  readonly type: 'ack'
  readonly id: number
  readonly sequence: number
}

/** What the client has received of results, errors of calls and events, so that the door need not keep it any longer. */
export interface ReceivedFrame {
  readonly type: 'received'
  /** All of them, since the session began. */
  readonly count: number
}

export interface EventFrame {
  readonly type: 'event'
  readonly id: number
  /** Counts the events of one call from 1. */
  readonly sequence: number
  readonly event: unknown
}

export interface ResultFrame {
  readonly type: 'result'
  readonly id: number
  readonly result: unknown
}

/** With an id: that call failed. Without: the session did, and the door closes it next. */
export interface ErrorFrame {
  readonly type: 'error'
  readonly id?: number
  readonly error: ErrorData
}

export interface PingFrame {
  readonly type: 'ping'
  readonly nonce: number
}

export interface PongFrame {
  readonly type: 'pong'
  readonly nonce: number
}

/** No new calls from (client) or for (door) the one who sends it; calls in flight are still answered. */
export interface GoodbyeFrame {
  readonly type: 'goodbye'
  readonly reason?: string
}

/** Why a session's socket was closed. Below 4000: RFC 6455's own. */
export const CLOSE_CODES = Object.freeze({
  goodbye: 1000,
  goingAway: 1001,
  textMessage: 1003,
  tooLarge: 1009,
  internal: 1011,
  protocol: 4400,
  unauthenticated: 4401,
  helloTimeout: 4408,
  takenOver: 4409,
  version: 4426,
  overloaded: 4429,
})

/** Lengths of the text fields, in UTF-16 code units. */
export const FIELD_CHARS = Object.freeze({
  token: 8192,
  code: 256,
  openid: 128,
  appid: 128,
  client: 128,
  op: 64,
  sessionId: 64,
  reason: 256,
})

/** @throws {ProtocolError} that names the field at fault. */
export function parseClientFrame(value: unknown): ClientFrame {
  const fields = new FrameFields(value, FIELD_CHARS)
  switch (fields.type) {
    case 'hello':
      return {
        type: 'hello',
        versions: fields.versions(),
        ...fields.optionalText('token'),
        ...fields.optionalText('code'),
        ...fields.optionalText('openid'),
        ...fields.optionalText('appid'),
        ...fields.optionalText('client'),
        ...fields.optionalFlag('isResumable'),
        ...fields.optionalFlag('takesLists'),
        ...(fields.has('resume') ? { resume: parseResumeRequest(fields.value('resume')) } : {}),
      }
    case 'call':
      fields.only(['id', 'op', 'args'])
      return { type: 'call', id: fields.integer('id'), op: fields.text('op'), args: fields.value('args') }
    case 'cancel':
      fields.only(['id'])
      return { type: 'cancel', id: fields.integer('id') }
    case 'ack':
      fields.only(['id', 'sequence'])
      return { type: 'ack', id: fields.integer('id'), sequence: fields.integer('sequence') }
    case 'received':
      fields.only(['count'])
      return { type: 'received', count: fields.integer('count') }
    case 'ping':
      fields.only(['nonce'])
      return { type: 'ping', nonce: fields.integer('nonce') }
    case 'goodbye':
      fields.only(['reason'])
      return { type: 'goodbye', ...fields.optionalText('reason') }
    default:
      throw new ProtocolError(
        `A client doesn't send frames of type ${JSON.stringify(fields.type.slice(0, 40))}.`,
      )
  }
}

/** @throws {ProtocolError} that names the field at fault. */
export function parseServerFrame(value: unknown): ServerFrame {
  const fields = new FrameFields(value, FIELD_CHARS)
  switch (fields.type) {
    case 'welcome':
      return {
        type: 'welcome',
        version: fields.integer('version'),
        sessionId: fields.text('sessionId'),
        limits: parseLimits(fields.value('limits')),
        ...(fields.has('login') ? { login: parseLoginToken(fields.value('login')) } : {}),
        ...(fields.has('resume') ? { resume: parseResumeOffer(fields.value('resume')) } : {}),
        ...fields.optionalFlag('takesLists'),
      }
    case 'event': {
      fields.only(['id', 'sequence', 'event'])
      const [id, sequence] = [fields.integer('id'), fields.integer('sequence')]
      return { type: 'event', id, sequence, event: fields.value('event') }
    }
    case 'result':
      fields.only(['id', 'result'])
      return { type: 'result', id: fields.integer('id'), result: fields.value('result') }
    case 'error': {
      fields.only(['id', 'error'])
      const error = parseErrorData(fields.value('error'))
      return fields.has('id') ? { type: 'error', id: fields.integer('id'), error } : { type: 'error', error }
    }
    case 'pong':
      fields.only(['nonce'])
      return { type: 'pong', nonce: fields.integer('nonce') }
    case 'goodbye':
      fields.only(['reason'])
      return { type: 'goodbye', ...fields.optionalText('reason') }
    default:
      throw new ProtocolError(
        `A door doesn't send frames of type ${JSON.stringify(fields.type.slice(0, 40))}.`,
      )
  }
}

function parseLimits(value: unknown): SessionLimits {
  const limits = requireMap(value, '"limits" of a welcome frame')
  const frameBytes = ownField(limits, 'frameBytes')
  const callsInFlight = ownField(limits, 'callsInFlight')
  if (!isCount(frameBytes) || !isCount(callsInFlight) || frameBytes === 0 || callsInFlight === 0) {
    throw new ProtocolError('"limits" of a welcome frame needs frameBytes and callsInFlight above 0.')
  }
  return { frameBytes, callsInFlight }
}

function parseLoginToken(value: unknown): LoginToken {
  const login = requireMap(value, '"login" of a welcome frame')
  const token = ownField(login, 'token')
  const expiresMs = ownField(login, 'expiresMs')
  if (typeof token !== 'string' || token === '' || token.length > FIELD_CHARS.token || !isCount(expiresMs)) {
    throw new ProtocolError('"login" of a welcome frame needs a token and expiresMs.')
  }
  return { token, expiresMs }
}
