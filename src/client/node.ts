import { type RawData, WebSocket } from 'ws'
import { type Cloud, type CloudOptions, createCloudOn } from './cloud.ts'
import { NodeFiles } from './node-files.ts'
import type { OpenSocket } from './socket.ts'

export type { Cloud, CloudOptions } from './cloud.ts'
export type { ConnectionStatus, RemoteCallOptions } from './connection.ts'

/**
 * `wx.cloud` for Node. A `filePath` is a path or a `file:` URL; a downloaded file's `tempFilePath` is in
 * a directory of this process under the system's one for temporary files, the caller's to delete.
 *
 * An open connection keeps the process alive: end with `close()`.
 *
 * @throws {InvalidOptionError}
 */
export function createCloud(options: CloudOptions): Cloud {
  return createCloudOn({ openSocket, files: new NodeFiles() }, options)
}

const openSocket: OpenSocket = (url, events) => {
  const socket = new WebSocket(url, { maxPayload: MESSAGE_BYTES_MAX, perMessageDeflate: false })
  let fault = ''
  socket.on('open', () => events.onOpen())
  socket.on('message', (data, isBinary) => {
    const bytes = toBytes(data)
    events.onMessage(isBinary ? bytes : String(bytes))
  })
  // 'close' follows every 'error', without its reason.
  socket.on('error', error => {
    fault = error.message
  })
  socket.on('close', (code, reason) => events.onClose(code, reason.length > 0 ? reason.toString() : fault))
  return {
    send: message => {
      if (socket.readyState === WebSocket.OPEN) socket.send(message)
    },
    close: (code, reason) => socket.close(code, reason),
  }
}

function toBytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data)
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data
}

/** More than any door's frame limit is likely to be; a bound on what a false door can make a client hold. */
const MESSAGE_BYTES_MAX = 256 * 1024 * 1024
