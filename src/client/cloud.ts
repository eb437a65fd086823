import { InvalidOptionError } from '../errors.ts'
import { FIELD_CHARS } from '../protocol/frames.ts'
import { type ClientCloud, createClientCloud } from '../sdk/client-cloud.ts'
import type { FetchUrl, FileAccess } from '../sdk/local-files.ts'
import type { Closable } from '../types.ts'
import { Connection, type ConnectionStatus } from './connection.ts'
import { Credentials, type TokenStore } from './credentials.ts'
import { type RetryPlan, resumingWatches } from './resuming-watch.ts'
import type { OpenSocket } from './socket.ts'

export interface CloudOptions {
  /** Where the host listens: `ws://` or `wss://`, as `server.url` tells it. */
  readonly url: string
  /** Sent to the host's authenticator at each connect. */
  readonly token?: string
  /**
   * Gives the code of a login for a host to trade for a token: what `wx.login()` gives, text of at most 256 characters.
   * Asked when there is no token, or the host refused it.
   */
  readonly getLoginCode?: () => Promise<string>
  /** Who to be, for a host with a development login. Others ignore it. */
  readonly openid?: string
  /** Which app to be, likewise. */
  readonly appid?: string
  /**
   * Milliseconds each call has, connecting included.
   * @default 60000
   */
  readonly timeoutMs?: number
  /**
   * Milliseconds a connection has until the host's welcome.
   * @default 10000
   */
  readonly connectTimeoutMs?: number
  /** Hears of every change of `status`. */
  readonly onStatusChange?: (status: ConnectionStatus) => void
}

/** `wx.cloud` over one connection, which the first call opens and a call after a drop opens again. */
export interface Cloud extends ClientCloud, Closable {
  readonly status: ConnectionStatus
  /** One op of the wire protocol, below wx.cloud, with a signal and a timeout of its own. */
  readonly call: Connection['call']
}

/** What differs between a browser, Node and others. */
export interface ClientPlatform {
  readonly openSocket: OpenSocket
  readonly files: FileAccess
  /** Makes downloads go by the files' temporary URLs. */
  readonly fetchUrl?: FetchUrl
  /** Keeps the token of a login for the program's next run. */
  readonly tokenStore?: TokenStore
}

/**
 * Makes a client. Nothing connects before the first call.
 *
 * @throws {InvalidOptionError}
 */
export function createCloudOn(platform: ClientPlatform, options: CloudOptions): Cloud {
  const { token, openid, appid, getLoginCode, onStatusChange = () => {} } = options
  const connection = new Connection({
    url: requireUrl(options.url),
    openSocket: platform.openSocket,
    credentials: new Credentials(
      {
        ...textOption('token', token),
        ...textOption('openid', openid),
        ...textOption('appid', appid),
      },
      requireFunction('getLoginCode', getLoginCode),
      platform.tokenStore,
    ),
    timeoutMs: requireDelay('timeoutMs', options.timeoutMs ?? 60_000),
    connectTimeoutMs: requireDelay('connectTimeoutMs', options.connectTimeoutMs ?? 10_000),
    pongTimeoutMs: PONG_TIMEOUT_MS,
    heartbeatMs: HEARTBEAT_MS,
    onStatusChange,
  })
  const { call } = connection
  return {
    ...createClientCloud({
      call,
      files: platform.files,
      fetchUrl: platform.fetchUrl,
      openWatch: resumingWatches(connection, RETRY_PLAN),
    }),
    call,
    get status() {
      return connection.status
    },
    close: () => connection.close(),
    [Symbol.asyncDispose]: () => connection.close(),
  }
}

function requireUrl(url: unknown): string {
  if (typeof url !== 'string' || !/^wss?:\/\/[^\s/?#]+(?:[/?#]\S*)?$/i.test(url)) {
    throw new InvalidOptionError(
      'url',
      `url must look like "ws://127.0.0.1:7780", not ${JSON.stringify(url)}.`,
    )
  }
  return url
}

function textOption<Name extends 'token' | 'openid' | 'appid'>(
  name: Name,
  value: unknown,
): { readonly [option in Name]?: string } {
  const option: { [option in Name]?: string } = {}
  if (value === undefined) return option
  if (typeof value !== 'string' || value.length > FIELD_CHARS[name]) {
    throw new InvalidOptionError(name, `${name} must be text of at most ${FIELD_CHARS[name]} characters.`)
  }
  option[name] = value
  return option
}

function requireFunction<Value extends CloudOptions['getLoginCode']>(
  name: 'getLoginCode',
  value: Value,
): Value {
  if (value !== undefined && typeof value !== 'function') {
    throw new InvalidOptionError(name, `${name} must be a function.`)
  }
  return value
}

function requireDelay(name: 'timeoutMs' | 'connectTimeoutMs', value: number): number {
  if (!Number.isInteger(value) || value < 1 || value > MAX_DELAY_MS) {
    throw new InvalidOptionError(
      name,
      `${name} must be an integer from 1 to ${MAX_DELAY_MS}, not ${String(value)}.`,
    )
  }
  return value
}

/** Longest delay a timer can hold. */
const MAX_DELAY_MS = 2 ** 31 - 1
/** A host that is there answers a ping at once; this allows for a slow network. */
const PONG_TIMEOUT_MS = 5000
/** A host that died without a word is noticed within three of these, while something is watched. */
const HEARTBEAT_MS = 10_000
/** Half a minute in all: about as long as the platform's own client tries. */
const RETRY_PLAN: RetryPlan = { attempts: 10, firstDelayMs: 250, longestDelayMs: 5000 }
