import type { OpResult } from '../protocol/calls.ts'
import { readFailure } from './host-failure.ts'
import { notOffered } from './not-offered.ts'
import type { Binding, Realm } from './realm.ts'
import { StreamHandle } from './stream-handle.ts'

const SERVER = 1
/** Why no server of a function listens, and what to do instead. */
export const NO_LISTENING =
  'nothing can reach it there. It is called with host.invoke, callFunction, or through the door of the host; answer with what the handler returns'

class TCPConnectWrap {
  oncomplete: ((status: number, ...args: unknown[]) => void) | undefined
  address: string | undefined
  port: number | undefined
}

/** A socket of the host's: it connects, within the function's policy, and never listens. */
class TcpHandle extends StreamHandle {
  #ends: OpResult<'network.connect'> | undefined

  constructor(realm: Realm, type: number) {
    if (type === SERVER) throw notOffered('listening sockets', NO_LISTENING)
    super(realm, { socket: undefined })
  }

  connect(request: TCPConnectWrap, address: string, port: number): number {
    this.realm.environment.callHost('network.connect', { address, port }).then(
      ends => this.#connected(request, ends),
      refused => this.#failed(request, refused),
    )
    return 0
  }

  connect6(request: TCPConnectWrap, address: string, port: number): number {
    return this.connect(request, address, port)
  }

  #connected(request: TCPConnectWrap, ends: OpResult<'network.connect'>): void {
    if (this.isClosed) {
      void this.closeOnHost(ends.socket)
      return
    }
    this.link.socket = ends.socket
    this.#ends = ends
    this.guard(() => request.oncomplete?.(0, this, request, true, true))
  }

  #failed(request: TCPConnectWrap, refused: unknown): void {
    if (this.isClosed) return
    const { status, error } = readFailure(this.realm, refused, `${request.address}:${request.port}`)
    this.guard(() => {
      if (status === undefined) this.owner?.destroy(error)
      else request.oncomplete?.(status, this, request, false, false)
    })
  }

  getsockname(out: Record<string, unknown>): number {
    if (this.#ends === undefined) return this.realm.binding('uv').UV_ENOTCONN
    const { localAddress, localPort, localFamily } = this.#ends
    Object.assign(out, { address: localAddress, port: localPort, family: localFamily })
    return 0
  }

  getpeername(out: Record<string, unknown>): number {
    if (this.#ends === undefined) return this.realm.binding('uv').UV_ENOTCONN
    const { remoteAddress, remotePort, remoteFamily } = this.#ends
    Object.assign(out, { address: remoteAddress, port: remotePort, family: remoteFamily })
    return 0
  }

  setNoDelay(noDelay: boolean): number {
    return this.#configure({ noDelay })
  }

  setKeepAlive(isEnabled: boolean, initialDelaySeconds: number): number {
    return this.#configure({ keepAliveMs: isEnabled ? initialDelaySeconds * 1000 : null })
  }

  #configure(settings: { noDelay?: boolean; keepAliveMs?: number | null }): number {
    const { socket } = this.link
    if (socket === undefined) return this.realm.binding('uv').UV_EBADF
    // A socket that is gone says so to whoever reads or writes.
    this.realm.environment.callInBackground('network.configure', { socket, ...settings }).catch(() => {})
    return 0
  }

  setSimultaneousAccepts(): number {
    return 0
  }

  /** The host chooses its own end. */
  bind(): number {
    return this.realm.binding('uv').UV_ENOTSUP
  }

  bind6(): number {
    return this.realm.binding('uv').UV_ENOTSUP
  }

  /** There are no descriptors to open. */
  open(): number {
    return this.realm.binding('uv').UV_ENOTSUP
  }

  listen(): number {
    throw notOffered('listening sockets', NO_LISTENING)
  }
}

export function makeTcpWrapBinding(realm: Realm): Binding {
  class TCP extends TcpHandle {
    constructor(type: number) {
      super(realm, type)
    }
  }
  return {
    TCP,
    TCPConnectWrap,
    constants: { SOCKET: 0, SERVER, UV_TCP_IPV6ONLY: 1, UV_TCP_REUSEPORT: 2 },
  }
}
