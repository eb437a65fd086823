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

/** WebSockets as page code has them, over Node's. */
export function createSockets(report: Report): SocketApis {
  return {
    connectSocket: options => {
      const outcome = runWxApi('connectSocket', async () => {
        requireWsUrl(options.url)
        return {}
      })
      callBack(options, outcome, report)
      // Without a url there is no socket for a task to stand for, so this throws besides.
      return openSocket(requireWsUrl(options.url), options, report)
    },
  }
}

function openSocket(url: string, options: SocketOptions, report: Report): SocketTask {
  const { header = {}, protocols = [] } = options
  // Node's takes headers too, which the standard's doesn't.
  const socket = Reflect.construct(WebSocket, [url, { protocols, headers: header }]) as WebSocket
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
