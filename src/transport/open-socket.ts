import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { noteWrite } from '../protocol/message-memory.ts'
import { TurnOutbox } from '../protocol/turn-outbox.ts'
import { type ByteAccount, FREE_BYTES } from './byte-budget.ts'
import type { ResolvedDoorOptions } from './door-options.ts'
import type { TurnWriter, WriteTurns } from './write-turns.ts'

/** What a socket tells its owner. */
export interface SocketListener {
  onMessage(message: Uint8Array): void
  /** The peer sent a text message. */
  onText(): void
  /** More came than the socket was limited to. Once: if it goes on after that, it is cut off. */
  onTooMuch(): void
  /** It is taking in a large message while more is coming in from all than may. */
  onExceeded(): void
  /** What was sent has been taken by the network, after a pause for answers. */
  onDrain(): void
  /** The socket is gone, from whichever side. Once. @param isFault The peer broke the WebSocket protocol. */
  onEnd(isFault: boolean): void
}

/** Turns upgrade requests into sockets. */
export class SocketAcceptor {
  readonly #server: WebSocketServer

  constructor(maxFrameBytes: number) {
    const options = {
      clientTracking: false,
      closeTimeout: CLOSE_TIMEOUT_MS,
      maxPayload: maxFrameBytes,
      noServer: true,
      // Off, and no option: docs/protocol.md says why.
      perMessageDeflate: false,
    }
    this.#server = new WebSocketServer(options)
  }

  accept(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    onOpen: (webSocket: WebSocket) => void,
  ): void {
    this.#server.handleUpgrade(request, socket, head, onOpen)
  }

  close(): void {
    this.#server.close()
  }
}

/** Why a socket is not read. */
export const PAUSED_FOR = Object.freeze({ answers: 1, calls: 2 })

/** What the sockets of a door share. */
export interface SocketContext {
  /** What is coming in from who isn't welcomed yet. */
  readonly incoming: ByteAccount
  readonly options: ResolvedDoorOptions
  readonly writeTurns: WriteTurns
}

/** One accepted WebSocket. */
export class OpenSocket implements TurnWriter {
  readonly #webSocket: WebSocket
  readonly #socket: Socket
  readonly #context: SocketContext
  #incoming: ByteAccount
  readonly #bytesBefore: number
  #listener: SocketListener | undefined
  /** Bytes it may send in all; 0 when that is no longer bounded. */
  #limitBytes = 0
  /** Of a message that is not whole yet, as counted there; since when, as far as was looked. */
  #unfinishedBytes = 0
  #unfinishedSinceMs = 0
  #lastReceivedBytes = -1
  #silentCheckCount = 0
  readonly #outbox: TurnOutbox
  #isAtFault = false
  #isClosed = false
  #isCut = false
  #pauses = 0

  constructor(webSocket: WebSocket, socket: Socket, headBytes: number, context: SocketContext) {
    this.#webSocket = webSocket
    this.#socket = socket
    this.#context = context
    this.#incoming = context.incoming
    this.#bytesBefore = socket.bytesRead - headBytes
    this.#outbox = new TurnOutbox({
      send: message => {
        if (webSocket.readyState === webSocket.OPEN) webSocket.send(message, noteWrite(message))
      },
      cork: () => socket.cork(),
      uncork: () => socket.uncork(),
    })
  }

  /** Bytes given to `send` that the network has not taken yet. */
  get bufferedBytes(): number {
    return this.#webSocket.bufferedAmount + this.#outbox.bytes
  }

  /** Bytes of a message that is coming in, when it is large; else 0. */
  get unfinishedBytes(): number {
    return this.#unfinishedBytes > FREE_BYTES ? this.#unfinishedBytes : 0
  }

  /** @param limitBytes What it may send until `liftLimit`. */
  listen(listener: SocketListener, limitBytes: number): void {
    this.#listener = listener
    this.#limitBytes = limitBytes
    // Before ws has them, so that what is counted here is taken off again when it completes a message.
    this.#socket.prependListener('data', (chunk: Buffer) => this.#count(chunk.length))
    this.#webSocket.on('message', (data, isBinary) => this.#receive(data, isBinary))
    const onControl = (data: Buffer): void => this.#receiveControl(data.length)
    this.#webSocket.on('ping', onControl)
    this.#webSocket.on('pong', onControl)
    this.#webSocket.on('close', () => this.#end())
    // ws closes the socket itself after an error (1009 for an oversize message), and 'close' follows.
    this.#webSocket.on('error', () => {
      this.#isAtFault = true
      this.#forget()
    })
  }

  /** @param incoming Where what is coming in is counted from now on. */
  liftLimit(incoming: ByteAccount): void {
    this.#limitBytes = 0
    this.#incoming.remove(this.#unfinishedBytes)
    incoming.add(this.#unfinishedBytes)
    this.#incoming = incoming
  }

  send(message: Uint8Array): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return
    if (this.#outbox.send(message)) this.#context.writeTurns.join(this)
  }

  /** The peer takes lists of messages. */
  join(): void {
    this.#outbox.join(this.#context.options.maxFrameBytes)
  }

  close(code: number, reason: string): void {
    this.#outbox.flush()
    // ws goes on taking in what comes until the peer has closed too.
    if (this.#limitBytes > 0) this.#limitBytes = this.#receivedBytes + CLOSING_BYTES
    this.#isClosed = true
    this.#webSocket.close(code, cutReason(reason))
  }

  /** Cuts the connection, without a close frame. It holds nothing any more. */
  terminate(): void {
    this.#forget()
    this.#isCut = true
    this.#webSocket.terminate()
  }

  /** Reads nothing until it is resumed for each reason it was paused for. */
  pause(reason: number): void {
    if (this.#pauses === 0) this.#webSocket.pause()
    this.#unfinishedSinceMs = 0
    if (reason === PAUSED_FOR.answers && (this.#pauses & reason) === 0) {
      this.#socket.once('drain', () => {
        this.resume(PAUSED_FOR.answers)
        this.#listener?.onDrain()
      })
    }
    this.#pauses |= reason
  }

  resume(reason: number): void {
    if (this.#pauses === 0) return
    this.#pauses &= ~reason
    if (this.#pauses === 0) this.#webSocket.resume()
  }

  /** Ends a connection whose peer has been silent for a whole heartbeat, its pong included. */
  checkAlive(): void {
    // It isn't read: nothing can be heard.
    if ((this.#pauses & PAUSED_FOR.calls) !== 0) return
    const { bytesRead } = this.#socket
    if (bytesRead !== this.#lastReceivedBytes) this.#silentCheckCount = 0
    else if (++this.#silentCheckCount > (this.bufferedBytes > 0 ? SILENT_CHECKS_WHILE_SENDING : 0)) {
      this.terminate()
      return
    }
    this.#lastReceivedBytes = bytesRead
    if (this.#isMessageLate()) {
      this.terminate()
      return
    }
    this.#webSocket.ping()
  }

  endTurn(): void {
    this.#outbox.endTurn()
  }

  get #receivedBytes(): number {
    return this.#socket.bytesRead - this.#bytesBefore
  }

  #count(bytes: number): void {
    // Neither is a message of who is cut off, or broke the protocol: nobody keeps that.
    if (this.#isCut || this.#isAtFault) return
    const heldBytes = this.#unfinishedBytes > 0 ? bytes + CHUNK_BYTES : bytes
    this.#unfinishedBytes += heldBytes
    this.#incoming.add(heldBytes)
    if (this.#limitBytes > 0 && this.#receivedBytes > this.#limitBytes) {
      if (this.#isClosed) this.terminate()
      else this.#listener?.onTooMuch()
    }
    if (this.#unfinishedBytes <= FREE_BYTES) return
    if (this.#incoming.isOverShare) this.terminate()
    else if (this.#incoming.isExceeded) this.#listener?.onExceeded()
  }

  /** Pings and pongs are of no message. The head of one takes 6 bytes. */
  #receiveControl(dataBytes: number): void {
    const bytes = Math.min(this.#unfinishedBytes, dataBytes + 6)
    this.#unfinishedBytes -= bytes
    this.#incoming.remove(bytes)
  }

  #isMessageLate(): boolean {
    if (this.#unfinishedBytes <= FREE_BYTES) return false
    const nowMs = performance.now()
    if (this.#unfinishedSinceMs === 0) this.#unfinishedSinceMs = nowMs
    return nowMs - this.#unfinishedSinceMs > this.#context.options.messageTimeoutMs
  }

  #forget(): void {
    this.#incoming.remove(this.#unfinishedBytes)
    this.#unfinishedBytes = 0
    this.#unfinishedSinceMs = 0
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#forget()
    this.#context.writeTurns.noteReceived()
    if (isBinary) this.#listener?.onMessage(toBytes(data))
    else this.#listener?.onText()
  }

  #end(): void {
    this.#forget()
    this.#isCut = true
    this.#listener?.onEnd(this.#isAtFault)
    this.#listener = undefined
  }
}

/** Time for a peer to answer a close frame before it is cut off. */
export const CLOSE_TIMEOUT_MS = 2000
/** Heartbeats a peer may be silent while it is taking a long answer; its pong waits behind that. */
const SILENT_CHECKS_WHILE_SENDING = 10
/** What each further read of a message takes beside its bytes, about: it may come a byte at a time. */
const CHUNK_BYTES = 256

function toBytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data)
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data
}

/** What a socket that was never welcomed may still send once it is closed: what was on its way. */
const CLOSING_BYTES = 64 * 1024

/** A close frame holds 123 bytes of reason. */
function cutReason(reason: string): string {
  const bytes = Buffer.from(reason)
  if (bytes.length <= 123) return reason
  return `${bytes
    .subarray(0, 119)
    .toString()
    .replace(/\uFFFD+$/, '')}…`
}
