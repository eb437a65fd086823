import { notOffered } from './not-offered.ts'
import type { Realm } from './realm.ts'

/** What one TLS handshake is asked with, as far as a context has it. */
export interface ContextOptions {
  ca?: string[]
  cert?: string[]
  key?: string[]
  crl?: string[]
  ciphers?: string
  sigalgs?: string
  ecdhCurve?: string
  minVersion?: Version
  maxVersion?: Version
  secureOptions?: number
}

type Version = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'

const VERSIONS: readonly Version[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']
const TLS1_VERSION = 0x301
const TLS1_3_VERSION = 0x304

/** Of `secureProtocol`, the names that mean one version. */
const PROTOCOL = /^TLSv1(?:_([12]))?(?:_client)?_method$/

/** Node's native context: here the options the host's handshake is asked with, which checks them then. */
class TlsContext {
  readonly #realm: Realm
  readonly options: ContextOptions = {}
  #minVersion = 0
  #maxVersion = 0
  #suites = ''

  constructor(realm: Realm) {
    this.#realm = realm
  }

  init(protocol: string | undefined, minVersion: number, maxVersion: number): void {
    const [, minor] = PROTOCOL.exec(protocol ?? '') ?? []
    const only = PROTOCOL.test(protocol ?? '') ? TLS1_VERSION + Number(minor ?? 0) : undefined
    this.setMinProto(only ?? minVersion)
    this.setMaxProto(only ?? maxVersion)
  }

  getMinProto(): number {
    return this.#minVersion
  }

  getMaxProto(): number {
    return this.#maxVersion
  }

  setMinProto(version: number): void {
    this.#minVersion = version
    const name = nameVersion(version)
    if (name !== undefined) this.options.minVersion = name
  }

  setMaxProto(version: number): void {
    this.#maxVersion = version
    const name = nameVersion(version)
    if (name !== undefined) this.options.maxVersion = name
  }

  setOptions(options: number): void {
    this.options.secureOptions = options
  }

  setCipherSuites(suites: string): void {
    this.#suites = suites
  }

  setCiphers(ciphers: string): void {
    this.options.ciphers = [this.#suites, ciphers].filter(list => list !== '').join(':')
  }

  setSigalgs(sigalgs: string): void {
    this.options.sigalgs = sigalgs
  }

  setECDHCurve(curve: string): void {
    this.options.ecdhCurve = curve
  }

  addCACert(data: unknown): void {
    this.options.ca = [...(this.options.ca ?? []), this.#text(data)]
  }

  /** Those are the host's where no others are named. */
  addRootCerts(): void {}

  addCRL(data: unknown): void {
    this.options.crl = [...(this.options.crl ?? []), this.#text(data)]
  }

  setCert(data: unknown): void {
    this.options.cert = [...(this.options.cert ?? []), this.#text(data)]
  }

  setKey(data: unknown, passphrase: unknown): void {
    const text = this.#text(data)
    const isEncrypted = /ENCRYPTED/.test(text) && passphrase !== undefined && passphrase !== null
    this.options.key = [...(this.options.key ?? []), isEncrypted ? this.#decrypt(text, passphrase) : text]
  }

  loadPKCS12(): void {
    throw notOffered('tls with pfx', 'give key and cert as PEM')
  }

  /** For those who listen. */
  setDHParam(): void {}
  setSessionIdContext(): void {}
  setSessionTimeout(): void {}
  setTicketKeys(): void {}
  getTicketKeys(): Uint8Array {
    return this.#realm.load('buffer').Buffer.alloc(48)
  }

  setAllowPartialTrustChain(): void {
    throw notOffered('allowPartialTrustChain', 'name the root of the chain in ca')
  }

  setCertificateCompression(): void {}
  close(): void {}

  /** Here, where how long it takes is the function's own time. */
  #decrypt(key: string, passphrase: unknown): string {
    const { createPrivateKey } = this.#realm.load('crypto')
    return createPrivateKey({ key, passphrase }).export({ type: 'pkcs8', format: 'pem' })
  }

  #text(data: unknown): string {
    return typeof data === 'string' ? data : this.#realm.load('buffer').Buffer.from(data).toString('latin1')
  }
}

function nameVersion(version: number): Version | undefined {
  return version >= TLS1_VERSION && version <= TLS1_3_VERSION ? VERSIONS[version - TLS1_VERSION] : undefined
}

/** What the module `tls` asks of Node's native crypto, and of TLS only. */
export function makeTlsParts(realm: Realm): Readonly<Record<string, unknown>> {
  const { environment } = realm
  class SecureContext extends TlsContext {
    constructor() {
      super(realm)
    }
  }
  return {
    SecureContext,
    startLoadingCertificatesOffThread: () => {},
    getBundledRootCertificates: () => environment.askHost('network.rootCertificates', {}).certificates,
    getExtraCACertificates: () => [],
    getSystemCACertificates: () => [],
    getUserRootCertificates: () => [],
    resetRootCertStore: () => {
      throw new (realm.load('internal/errors').codes.ERR_METHOD_NOT_IMPLEMENTED)(
        'tls.setDefaultCACertificates()',
      )
    },
    getSSLCiphers: () => realm.binding('constants').crypto.defaultCipherList.toLowerCase().split(':'),
    getCertificateCompressionAlgorithms: () => [],
  }
}
