import { X509Certificate } from 'node:crypto'
import { requireInstalled } from './installation.ts'

/** A key and a certificate of its own for the names that the local servers are called by. */
export interface Identity {
  readonly key: string
  readonly cert: string
  /** As WeChat Pay names a certificate: its serial number in upper-case hexadecimal. */
  readonly serial: string
}

interface SelfSigned {
  generate(attributes: readonly object[], options: object): Promise<{ private: string; cert: string }>
}

/** Names that the certificate is good for; the second is the one address that qcloudsms_js knows. */
const NAMES = ['localhost', 'yun.tim.qq.com']

export async function makeIdentity(): Promise<Identity> {
  const { generate } = requireInstalled<SelfSigned>('selfsigned')
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: [...NAMES.map(value => ({ type: 2, value })), { type: 7, ip: '127.0.0.1' }],
      },
    ],
  })
  return { key, cert, serial: new X509Certificate(cert).serialNumber }
}
