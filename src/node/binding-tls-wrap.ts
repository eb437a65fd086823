import type { OpResult } from '../protocol/calls.ts'
import { readFailure } from './host-failure.ts'
import { notOffered } from './not-offered.ts'
import { legacyCertificate } from './peer-certificate.ts'
import type { Binding, Realm } from './realm.ts'
import type { ContextOptions } from './secure-context.ts'
import { StreamHandle } from './stream-handle.ts'

const SESSION_MARK = 1

type Secured = OpResult<'network.secure'>

interface NativeContext {
  readonly options: ContextOptions
}

/** TLS, which the host does on its end of the socket: keys and certificates go there, data comes in plain. */
class TLSWrap extends StreamHandle {
  onhandshakedone: (() => void) | undefined
  onerror: ((error: Error) => void) | undefined
  onnewsession: ((id: undefined, session: Uint8Array) => void) | undefined
  // biome-ignore lint/suspicious/noExplicitAny: Node's library has no types.
  readonly #buffers: any
  readonly #inner: StreamHandle
  readonly #context: NativeContext
  readonly #afterWrites: Promise<void>
  #endWrites: () => void = () => {}
  readonly #handshake: Promise<void>
  #endHandshake: () => void = () => {}
  #secured: Secured | undefined
  #servername: string | undefined
  #alpnProtocols: string[] | undefined
  #isVerified = false
  #session: Uint8Array | undefined
  #tellsSessions = false
  #hasEarlyData = false

  constructor(realm: Realm, inner: StreamHandle, context: NativeContext, hasActiveWrite: boolean) {
    super(realm, inner.link)
    this.#buffers = realm.load('buffer').Buffer
    this.#inner = inner
    this.#context = context
    this.#handshake = new Promise(resolve => {
      this.#endHandshake = resolve
    })
    this.#afterWrites = new Promise(resolve => {
      this.#endWrites = resolve
    })
    if (!hasActiveWrite) this.#endWrites()
    // Node's library takes a handle over as it is: one that is read already is not started again.
    this.wantsBytes = inner.wantsBytes
  }

  protected override get isReady(): boolean {
    return this.#secured !== undefined
  }

  protected override untilReady(): Promise<void> {
    return this.#handshake
  }

  writesIssuedByPrevListenerDone(): void {
    this.#endWrites()
  }

  /** Bytes that came before: in the clear, so no part of what follows. */
  receive(): void {
    this.#hasEarlyData = true
  }

  start(): void {
    this.#inner.isTaken = true
    void this.#shakeHands()
  }

  async #shakeHands(): Promise<void> {
    try {
      await this.#afterWrites
      // Whoever started it may still say more of it in this turn.
      await undefined
      const { socket } = this.link
      if (this.isClosed || socket === undefined) return
      if (this.#hasEarlyData) {
        throw Object.assign(new Error('Data came in the clear before TLS began'), { code: 'EPROTO' })
      }
      this.#secured = await this.realm.environment.callHost('network.secure', { socket, ...this.#options() })
    } catch (refused) {
      if (this.isClosed) return
      const { error } = readFailure(this.realm, refused, this.#servername ?? '')
      this.guard(() => this.onerror?.(error))
      return
    }
    if (this.isClosed) return
    // The function may find fault with the certificate: nothing is sent before it has looked.
    this.guard(() => this.onhandshakedone?.())
    this.#endHandshake()
    this.pump()
  }

  #options(): ContextOptions & {
    isVerified: boolean
    servername?: string
    alpnProtocols?: string[]
    session?: string
  } {
    return {
      ...this.#context.options,
      isVerified: this.#isVerified,
      ...(this.#servername === undefined ? {} : { servername: this.#servername }),
      ...(this.#alpnProtocols === undefined ? {} : { alpnProtocols: this.#alpnProtocols }),
      ...(this.#session === undefined
        ? {}
        : { session: this.#buffers.from(this.#session.subarray(1)).toString('base64') }),
    }
  }

  setVerifyMode(_requestsCertificate: boolean, rejectsUnauthorized: boolean): void {
    this.#isVerified = rejectsUnauthorized
  }

  setServername(name: string): void {
    this.#servername = name
  }

  getServername(): string | false {
    return this.#servername ?? false
  }

  /** As on the wire: each behind its length. */
  setALPNProtocols(wire: Uint8Array): void {
    this.#alpnProtocols = []
    for (let offset = 0; offset < wire.length; offset += 1 + (wire[offset] as number)) {
      const start = offset + 1
      const name = this.#buffers
        .from(wire.subarray(start, start + (wire[offset] as number)))
        .toString('latin1')
      this.#alpnProtocols.push(name)
    }
  }

  getALPNNegotiatedProtocol(): string | false {
    return this.#secured?.alpnProtocol ?? false
  }

  setSession(session: Uint8Array): void {
    if (session[0] === SESSION_MARK) this.#session = session
  }

  getSession(): Uint8Array | undefined {
    const session = this.#secured?.session
    return session === undefined ? this.#session : this.#marked(session)
  }

  /**
   * The host's Node puts the server's name before a session, and Node's library here does the same: the mark keeps it
   * from taking the host's for its own.
   */
  #marked(session: string): Uint8Array {
    return this.#buffers.concat([this.#buffers.from([SESSION_MARK]), this.#buffers.from(session, 'base64')])
  }

  enableSessionCallbacks(): void {
    this.#tellsSessions = true
  }

  protected override takeSession(session: string): void {
    if (this.#tellsSessions) this.onnewsession?.(undefined, this.#marked(session))
  }

  isSessionReused(): boolean {
    return this.#secured?.isSessionReused ?? false
  }

  verifyError(): Error | null {
    const code = this.#secured?.authorizationError
    return code ? Object.assign(new Error(code), { code }) : null
  }

  hasPeerCertificate(): boolean {
    return (this.#secured?.certificates.length ?? 0) > 0
  }

  getPeerCertificate(isDetailed: boolean): object | undefined {
    return legacyCertificate(this.#secured?.certificates ?? [], isDetailed, this.#buffers)
  }

  getCipher(): unknown {
    return this.#secured?.cipher
  }

  getProtocol(): string | null {
    return this.#secured?.protocol ?? null
  }

  getEphemeralKeyInfo(): unknown {
    return this.#secured?.ephemeralKey ?? {}
  }

  getCertificate(): object {
    return {}
  }

  getSharedSigalgs(): string[] {
    return []
  }

  setMaxSendFragment(): number {
    return 1
  }

  exportKeyingMaterial(): never {
    throw notOffered('exportKeyingMaterial', 'the keys of a connection stay on the host')
  }

  renegotiate(): never {
    throw notOffered('renegotiate', 'open another connection')
  }

  setKeyCert(): void {}
  getFinished(): undefined {}
  getPeerFinished(): undefined {}
  getTLSTicket(): undefined {}
  getPeerX509Certificate(): undefined {}
  getX509Certificate(): undefined {}
  enableTrace(): void {}
  enableKeylogCallback(): void {}
  requestOCSP(): void {}
  enablePskCallback(): never {
    throw notOffered('pskCallback', 'use certificates')
  }
  destroySSL(): void {}
}

export function makeTlsWrapBinding(realm: Realm): Binding {
  return {
    TLSWrap,
    wrap: (inner: unknown, context: NativeContext, isServer: boolean, hasActiveWrite: boolean) => {
      if (isServer) throw notOffered('TLS servers', 'a function does not listen, it is called')
      return new TLSWrap(realm, inner as StreamHandle, context, hasActiveWrite)
    },
    HAVE_SSL_TRACE: false,
  }
}
