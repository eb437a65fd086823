import type { OpArgs, OpResult } from '../protocol/calls.ts'
import type { CertificateFields } from '../protocol/calls-shapes.ts'
import type { CryptoHost, View } from './crypto-host.ts'
import { KEY_PUBLIC, KeyHandle } from './crypto-key.ts'
import { notOffered } from './not-offered.ts'
import type { Binding } from './realm.ts'

const ALWAYS_CHECK_SUBJECT = 1
const NEVER_CHECK_SUBJECT = 32
const NO_WILDCARDS = 2
const NO_PARTIAL_WILDCARDS = 4
const MULTI_LABEL_WILDCARDS = 8
const SINGLE_LABEL_SUBDOMAINS = 16

interface Parsed {
  readonly fields: CertificateFields
  readonly raw: Uint8Array
  readonly publicKey: Uint8Array
}
type Action = OpArgs<'crypto.certificate'>['action']
type Field = Exclude<keyof CertificateFields, 'ca' | 'pem'>

const FIELDS: readonly Field[] = [
  'subject',
  'subjectAltName',
  'issuer',
  'infoAccess',
  'validFrom',
  'validTo',
  'fingerprint',
  'fingerprint256',
  'fingerprint512',
  'keyUsage',
  'serialNumber',
  'signatureAlgorithm',
  'signatureAlgorithmOid',
]

/** X.509 certificates: read by the host when they are made, compared there. */
export function makeCertificateBinding(host: CryptoHost): Binding {
  class NativeCertificate {
    readonly #parsed: Parsed

    constructor(source: View) {
      const { content, fields, sizes } = ask(host, 'read', host.bytes(source), new Uint8Array())
      const middle = sizes?.[0] ?? 0
      const bytes = content as Uint8Array
      this.#parsed = {
        fields: fields as CertificateFields,
        raw: host.copy(host.part(bytes, 0, middle)),
        publicKey: host.copy(host.part(bytes, middle)),
      }
    }

    static isOne(value: unknown): boolean {
      return typeof value === 'object' && value !== null && #parsed in value
    }

    static parsed(certificate: NativeCertificate): Parsed {
      return certificate.#parsed
    }
  }

  const parsedOf = (certificate: unknown): Parsed =>
    NativeCertificate.parsed(certificate as NativeCertificate)
  const methods: Record<string, (this: unknown, ...args: never[]) => unknown> = {
    ...checks(host, parsedOf),
    checkCA() {
      return parsedOf(this).fields.ca
    },
    pem() {
      return parsedOf(this).fields.pem
    },
    raw() {
      return host.buffer(host.copy(parsedOf(this).raw))
    },
    publicKey() {
      return KeyHandle.of(KEY_PUBLIC, parsedOf(this).publicKey)
    },
    validFromDate() {
      return new Date(parsedOf(this).fields.validFrom)
    },
    validToDate() {
      return new Date(parsedOf(this).fields.validTo)
    },
    getIssuerCert: () => undefined,
    toLegacy() {
      throw notOffered('X509Certificate.toLegacyObject', 'read the properties of the certificate itself')
    },
  }
  for (const field of FIELDS) {
    methods[field] = function get() {
      return parsedOf(this).fields[field]
    }
  }
  Object.assign(NativeCertificate.prototype, methods)
  return {
    createX509CertificateClass: (make: (base: unknown) => unknown) => make(NativeCertificate),
    isX509Certificate: NativeCertificate.isOne,
  }
}

function checks(host: CryptoHost, parsedOf: (certificate: unknown) => Parsed) {
  const compare = (action: 'checkHost' | 'checkEmail' | 'checkIP') =>
    function check(this: unknown, text: string, flags: number): string | undefined {
      const extra = { text, options: optionsOf(flags) }
      return ask(host, action, parsedOf(this).raw, new Uint8Array(), extra).matched
    }
  const test = (
    action: 'checkIssued' | 'checkPrivateKey' | 'verify',
    bytesOf: (other: never) => Uint8Array,
  ) =>
    function check(this: unknown, other: never): boolean {
      return ask(host, action, parsedOf(this).raw, bytesOf(other)).valid === true
    }
  return {
    checkHost: compare('checkHost'),
    checkEmail: compare('checkEmail'),
    checkIP: compare('checkIP'),
    checkIssued: test('checkIssued', (other: unknown) => parsedOf(other).raw),
    checkPrivateKey: test('checkPrivateKey', (key: KeyHandle) => key.input('private').bytes),
    verify: test('verify', (key: KeyHandle) => key.input('public').bytes),
  }
}

type Extra = Pick<OpArgs<'crypto.certificate'>, 'text' | 'options'>

function ask(
  host: CryptoHost,
  action: Action,
  certificate: Uint8Array,
  other: Uint8Array,
  extra: Extra = {},
): OpResult<'crypto.certificate'> {
  return host.ask('crypto.certificate', { action, ...extra, ...host.join([certificate, other]) })
}

function optionsOf(flags: number): NonNullable<Extra['options']> {
  const subject = flags & ALWAYS_CHECK_SUBJECT ? 'always' : flags & NEVER_CHECK_SUBJECT ? 'never' : 'default'
  return {
    subject,
    wildcards: (flags & NO_WILDCARDS) === 0,
    partialWildcards: (flags & NO_PARTIAL_WILDCARDS) === 0,
    multiLabelWildcards: (flags & MULTI_LABEL_WILDCARDS) !== 0,
    singleLabelSubdomains: (flags & SINGLE_LABEL_SUBDOMAINS) !== 0,
  }
}
