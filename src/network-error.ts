import { CloudletError } from './cloudlet-error.ts'

/** A connection, a name or a TLS handshake failed, as Node has it. In functions it is Node's own error again. */
export class NetworkError extends CloudletError {
  override readonly name = 'NetworkError'
  /** Node's code: `ECONNREFUSED`, `ENOTFOUND`, `ETIMEDOUT`, `CERT_HAS_EXPIRED`, … */
  readonly reason: string
  /** Node's other fields: `syscall`, `hostname`, … */
  readonly fields: Readonly<Record<string, string>>

  constructor(
    reason: string,
    message: string,
    fields: Readonly<Record<string, string>>,
    options: { cause?: unknown } = {},
  ) {
    super('CLOUDLET_NETWORK', message, options)
    this.reason = reason
    this.fields = fields
  }
}
