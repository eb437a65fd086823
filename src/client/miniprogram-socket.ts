import type { OpenSocket } from './socket.ts'
import { toBuffer, type Wx } from './wx.ts'

/** Sockets of `wx.connectSocket`. A mini-program may have five at once; this client has one, and two as it changes over. */
export function miniProgramSockets(wx: Wx): OpenSocket {
  return (url, events) => {
    let isOver = false
    // A socket that can't be had tells of it by `fail`, by onError, by onClose, or by several of them.
    const end = (code: number, reason: string): void => {
      if (isOver) return
      isOver = true
      events.onClose(code, reason)
    }
    const task = wx.connectSocket({ url, tcpNoDelay: true, fail: ({ errMsg }) => end(1006, errMsg) })
    task.onOpen(() => events.onOpen())
    task.onMessage(({ data }) => {
      if (!isOver) events.onMessage(typeof data === 'string' ? data : new Uint8Array(data))
    })
    task.onClose(({ code, reason }) => end(code, reason))
    task.onError(({ errMsg }) => {
      end(1006, errMsg)
      task.close({ code: 1000, reason: '' })
    })
    return {
      send: message => {
        if (isOver) return
        task.send({
          data: toBuffer(message),
          // What can't be sent is not there for its peer: better an end than a call without an answer.
          fail: ({ errMsg }) => {
            end(1006, errMsg)
            task.close({ code: 1000, reason: '' })
          },
        })
      },
      close: (code, reason) => task.close({ code, reason }),
    }
  }
}
