import type { CloudletError } from '../errors.ts'
import type { ServerFrame } from '../protocol/frames.ts'

/** Who is at the other end of the socket a session is on. */
export interface SessionPeer {
  /** Of answers that wait for the network, when they are many; else 0. */
  readonly slowBytes: number
  /** Of a message that is coming in. */
  readonly unfinishedBytes: number
  send(frame: ServerFrame): void
  sendMessage(message: Uint8Array): void
  /** Whether calls hold so much that no more are to be read. */
  holdCalls(isHeld: boolean): void
  /** Cuts the connection. The session goes on without it if it can be resumed. */
  cut(): void
  /** Closes the socket, which has nothing to do with the session any more. */
  leave(code: number, reason: string): void
  /** The same, with an error frame before. */
  fail(error: CloudletError, code: number): void
}
