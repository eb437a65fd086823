import { createFailure, type WxError } from './wx-errors.ts'

/** Of an upload's progress. */
export interface UploadProgress {
  /** Percent, 0 to 100, a whole number. */
  readonly progress: number
  readonly totalBytesSent: number
  readonly totalBytesExpectedToSend: number
}

/** Of a download's progress. */
export interface DownloadProgress {
  /** Percent, 0 to 100, a whole number. */
  readonly progress: number
  readonly totalBytesWritten: number
  readonly totalBytesExpectedToWrite: number
}

export interface TransferHeaders {
  /** Empty: the wire has no HTTP headers. */
  readonly header: object
}

/** What uploadFile and downloadFile return in callback style. */
export interface TransferTask<Progress> {
  /** Fails the call at once and stops the transfer; nothing of it stays, here or on the host. */
  abort(): void
  /** Hears of each chunk of 1 MiB that arrived. */
  onProgressUpdate(listener: (event: Progress) => void): void
  /** Without a listener, removes all. */
  offProgressUpdate(listener?: (event: Progress) => void): void
  /** Called once, when the host has answered for the first time. */
  onHeadersReceived(listener: (event: TransferHeaders) => void): void
  /** Without a listener, removes all. */
  offHeadersReceived(listener?: (event: TransferHeaders) => void): void
}

export type UploadTask = TransferTask<UploadProgress>
export type DownloadTask = TransferTask<DownloadProgress>

/** How the running transfer reports to its task. */
export interface Transfer {
  /** Aborts when the task is aborted, and when the transfer has ended, however it did. */
  readonly signal: AbortSignal
  progress(doneBytes: number, totalBytes: number): void
}

interface TaskOf {
  readonly Sent: UploadTask
  readonly Written: DownloadTask
}

/** Starts a transfer and the task that watches it. `outcome` rejects as soon as the task is aborted. */
export function startTransfer<Kind extends keyof TaskOf, Result>(
  api: string,
  kind: Kind,
  run: (transfer: Transfer) => Promise<Result>,
): { task: TaskOf[Kind]; outcome: Promise<Result> } {
  const controller = new AbortController()
  let fail: (abortion: WxError) => void = () => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    fail = reject
  })
  const onProgress = new Listeners()
  const onHeaders = new Listeners()
  const infinitive = kind === 'Sent' ? 'Send' : 'Write'
  let hasHeaders = false
  const task: TransferTask<never> = {
    abort: () => {
      fail(createFailure('client', api, -1, 'abort'))
      controller.abort()
    },
    onProgressUpdate: listener => onProgress.add(listener),
    offProgressUpdate: listener => onProgress.remove(listener),
    onHeadersReceived: listener => onHeaders.add(listener),
    offHeadersReceived: listener => onHeaders.remove(listener),
  }
  const progress = (doneBytes: number, totalBytes: number): void => {
    if (controller.signal.aborted) return
    if (!hasHeaders) onHeaders.emit({ header: {} })
    hasHeaders = true
    onProgress.emit({
      progress: doneBytes === totalBytes ? 100 : Math.floor((doneBytes / totalBytes) * 100),
      [`totalBytes${kind}`]: doneBytes,
      [`totalBytesExpectedTo${infinitive}`]: totalBytes,
    })
  }
  const running = run({ signal: controller.signal, progress })
  const outcome = Promise.race([running, aborted])
  const end = (): void => controller.abort()
  void outcome.then(end, end)
  return { task: task as TaskOf[Kind], outcome }
}

type Listener = (event: never) => void

class Listeners {
  readonly #listeners = new Set<Listener>()

  add(listener: Listener): void {
    this.#listeners.add(listener)
  }

  remove(listener?: Listener): void {
    if (listener === undefined) this.#listeners.clear()
    else this.#listeners.delete(listener)
  }

  /** A listener that throws is an unhandled rejection of its own: the transfer goes on. */
  emit(event: object): void {
    for (const listener of this.#listeners) {
      void Promise.resolve().then(() => Reflect.apply(listener, undefined, [event]))
    }
  }
}
