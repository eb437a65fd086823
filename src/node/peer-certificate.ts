import type { OpResult } from '../protocol/calls.ts'

type Certificates = OpResult<'network.secure'>['certificates']

interface Buffers {
  from(text: string, encoding: string): Uint8Array
}

/** A chain as Node's `getPeerCertificate` has it: each certificate with its issuer's, the last with itself. */
export function legacyCertificate(
  chain: Certificates,
  isDetailed: boolean,
  buffers: Buffers,
): object | undefined {
  let issuer: object | undefined
  for (const { fields, raw, pubkey } of chain.toReversed()) {
    const certificate: Record<string, unknown> = {
      ...fields,
      raw: buffers.from(raw, 'base64'),
      ...(pubkey === undefined ? {} : { pubkey: buffers.from(pubkey, 'base64') }),
    }
    // Node's own function gives these on, and expects them as text.
    certificate.infoAccess = undefined
    if (isDetailed) certificate.issuerCertificate = issuer ?? certificate
    issuer = certificate
  }
  return issuer
}
