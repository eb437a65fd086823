import { createWriteStream, openAsBlob } from 'node:fs'
import { basename } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { startTask, type Task, type TaskRun, type TransferTask } from './task.ts'
import type { UserFiles } from './user-files.ts'
import { createWxFailure, type Report, requireText, type WxCallbacks } from './wx-api.ts'

interface HttpOptions {
  readonly url: string
  readonly header?: Readonly<Record<string, string>>
  /** Milliseconds; 60000 if not given. */
  readonly timeout?: number
}

export interface RequestOptions extends HttpOptions {
  readonly data?: string | object | ArrayBuffer
  readonly method?: string
  /** `json` (the default) parses what is JSON. */
  readonly dataType?: string
  readonly responseType?: 'text' | 'arraybuffer'
}

export interface RequestResult {
  readonly data: unknown
  readonly statusCode: number
  readonly header: Readonly<Record<string, string>>
  readonly cookies: readonly string[]
}

export interface NetworkApis {
  request(options: RequestOptions & WxCallbacks<RequestResult>): Task
  uploadFile(
    options: HttpOptions & { filePath: string; name: string; formData?: object } & WxCallbacks<RequestResult>,
  ): TransferTask
  downloadFile(
    options: HttpOptions & { filePath?: string } & WxCallbacks<{ tempFilePath: string; statusCode: number }>,
  ): TransferTask
}

type Given = Readonly<Record<string, unknown>>

/** HTTP as page code does it, over fetch. The platform's list of allowed domains is not applied. */
export function createNetwork(files: UserFiles, report: Report): NetworkApis {
  return {
    request: options =>
      startTask('request', options, report, ['totalBytesSent', 'totalBytesExpectedToSend'], request),
    uploadFile: options =>
      startTask('uploadFile', options, report, ['totalBytesSent', 'totalBytesExpectedToSend'], (given, run) =>
        upload(files, given, run),
      ),
    downloadFile: options =>
      startTask(
        'downloadFile',
        options,
        report,
        ['totalBytesWritten', 'totalBytesExpectedToWrite'],
        (given, run) => download(files, given, run),
      ),
  }
}

async function request(given: Given, run: TaskRun): Promise<object> {
  const url = requireHttpUrl('request', given['url'])
  const headers = readHeaders(given['header'])
  const method = typeof given['method'] === 'string' ? given['method'].toUpperCase() : 'GET'
  if (!headers.has('content-type')) headers.set('content-type', 'application/json')
  const body =
    method === 'GET' || method === 'HEAD' ? addToQuery(url, given['data']) : toBody(given['data'], headers)
  const response = await fetch(url, {
    method,
    headers,
    signal: run.signal,
    ...(body === undefined ? {} : { body }),
  })
  const received = run.headers(response)
  const data =
    given['responseType'] === 'arraybuffer'
      ? await response.arrayBuffer()
      : parse(await response.text(), given['dataType'] ?? 'json')
  return { data, statusCode: response.status, ...received }
}

async function upload(files: UserFiles, given: Given, run: TaskRun): Promise<object> {
  const url = requireHttpUrl('uploadFile', given['url'])
  const path = files.toReadable(requireText('uploadFile', 'filePath', given['filePath']))
  const form = new FormData()
  for (const [name, value] of Object.entries(given['formData'] ?? {})) form.append(name, String(value))
  const content = await openAsBlob(path)
  form.append(requireText('uploadFile', 'name', given['name']), content, basename(path))
  const headers = readHeaders(given['header'])
  // fetch writes its own, which has the boundary.
  headers.delete('content-type')
  run.progress(0, content.size)
  const response = await fetch(url, { method: 'POST', headers, body: form, signal: run.signal })
  run.progress(content.size, content.size)
  const received = run.headers(response)
  return { data: await response.text(), statusCode: response.status, ...received }
}

async function download(files: UserFiles, given: Given, run: TaskRun): Promise<object> {
  const url = requireHttpUrl('downloadFile', given['url'])
  const { filePath } = given
  const isNamed = typeof filePath === 'string' && filePath !== ''
  const path = isNamed ? files.toWritable('downloadFile', filePath) : files.createTemporaryPath(url.pathname)
  const response = await fetch(url, { headers: readHeaders(given['header']), signal: run.signal })
  const { header } = run.headers(response)
  const totalBytes = Number(response.headers.get('content-length') ?? 0)
  let doneBytes = 0
  const count = new Transform({
    transform(chunk: Uint8Array, _encoding, next) {
      doneBytes += chunk.byteLength
      run.progress(doneBytes, Math.max(totalBytes, doneBytes))
      next(undefined, chunk)
    },
  })
  // Node's streams of the web can be iterated; the DOM's types, which a test may bring, don't say so.
  const body = (response.body ?? []) as unknown as AsyncIterable<Uint8Array>
  await pipeline(body, count, createWriteStream(path), { signal: run.signal })
  return { [isNamed ? 'filePath' : 'tempFilePath']: path, statusCode: response.status, header }
}

function requireHttpUrl(api: string, given: unknown): URL {
  const text = requireText(api, 'url', given)
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw createWxFailure(api, `invalid url "${text}"`)
}

function readHeaders(given: unknown): Headers {
  const headers = new Headers()
  if (typeof given === 'object' && given !== null) {
    for (const [name, value] of Object.entries(given)) headers.set(name, String(value))
  }
  return headers
}

/** Data of a GET becomes its query, as the platform makes it. */
function addToQuery(url: URL, data: unknown): undefined {
  if (typeof data !== 'object' || data === null) return
  for (const [name, value] of Object.entries(data)) {
    url.searchParams.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value))
  }
}

function toBody(data: unknown, headers: Headers): string | ArrayBuffer | undefined {
  if (data === undefined || typeof data === 'string' || data instanceof ArrayBuffer) return data
  const isForm = headers.get('content-type')?.includes('application/x-www-form-urlencoded') === true
  if (!isForm) return JSON.stringify(data)
  const form = new URL('http://form')
  addToQuery(form, data)
  return form.search.slice(1)
}

/** What is said to be JSON and isn't stays text, as on the platform. */
function parse(text: string, dataType: unknown): unknown {
  if (dataType !== 'json') return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
