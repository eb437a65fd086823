import { InvalidOptionError } from '../errors.ts'
import type { FileAccess } from '../sdk/client-storage.ts'
import { type Cloud, type CloudOptions, createCloudOn } from './cloud.ts'
import type { OpenSocket } from './socket.ts'

export type { Cloud, CloudOptions } from './cloud.ts'
export type { ConnectionStatus, RemoteCallOptions } from './connection.ts'

/**
 * `wx.cloud` for browsers. A `filePath` may be a Blob or File, an ArrayBuffer or view of one, or a
 * `blob:` or `data:` URL; a downloaded file's `tempFilePath` is a `blob:` URL, the page's to revoke.
 *
 * @throws {InvalidOptionError}
 */
export function createCloud(options: CloudOptions): Cloud {
  return createCloudOn({ openSocket, files }, options)
}

const openSocket: OpenSocket = (url, events) => {
  const socket = new WebSocket(url)
  socket.binaryType = 'arraybuffer'
  socket.onopen = () => events.onOpen()
  socket.onmessage = ({ data }: { data: unknown }) =>
    events.onMessage(data instanceof ArrayBuffer ? new Uint8Array(data) : String(data))
  // Browsers keep the cause of a failure to themselves; 'close' follows every 'error'.
  socket.onclose = ({ code, reason }) => events.onClose(code, reason)
  return {
    send: message => {
      if (socket.readyState === WebSocket.OPEN) socket.send(toOwnBuffer(message))
    },
    close: (code, reason) => socket.close(code, reason),
  }
}

const files: FileAccess = {
  async read(filePath) {
    if (filePath instanceof Blob) return new Uint8Array(await filePath.arrayBuffer())
    if (filePath instanceof ArrayBuffer) return new Uint8Array(filePath)
    if (ArrayBuffer.isView(filePath)) {
      return new Uint8Array(filePath.buffer, filePath.byteOffset, filePath.byteLength)
    }
    if (typeof filePath === 'string' && /^(blob|data):/.test(filePath)) {
      return new Uint8Array(await (await fetch(filePath)).arrayBuffer())
    }
    throw new InvalidOptionError(
      'filePath',
      'In a browser filePath must be a Blob, a File, an ArrayBuffer, or a blob: or data: URL.',
    )
  },
  async saveTemporary(_name, content) {
    return URL.createObjectURL(new Blob([toOwnBuffer(content)]))
  },
}

/** The DOM's types refuse memory that may be shared; none here is. */
function toOwnBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(bytes)
}
