import { InvalidOptionError } from '../errors.ts'
import type { FileAccess } from '../sdk/local-files.ts'
import { type Cloud, type CloudOptions, createCloudOn } from './cloud.ts'
import { Sha256 } from './sha256.ts'
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
  createHash: () => new Sha256(),
  async open(filePath) {
    const blob = await toBlob(filePath)
    return {
      sizeBytes: blob.size,
      async read(offset, length) {
        const content = new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer())
        if (content.length < length) throw new Error('The file is shorter than it was when it was opened.')
        return content
      },
      async close() {},
    }
  },
  async create() {
    const parts: Blob[] = []
    return {
      async write(content) {
        parts.push(new Blob([toOwnBuffer(content)]))
      },
      // Without a type: a page that navigates to it must not run what somebody uploaded.
      finish: async () => URL.createObjectURL(new Blob(parts)),
      async discard() {
        parts.length = 0
      },
    }
  },
}

async function toBlob(filePath: unknown): Promise<Blob> {
  if (filePath instanceof Blob) return filePath
  if (filePath instanceof ArrayBuffer) return new Blob([filePath])
  if (ArrayBuffer.isView(filePath)) {
    return new Blob([toOwnBuffer(new Uint8Array(filePath.buffer, filePath.byteOffset, filePath.byteLength))])
  }
  if (typeof filePath === 'string' && /^(blob|data):/.test(filePath)) return (await fetch(filePath)).blob()
  throw new InvalidOptionError(
    'filePath',
    'In a browser filePath must be a Blob, a File, an ArrayBuffer, or a blob: or data: URL.',
  )
}

/** The DOM's types refuse memory that may be shared; none here is. */
function toOwnBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(bytes)
}
