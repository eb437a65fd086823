import type { ServerResponse } from 'node:http'

/** Looks within one time limit. It is over after as many with nothing taken, however late each of them was. */
const LOOKS = 4

/**
 * Cuts an answer's connection when its peer takes nothing of it for so long. Whether the peer sends something doesn't
 * count, as it would with the socket's own timeout.
 */
export function cutWhenStalled(response: ServerResponse, stallTimeoutMs: number): void {
  let takenBytes = -1
  let idleLooks = 0
  const look = (): void => {
    const { socket } = response
    // While an earlier answer has the connection, this one can't be taken; and there must be something to take.
    const isWaiting = socket !== null && socket.writableLength > 0
    const nowTakenBytes = isWaiting ? socket.bytesWritten - socket.writableLength : -1
    idleLooks = isWaiting && nowTakenBytes === takenBytes ? idleLooks + 1 : 0
    takenBytes = nowTakenBytes
    if (idleLooks >= LOOKS) response.destroy()
  }
  const timer = setInterval(look, Math.ceil(stallTimeoutMs / LOOKS))
  timer.unref()
  const stop = (): void => clearInterval(timer)
  response.once('finish', stop)
  response.once('close', stop)
}
