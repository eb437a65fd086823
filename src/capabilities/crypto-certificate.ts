import { X509Certificate } from 'node:crypto'
import { LIMITS } from '../limits.ts'
import type { OpArgs, OpResult } from '../protocol/calls.ts'
import type { CertificateFields } from '../protocol/calls-shapes.ts'
import { joinBytes, requireSize, splitBytes } from './byte-parts.ts'
import type { Handlers } from './capability.ts'
import { readKey } from './crypto-keys.ts'
import { attemptSync } from './native-failure.ts'

type Args = OpArgs<'crypto.certificate'>

export const certificateHandlers: Handlers<'crypto.certificate'> = {
  'crypto.certificate': async args => {
    const [bytes, other] = splitBytes('crypto.certificate', args, 2) as [Uint8Array, Uint8Array]
    requireSize('crypto.certificate', bytes, LIMITS.cryptoKeyBytes)
    requireSize('crypto.certificate', other, LIMITS.cryptoKeyBytes)
    return attemptSync(() => act(new X509Certificate(bytes), args, other))
  },
}

function act(certificate: X509Certificate, args: Args, other: Uint8Array): OpResult<'crypto.certificate'> {
  const { action, options, text = '' } = args
  switch (action) {
    case 'read': {
      const publicKey = certificate.publicKey.export({ type: 'spki', format: 'der' })
      return { ...joinBytes([certificate.raw, publicKey]), fields: fieldsOf(certificate) }
    }
    case 'checkIssued':
      return { valid: certificate.checkIssued(new X509Certificate(other)) }
    case 'checkPrivateKey': {
      const key = readKey({ role: 'private', format: 'der', type: 'pkcs8' }, other)
      return { valid: certificate.checkPrivateKey(key) }
    }
    case 'verify': {
      const key = readKey({ role: 'public', format: 'der', type: 'spki' }, other)
      return { valid: certificate.verify(key) }
    }
    default: {
      const matched =
        action === 'checkIP' ? certificate.checkIP(text) : certificate[action](text, options as never)
      return matched === undefined ? {} : { matched }
    }
  }
}

function fieldsOf(certificate: X509Certificate): CertificateFields {
  const given = certificate as X509Certificate &
    Partial<Record<'signatureAlgorithm' | 'signatureAlgorithmOid', string>>
  const { ca, fingerprint, fingerprint256, fingerprint512, serialNumber, validFrom, validTo } = given
  const fields: CertificateFields = {
    validFrom,
    validTo,
    fingerprint,
    fingerprint256,
    fingerprint512,
    serialNumber,
    ca,
    pem: certificate.toString(),
  }
  const optional = ['subject', 'subjectAltName', 'issuer', 'infoAccess'] as const
  for (const name of [...optional, 'signatureAlgorithm', 'signatureAlgorithmOid'] as const) {
    const value = given[name]
    if (typeof value === 'string') fields[name] = value
  }
  if (Array.isArray(certificate.keyUsage)) fields.keyUsage = certificate.keyUsage
  return fields
}
