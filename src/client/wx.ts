/** What of a mini-program's `wx` this client uses, by the shapes of its documentation. */
export interface Wx {
  readonly env: { readonly USER_DATA_PATH: string }
  connectSocket(options: {
    readonly url: string
    readonly tcpNoDelay?: boolean
    readonly fail?: (error: WxFailure) => void
  }): SocketTask
  getFileSystemManager(): FileSystemManager
  login(options: WxCallbacks<{ readonly code: string }>): void
  checkSession(options: WxCallbacks<unknown>): void
  /** `''` when there is nothing under the key. */
  getStorageSync(key: string): unknown
  setStorageSync(key: string, data: unknown): void
  removeStorageSync(key: string): void
  downloadFile(
    options: { readonly url: string } & WxCallbacks<{
      readonly statusCode: number
      readonly tempFilePath: string
    }>,
  ): HttpDownloadTask
}

export interface WxFailure {
  readonly errMsg: string
}

export interface WxCallbacks<Result> {
  readonly success: (result: Result) => void
  readonly fail: (error: WxFailure) => void
}

export interface SocketTask {
  onOpen(listener: () => void): void
  onMessage(listener: (event: { readonly data: ArrayBuffer | string }) => void): void
  onClose(listener: (event: { readonly code: number; readonly reason: string }) => void): void
  onError(listener: (error: WxFailure) => void): void
  send(options: { readonly data: ArrayBuffer; readonly fail: (error: WxFailure) => void }): void
  close(options: { readonly code: number; readonly reason: string }): void
}

export interface FileSystemManager {
  getFileInfo(options: { readonly filePath: string } & WxCallbacks<{ readonly size: number }>): void
  /** Part of a file: base library 2.10.0. */
  readFile(
    options: {
      readonly filePath: string
      readonly position: number
      readonly length: number
    } & WxCallbacks<{ readonly data: ArrayBuffer | string }>,
  ): void
  writeFile(options: { readonly filePath: string; readonly data: ArrayBuffer } & WxCallbacks<unknown>): void
  appendFile(options: { readonly filePath: string; readonly data: ArrayBuffer } & WxCallbacks<unknown>): void
  unlink(options: { readonly filePath: string } & WxCallbacks<unknown>): void
}

export interface HttpDownloadTask {
  abort(): void
  onProgressUpdate(listener: (event: HttpProgress) => void): void
}

export interface HttpProgress {
  readonly totalBytesWritten: number
  readonly totalBytesExpectedToWrite: number
}

/** One of wx's APIs as a promise. Rejects with an Error that has wx's own words. */
export function promiseOf<Result>(start: (callbacks: WxCallbacks<Result>) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    start({ success: resolve, fail: ({ errMsg }) => reject(new Error(errMsg)) })
  })
}

/** The memory of a view and no more: wx's APIs take whole buffers. */
export function toBuffer(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) return buffer
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
}
