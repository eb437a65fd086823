import { appendFile, open, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import type { FileSystemManager, HttpDownloadTask, SocketTask, Wx, WxCallbacks } from '../../src/client/wx.ts'

/** Sockets that a mini-program may have at once. */
const SOCKETS_MAX = 5

/**
 * A `wx` for one context: sockets of ws, files on disk under one directory, downloads by fetch. Buffers are made in the
 * context, as in a mini-program, which has only one realm.
 */
export class TestWx implements Wx {
  /** Set by the program, as in app.js. */
  cloud: unknown
  readonly env = { USER_DATA_PATH: 'wxfile://usr' }
  readonly #directory: string
  readonly #Buffer: ArrayBufferConstructor
  readonly #sockets = new Set<WebSocket>()
  loginCount = 0
  checkCount = 0
  /** Whether WeChat still knows the session of the last login. */
  hasSession = false
  /** What is kept on the phone, as JSON by key. */
  readonly kept: Map<string, string>
  /** The storage of the phone is full. */
  isFull = false
  /** The code of a login, as WeChat gives one to a phone. */
  giveCode: () => string = () => `code-${this.loginCount}`
  downloadCount = 0
  abortCount = 0
  /** Messages that came over its sockets. */
  messageCount = 0

  /**
   * @param Buffer the context's own ArrayBuffer
   * @param before the program's earlier launch on the same phone
   */
  constructor(directory: string, Buffer: ArrayBufferConstructor, before?: TestWx) {
    this.kept = before?.kept ?? new Map()
    this.hasSession = before?.hasSession ?? false
    if (before !== undefined) this.giveCode = before.giveCode
    this.#directory = directory
    this.#Buffer = Buffer
  }

  /** Where a path of `wx` lies on disk. */
  placeOf(path: string): string {
    return path.startsWith('wxfile://') ? join(this.#directory, path.slice('wxfile://'.length)) : path
  }

  connectSocket({ url, fail }: Parameters<Wx['connectSocket']>[0]): SocketTask {
    const failed = this.#sockets.size >= SOCKETS_MAX
    const socket = failed ? undefined : new WebSocket(url, { perMessageDeflate: false })
    if (socket === undefined) {
      setTimeout(() => fail?.({ errMsg: 'connectSocket:fail exceed max task count' }))
    } else {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => {})
    }
    return {
      onOpen: listener => socket?.on('open', () => listener()),
      onMessage: listener =>
        socket?.on('message', (data: Buffer, isBinary) => {
          this.messageCount++
          listener({ data: isBinary ? this.#toBuffer(data) : data.toString() })
        }),
      onClose: listener =>
        socket?.on('close', (code, reason) => listener({ code, reason: reason.toString() })),
      onError: listener => socket?.on('error', ({ message }) => listener({ errMsg: message })),
      send: ({ data, fail: failSend }) =>
        socket?.send(new Uint8Array(data), error => {
          if (error) failSend({ errMsg: `sendSocketMessage:fail ${error.message}` })
        }),
      close: ({ code, reason }) => socket?.close(code, reason),
    }
  }

  /** Cuts what there is, without a word. */
  cutSockets(): void {
    for (const socket of this.#sockets) socket.terminate()
  }

  login({ success }: Parameters<Wx['login']>[0]): void {
    this.loginCount++
    this.hasSession = true
    const code = this.giveCode()
    setTimeout(() => success({ code }))
  }

  checkSession({ success, fail }: Parameters<Wx['checkSession']>[0]): void {
    this.checkCount++
    setTimeout(() => (this.hasSession ? success({}) : fail({ errMsg: 'checkSession:fail session expired' })))
  }

  getStorageSync(key: string): unknown {
    const text = this.kept.get(key)
    return text === undefined ? '' : JSON.parse(text)
  }

  setStorageSync(key: string, data: unknown): void {
    if (this.isFull) throw new Error('setStorageSync:fail exceed storage max size 10Mb')
    this.kept.set(key, JSON.stringify(data))
  }

  removeStorageSync(key: string): void {
    this.kept.delete(key)
  }

  getFileSystemManager(): FileSystemManager {
    return {
      getFileInfo: given =>
        settle('getFileInfo', given, async () => ({ size: (await stat(this.placeOf(given.filePath))).size })),
      readFile: given =>
        settle('readFile', given, async () => {
          const { position, length } = given
          const file = await open(this.placeOf(given.filePath))
          try {
            const { size } = await file.stat()
            // As wx has it: from 1 to what there is.
            if (length < 1 || position + length > size)
              throw new Error('the value of "length" is out of range')
            const content = Buffer.alloc(length)
            await file.read(content, 0, length, position)
            return { data: this.#toBuffer(content) }
          } finally {
            await file.close()
          }
        }),
      writeFile: given =>
        settle('writeFile', given, () => writeFile(this.placeOf(given.filePath), this.#bytesOf(given.data))),
      appendFile: given =>
        settle('appendFile', given, async () => {
          // appendFile of wx is for files that are there.
          await stat(this.placeOf(given.filePath))
          await appendFile(this.placeOf(given.filePath), this.#bytesOf(given.data))
        }),
      unlink: given => settle('unlink', given, () => unlink(this.placeOf(given.filePath))),
    }
  }

  downloadFile(given: Parameters<Wx['downloadFile']>[0]): HttpDownloadTask {
    this.downloadCount++
    const controller = new AbortController()
    const listeners: Parameters<HttpDownloadTask['onProgressUpdate']>[0][] = []
    settle('downloadFile', given, async () => {
      const response = await fetch(given.url, { signal: controller.signal })
      const content = Buffer.from(await response.arrayBuffer())
      const tempFilePath = `wxfile://tmp_${this.downloadCount}`
      await writeFile(this.placeOf(tempFilePath), content)
      for (const listener of listeners) {
        listener({ totalBytesWritten: content.length, totalBytesExpectedToWrite: content.length })
      }
      return { statusCode: response.status, tempFilePath }
    })
    return {
      abort: () => {
        this.abortCount++
        controller.abort()
      },
      onProgressUpdate: listener => void listeners.push(listener),
    }
  }

  #toBuffer(content: Uint8Array): ArrayBuffer {
    const buffer = new this.#Buffer(content.length)
    new Uint8Array(buffer).set(content)
    return buffer
  }

  /** wx takes ArrayBuffers and no views of them. */
  #bytesOf(data: unknown): Uint8Array {
    if (data instanceof this.#Buffer) return new Uint8Array(data)
    throw new Error('parameter error: parameter.data should be String or ArrayBuffer')
  }
}

function settle<Result>(
  api: string,
  { success, fail }: WxCallbacks<Result>,
  work: () => Promise<Result>,
): void {
  work().then(success, error => fail({ errMsg: `${api}:fail ${error.message}` }))
}
