import { ProtocolError } from '../errors.ts'
import { checkText, isCount, ownField, requireMap } from './frame-values.ts'

/** Lengths of the text fields, in UTF-16 code units. */
const RESUME_CHARS = Object.freeze({ sessionId: 64, resumeToken: 64 })

/** Which session a hello asks to go on with. */
export interface ResumeRequest {
  readonly sessionId: string
  /** Of the session's last welcome. Works once. */
  readonly resumeToken: string
  /** Results, errors of calls and events of that session the client has received, in all. */
  readonly receivedCount: number
}

/** What a welcome says of taking its session up again. */
export interface ResumeOffer {
  /** For the next hello, if the socket breaks. */
  readonly resumeToken: string
  /** How long the door keeps the session after that, in milliseconds. */
  readonly windowMs: number
  /** The session is the one the client asked for. Else it is new, and what the client waits for is lost. */
  readonly isResumed: boolean
  /** Of a resumed session: the last call the door has received. Calls after it are to be sent again. */
  readonly lastCallId?: number
}

/** @throws {ProtocolError} that names the field at fault. */
export function parseResumeRequest(value: unknown): ResumeRequest {
  const resume = requireMap(value, '"resume" of a hello frame')
  const receivedCount = ownField(resume, 'receivedCount')
  if (!isCount(receivedCount)) throw new ProtocolError('"resume" of a hello frame needs a receivedCount.')
  const sessionId = ownField(resume, 'sessionId')
  const resumeToken = ownField(resume, 'resumeToken')
  return {
    sessionId: checkText(sessionId, RESUME_CHARS.sessionId, '"resume.sessionId" of a hello frame'),
    resumeToken: checkText(resumeToken, RESUME_CHARS.resumeToken, '"resume.resumeToken" of a hello frame'),
    receivedCount,
  }
}

/** @throws {ProtocolError} that names the field at fault. */
export function parseResumeOffer(value: unknown): ResumeOffer {
  const resume = requireMap(value, '"resume" of a welcome frame')
  const windowMs = ownField(resume, 'windowMs')
  const isResumed = ownField(resume, 'isResumed')
  const lastCallId = ownField(resume, 'lastCallId')
  if (!isCount(windowMs) || typeof isResumed !== 'boolean') {
    throw new ProtocolError('"resume" of a welcome frame needs windowMs and isResumed.')
  }
  if (lastCallId !== undefined && !isCount(lastCallId)) {
    throw new ProtocolError('"resume.lastCallId" of a welcome frame must be the id of a call.')
  }
  const token = ownField(resume, 'resumeToken')
  return {
    resumeToken: checkText(token, RESUME_CHARS.resumeToken, '"resume.resumeToken" of a welcome frame'),
    windowMs,
    isResumed,
    ...(lastCallId === undefined ? {} : { lastCallId }),
  }
}
