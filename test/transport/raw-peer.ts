import { WebSocket } from 'ws'
import { decodeFrame, encodeFrame } from '../../src/protocol/codec.ts'
import { type ClientFrame, parseServerFrame, type ServerFrame } from '../../src/protocol/frames.ts'

/** A client that speaks frame by frame, and can speak nonsense. */
export class RawPeer {
  readonly socket: WebSocket
  /** Every frame received, in order. */
  readonly frames: ServerFrame[] = []
  readonly closed: Promise<{ code: number; reason: string }>
  #listeners: (() => void)[] = []

  constructor(url: string, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(url, { headers, perMessageDeflate: false })
    this.socket.on('error', () => undefined)
    this.socket.on('message', (data: Buffer) => {
      this.frames.push(parseServerFrame(decodeFrame(data)))
      for (const listener of this.#listeners) listener()
    })
    this.closed = new Promise(resolve => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
    })
  }

  /** Connected, nothing said yet. */
  static async connect(url: string, headers?: Record<string, string>): Promise<RawPeer> {
    const peer = new RawPeer(url, headers)
    await new Promise<void>((resolve, reject) => {
      peer.socket.once('open', resolve)
      peer.socket.once('error', reject)
    })
    return peer
  }

  /** Connected and welcomed. */
  static async welcomed(url: string, openid = 'o-1'): Promise<RawPeer> {
    const peer = await RawPeer.connect(url)
    peer.send({ type: 'hello', versions: [1], openid })
    await peer.next('welcome')
    return peer
  }

  send(frame: ClientFrame): void {
    this.socket.send(encodeFrame(frame))
  }

  sendBytes(bytes: Uint8Array | string): void {
    this.socket.send(bytes)
  }

  /** The first frame, received or still to come, that is of this type (and id). Each is given once. */
  async next<Type extends ServerFrame['type']>(
    type: Type,
    id?: number,
  ): Promise<Extract<ServerFrame, { type: Type }>> {
    for (;;) {
      const index = this.frames.findIndex(
        frame => frame.type === type && (id === undefined || ('id' in frame && frame.id === id)),
      )
      if (index >= 0) return this.frames.splice(index, 1)[0] as Extract<ServerFrame, { type: Type }>
      await new Promise<void>((resolve, reject) => {
        this.#listeners.push(resolve)
        void this.closed.then(({ code, reason }) =>
          reject(new Error(`closed ${code} ${reason} before ${type}`)),
        )
      })
    }
  }

  async call(id: number, op: string, args: unknown): Promise<unknown> {
    this.send({ type: 'call', id, op, args })
    return (await this.next('result', id)).result
  }

  terminate(): void {
    this.socket.terminate()
  }
}
