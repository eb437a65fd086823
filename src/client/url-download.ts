import type { FetchUrl } from '../sdk/local-files.ts'
import type { HttpDownloadTask, Wx } from './wx.ts'

/** Downloads by `wx.downloadFile`. Rejects with wx's own words, or with the status the host answered. */
export function fetchByUrl(wx: Wx): FetchUrl {
  return (url, { signal, onProgress }) =>
    new Promise((resolve, reject) => {
      const stop = (): void => task.abort()
      const end = (settle: () => void): void => {
        signal.removeEventListener('abort', stop)
        settle()
      }
      const task: HttpDownloadTask = wx.downloadFile({
        url,
        success: ({ statusCode, tempFilePath }) =>
          end(() => {
            if (statusCode === 200) resolve(tempFilePath)
            else reject(new Error(`downloadFile:fail the host answered with status ${statusCode}`))
          }),
        fail: ({ errMsg }) => end(() => reject(new Error(errMsg))),
      })
      task.onProgressUpdate(({ totalBytesWritten, totalBytesExpectedToWrite }) =>
        onProgress(totalBytesWritten, totalBytesExpectedToWrite),
      )
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop)
    })
}
