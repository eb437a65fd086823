import type { Realm } from './realm.ts'

/** What a host call was refused with, as Node's library wants it. */
export interface HostFailure {
  /** libuv's number for it, where it has one. */
  readonly status: number | undefined
  /** Node's code for it. */
  readonly code: string
  readonly error: Error
}

interface Refusal extends Error {
  readonly code?: string
  readonly details?: () => {
    readonly reason?: string
    readonly fields?: Readonly<Record<string, string>>
  }
}

/** `resource`: what was reached for, told with a refusal by the policy. */
export function readFailure({ binding, load }: Realm, refused: unknown, resource: string): HostFailure {
  const refusal = refused as Refusal
  if (refusal.code === 'CLOUDLET_CAPABILITY_DENIED') {
    const { ERR_ACCESS_DENIED } = load('internal/errors').codes
    const error = new ERR_ACCESS_DENIED(refusal.message, 'Net', resource)
    return { status: undefined, code: error.code, error }
  }
  if (refusal.code !== 'CLOUDLET_NETWORK') {
    return { status: undefined, code: refusal.code ?? 'ERR_OPERATION_FAILED', error: refusal }
  }
  const { reason = 'EIO', fields = {} } = refusal.details?.() ?? {}
  const { opensslReason, ...others } = fields
  const error = Object.assign(new Error(refusal.message), others, { code: reason })
  if (opensslReason !== undefined) Object.assign(error, { reason: opensslReason })
  const status = binding('uv')[`UV_${reason}`] as number | undefined
  if (status !== undefined) Object.assign(error, { errno: status })
  return { status, code: reason, error }
}
