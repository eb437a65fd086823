import { randomUUID } from 'node:crypto'
import { mkdtemp, open, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { type RawData, WebSocket } from 'ws'
import { InvalidOptionError, StorageError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { FileAccess } from '../sdk/client-storage.ts'
import { type Cloud, type CloudOptions, createCloudOn } from './cloud.ts'
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
  return createCloudOn({ openSocket, files: new TemporaryFiles() }, options)
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

class TemporaryFiles implements FileAccess {
  #directory: Promise<string> | undefined

  async read(filePath: unknown): Promise<Uint8Array> {
    if (typeof filePath !== 'string' && !(filePath instanceof URL)) {
      throw new InvalidOptionError('filePath', 'filePath must be a path or a file: URL.')
    }
    const file = await open(filePath.toString().startsWith('file:') ? new URL(filePath) : filePath)
    try {
      const { size } = await file.stat()
      if (size > LIMITS.fileBytes) {
        throw new StorageError(
          'STORAGE_FILE_TOO_LARGE',
          `The file has ${size} bytes; one upload takes ${LIMITS.fileBytes} at most.`,
        )
      }
      return await file.readFile()
    } finally {
      await file.close()
    }
  }

  /** Only the extension of `name` is kept, so that no name from the cloud becomes a path here. */
  async saveTemporary(name: string, content: Uint8Array): Promise<string> {
    this.#directory ??= mkdtemp(join(tmpdir(), 'cloudlet-'))
    const extension = /^\.\w{1,16}$/.exec(extname(name))?.[0] ?? ''
    const path = join(await this.#directory, `${randomUUID()}${extension}`)
    await writeFile(path, content, { flag: 'wx', mode: 0o600 })
    return path
  }
}
