import { createFailure, type WxError } from './wx-errors.ts'

/** `totalBytesSent` and `totalBytesExpectedToSend` of uploads, `…Written` and `…ToWrite` of downloads. */
type ProgressEvent<Done extends string, Expected extends string> = {
  /** Percent, 0 to 100. A file crosses in one frame, so these two are the only values. */
  readonly progress: number
} & { readonly [Key in `totalBytes${Done}` | `totalBytesExpectedTo${Expected}`]: number }

/** What uploadFile and downloadFile return in callback style. */
export interface TransferTask<Event> {
  /** Fails the call at once. What was already sent still arrives. */
  abort(): void
  onProgressUpdate(listener: (event: Event) => void): void
  offProgressUpdate(listener?: (event: Event) => void): void
  /** The wire has no HTTP headers: listeners get an empty `header` when the answer has come. */
  onHeadersReceived(listener: (event: { header: object }) => void): void
  offHeadersReceived(listener?: (event: { header: object }) => void): void
}

export type UploadTask = TransferTask<ProgressEvent<'Sent', 'Send'>>
export type DownloadTask = TransferTask<ProgressEvent<'Written', 'Write'>>

/** How the running transfer reports to its task. */
export interface Transfer {
  progress(doneBytes: number, totalBytes: number): void
  headers(): void
  /** @throws {WxError} errCode -1 once the task was aborted. */
  requireActive(): void
}

interface TaskOf {
  readonly Sent: UploadTask
  readonly Written: DownloadTask
}

/** Starts a transfer and the task that watches it. `outcome` rejects when the task is aborted first. */
export function startTransfer<Kind extends keyof TaskOf, Result>(
  api: string,
  kind: Kind,
  run: (transfer: Transfer) => Promise<Result>,
): { task: TaskOf[Kind]; outcome: Promise<Result> } {
  const aborted = Promise.withResolvers<never>()
  let abortion: WxError | undefined
  const onProgress = new Listeners()
  const onHeaders = new Listeners()
  const infinitive = kind === 'Sent' ? 'Send' : 'Write'
  const task: TransferTask<unknown> = {
    abort: () => {
      abortion ??= createFailure('client', api, -1, 'abort')
      aborted.reject(abortion)
    },
    onProgressUpdate: listener => onProgress.add(listener),
    offProgressUpdate: listener => onProgress.remove(listener),
    onHeadersReceived: listener => onHeaders.add(listener),
    offHeadersReceived: listener => onHeaders.remove(listener),
  }
  const outcome = run({
    progress: (doneBytes, totalBytes) =>
      onProgress.emit({
        progress: doneBytes === totalBytes ? 100 : 0,
        [`totalBytes${kind}`]: doneBytes,
        [`totalBytesExpectedTo${infinitive}`]: totalBytes,
      }),
    headers: () => onHeaders.emit({ header: {} }),
    requireActive: () => {
      if (abortion) throw abortion
    },
  })
  return { task: task as TaskOf[Kind], outcome: Promise.race([outcome, aborted.promise]) }
}

type Listener = (event: never) => void

class Listeners {
  readonly #listeners = new Set<Listener>()

  add(listener: Listener): void {
    this.#listeners.add(listener)
  }

  /** Without a listener, removes all. */
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
