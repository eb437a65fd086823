/** Who asks. Given to the guest by the host, never by the guest or the client. */
export interface Caller {
  readonly openid?: string
  readonly appid?: string
  readonly unionid?: string
  /** Where the call came from: `wx_client`, `scf`, `wx_client,scf`, … Set by the host when omitted. */
  readonly source?: string
  readonly clientIp?: string
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** One line a function wrote with `console.*`, or one the host wrote for it. */
export interface LogLine {
  readonly level: LogLevel
  readonly message: string
  /** Milliseconds since the Unix epoch. */
  readonly timeMs: number
}

/** Anything that holds resources: `close()` is graceful, idempotent, and the same as `await using`. */
export interface Closable {
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
