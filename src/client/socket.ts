/** A WebSocket as the client needs it; each platform has its own. */
export interface ClientSocket {
  send(message: Uint8Array): void
  /** The peer takes lists of messages (protocol/message-list.ts), of so many bytes at most. */
  join?(maxBytes: number): void
  /** Starts the closing handshake. `onClose` may come late, or never on a dead network. */
  close(code: number, reason: string): void
}

/** What a socket tells its owner. Nothing more comes after `onClose`. */
export interface SocketEvents {
  readonly onOpen: () => void
  /** Text where the peer sent a text message, which no door does. */
  readonly onMessage: (message: Uint8Array | string) => void
  /** `code` 1006: there was no close frame, or no connection at all. `reason` then says what the platform knows. */
  readonly onClose: (code: number, reason: string) => void
}

/** Starts to connect. Throws if the platform refuses the URL. */
export type OpenSocket = (url: string, events: SocketEvents) => ClientSocket
