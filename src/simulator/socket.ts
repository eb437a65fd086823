import {
  callBack,
  createWxApi,
  createWxFailure,
  type Report,
  requireText,
  runWxApi,
  type WxApi,
  type WxCallbacks,
} from './wx-api.ts'

type Listener<Event extends object> = (event: Event) => void

/** What `wx.connectSocket` returns. */
export interface SocketTask {
  readonly send: WxApi<{ data: string | ArrayBuffer }>
  readonly close: WxApi<{ code?: number; reason?: string }>
  onOpen(listener: Listener<object>): void
  onMessage(listener: Listener<{ data: string | ArrayBuffer }>): void
  onError(listener: Listener<{ errMsg: string }>): void
  onClose(listener: Listener<{ code: number; reason: string }>): void
}

export interface SocketOptions {
  readonly url: string
  readonly header?: Readonly<Record<string, string>>
  readonly protocols?: readonly string[]
}

export interface SocketApis {
  connectSocket(options: SocketOptions & WxCallbacks<object>): SocketTask
}

/** The WebSockets of one user, as page code has them, over Node's. */
export class Sockets {
  readonly #report: Report
  readonly #open = new Set<WebSocket>()
  #isClosed = false
  readonly apis: SocketApis = { connectSocket: options => this.#connect(options) }

  constructor(report: Report) {
    this.#report = report
  }

  /** Closes those there are, and refuses others. */
  close(): void {
    this.#isClosed = true
    for (const socket of this.#open) socket.close()
  }

  #connect(options: SocketOptions & WxCallbacks<object>): SocketTask {
    const outcome = runWxApi('connectSocket', async () => {
      this.#requireUrl(options.url)
      return {}
    })
    callBack(options, outcome, this.#report)
    // Without a url there is no socket for a task to stand for, so this throws besides.
    const url = this.#requireUrl(options.url)
    const { header = {}, protocols = [] } = options
    // Node's takes headers too, which the standard's doesn't.
    const socket = Reflect.construct(WebSocket, [url, { protocols, headers: header }]) as WebSocket
    this.#open.add(socket)
    socket.addEventListener('close', () => this.#open.delete(socket))
    return toTask(socket, this.#report)
  }

  #requireUrl(given: unknown): string {
    if (this.#isClosed) throw createWxFailure('connectSocket', 'interrupted: the user was closed')
    return requireWsUrl(given)
  }
}

function toTask(socket: WebSocket, report: Report): SocketTask {
  socket.binaryType = 'arraybuffer'
  const listeners = { open: [], message: [], error: [], close: [] } as Record<string, Listener<never>[]>
  const tell = (name: string, event: object): void => {
    for (const listener of listeners[name] ?? []) {
      try {
        Reflect.apply(listener, undefined, [event])
      } catch (error) {
        report(error)
      }
    }
  }
  socket.addEventListener('open', () => tell('open', { header: {} }))
  socket.addEventListener('message', ({ data }: { data: unknown }) => tell('message', { data }))
  socket.addEventListener('error', event => {
    const message: unknown = Reflect.get(event, 'message')
    tell('error', {
      errMsg: typeof message === 'string' && message !== '' ? message : 'the connection failed',
    })
  })
  socket.addEventListener('close', ({ code, reason }) => tell('close', { code, reason }))
  const add = (name: string) => (listener: Listener<never>) => void listeners[name]?.push(listener)
  return {
    send: createWxApi('sendSocketMessage', report, ({ data }: { data: string | ArrayBuffer }) => {
      if (socket.readyState !== WebSocket.OPEN)
        throw createWxFailure('sendSocketMessage', 'the socket is not open')
      socket.send(data)
      return {}
    }),
    close: createWxApi(
      'closeSocket',
      report,
      ({ code = 1000, reason = '' }: { code?: number; reason?: string }) => {
        socket.close(code, reason)
        return {}
      },
    ),
    onOpen: add('open'),
    onMessage: add('message'),
    onError: add('error'),
    onClose: add('close'),
  }
}

function requireWsUrl(given: unknown): string {
  const url = requireText('connectSocket', 'url', given)
  if (URL.canParse(url) && /^wss?:/.test(url)) return url
  throw createWxFailure('connectSocket', `invalid url "${url}"`)
}
