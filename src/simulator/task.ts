import { guard } from './guard.ts'
import { callBack, createWxFailure, type Report, readOptions, runWxApi } from './wx-api.ts'

type Listener = (event: object) => void

/** What `wx.request`, `wx.uploadFile` and `wx.downloadFile` return. */
export interface Task {
  /** Fails the call at once with `<api>:fail abort`. */
  abort(): void
  onHeadersReceived(listener: Listener): void
  offHeadersReceived(listener?: Listener): void
}

/** The task of a transfer, which tells how far it is. */
export interface TransferTask extends Task {
  onProgressUpdate(listener: Listener): void
  offProgressUpdate(listener?: Listener): void
}

/** How the work reports to its task. */
export interface TaskRun {
  readonly signal: AbortSignal
  headers(response: Response): { header: Record<string, string>; cookies: string[] }
  progress(doneBytes: number, totalBytes: number): void
}

const DEFAULT_TIMEOUT_MS = 60_000

/** Starts a call that has a task. Such calls have callbacks only, as on the platform: no promise is returned. */
export function startTask(
  api: string,
  given: unknown,
  report: Report,
  progressNames: readonly [done: string, total: string],
  work: (options: Readonly<Record<string, unknown>>, run: TaskRun) => Promise<object>,
): TransferTask {
  const options = { ...readOptions(given) } as Readonly<Record<string, unknown>>
  const abortion = new AbortController()
  const timeout = AbortSignal.timeout(readTimeout(options['timeout']))
  const onHeaders = new Set<Listener>()
  const onProgress = new Set<Listener>()
  const tell = (listeners: ReadonlySet<Listener>, event: object): void => {
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        report(error)
      }
    }
  }
  const outcome = runWxApi(api, async () => {
    try {
      return await work(options, {
        signal: AbortSignal.any([abortion.signal, timeout]),
        headers: response => {
          const received = {
            header: Object.fromEntries(response.headers),
            cookies: response.headers.getSetCookie(),
          }
          tell(onHeaders, { ...received, statusCode: response.status })
          return received
        },
        progress: (doneBytes, totalBytes) => {
          const progress = totalBytes === 0 ? 100 : Math.floor((doneBytes / totalBytes) * 100)
          tell(onProgress, { progress, [progressNames[0]]: doneBytes, [progressNames[1]]: totalBytes })
        },
      })
    } catch (error) {
      if (abortion.signal.aborted) throw createWxFailure(api, 'abort', error)
      if (timeout.aborted) throw createWxFailure(api, 'timeout', error)
      throw describeFault(api, error)
    }
  })
  callBack(options, outcome, report)
  const task: TransferTask = {
    abort: () => abortion.abort(),
    onHeadersReceived: listener => void onHeaders.add(listener),
    offHeadersReceived: listener => remove(onHeaders, listener),
    onProgressUpdate: listener => void onProgress.add(listener),
    offProgressUpdate: listener => remove(onProgress, listener),
  }
  return guard(`The task of wx.${api}`, task, () => '')
}

/** Anything but a delay that a timer can hold is taken as not given. */
function readTimeout(given: unknown): number {
  return typeof given === 'number' && given >= 1 && given < 2 ** 31 ? Math.floor(given) : DEFAULT_TIMEOUT_MS
}

/** fetch says only that it failed; why is in the cause. */
function describeFault(api: string, error: unknown): unknown {
  const cause: unknown = error instanceof TypeError ? error.cause : undefined
  return cause instanceof Error ? createWxFailure(api, cause.message, error) : error
}

function remove(listeners: Set<Listener>, listener: Listener | undefined): void {
  if (listener === undefined) listeners.clear()
  else listeners.delete(listener)
}
