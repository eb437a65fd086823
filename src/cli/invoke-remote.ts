import { createCloud } from '../client/node.ts'
import { InvalidOptionError } from '../errors.ts'
import type { OpArgs } from '../protocol/calls.ts'

export interface RemoteOptions {
  /** Where the host listens, `ws://…`. */
  readonly url: string
  /** Who to be on a host with a development login. Not sent beside a token. */
  readonly openid: string
  readonly token?: string
}

/** The longest a function may take anywhere, and some for the way. */
const TIMEOUT_MS = 910_000

/**
 * Calls a function of a running host over WebSocket.
 *
 * @throws {CloudletError} of the host's own code, or CLOUDLET_CONNECTION.
 */
export async function invokeRemotely(name: string, event: object, options: RemoteOptions): Promise<unknown> {
  const { url, openid, token } = options
  if (!/^wss?:\/\//.test(url)) {
    throw new InvalidOptionError(
      'url',
      `--url must look like ws://127.0.0.1:7780, not ${JSON.stringify(url)}.`,
    )
  }
  await using cloud = createCloud({
    url,
    timeoutMs: TIMEOUT_MS,
    ...(token === undefined ? { openid } : { token }),
  })
  // The event has come from JSON text, so it is plain JSON.
  const data = event as NonNullable<OpArgs<'functions.invoke'>['data']>
  const { result } = await cloud.call('functions.invoke', { name, data })
  return result
}
