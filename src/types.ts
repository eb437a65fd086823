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

/** What clients may do with a collection (wxcloud-spec §3.7); "own" are documents with the caller's `_openid`. */
export const PERMISSION_MODES = [
  /** Everyone reads, owners write their own. */
  'READONLY',
  /** Owners read and write their own. The default. */
  'PRIVATE',
  /** Everyone reads, no client writes. */
  'ADMINWRITE',
  /** No client reads or writes. */
  'ADMINONLY',
] as const

export type PermissionMode = (typeof PERMISSION_MODES)[number]

/** An expression of the rule language (wxcloud-spec §3.8), or always, or never. */
export type Rule = string | boolean

/** `create`, `update` and `delete` fall back to `write`; what is missing is never allowed. */
export interface SecurityRules {
  readonly read?: Rule
  readonly write?: Rule
  readonly create?: Rule
  readonly update?: Rule
  readonly delete?: Rule
}

/** What clients may do with a collection. Functions and the host may do everything. */
export type Permission = PermissionMode | SecurityRules

/** Anything that holds resources: `close()` is graceful, idempotent, and the same as `await using`. */
export interface Closable {
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
