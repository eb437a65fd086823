import { randomBytes } from 'node:crypto'
import { StorageError } from '../errors.ts'
import { DamageError, type DamageReports } from './damage.ts'
import type { Driver } from './driver.ts'
import { UrlSigner } from './signed-url.ts'

const KEY_BYTES = 32

/** Signs with the key that is kept with the files, so that URLs live on as long as they do. */
export class SignerSource {
  readonly #driver: Driver
  readonly #reports: DamageReports
  readonly #now: () => number
  readonly #publicUrl: () => string | undefined
  #signer: Promise<UrlSigner> | undefined

  constructor(
    driver: Driver,
    now: () => number,
    reports: DamageReports,
    publicUrl: () => string | undefined,
  ) {
    this.#driver = driver
    this.#reports = reports
    this.#now = now
    this.#publicUrl = publicUrl
  }

  /** What signed URLs begin with. @throws {StorageError} STORAGE_REQUEST_FAIL while no HTTP door is open */
  requireBase(): string {
    const base = this.#publicUrl()
    if (base !== undefined) return base
    throw new StorageError(
      'STORAGE_REQUEST_FAIL',
      'No HTTP door is open to serve files from: call host.listen() or set publicUrl.',
    )
  }

  /** @throws {StorageError} STORAGE_REQUEST_FAIL, and asks again the next time */
  open(): Promise<UrlSigner> {
    if (this.#signer !== undefined) return this.#signer
    const opening = this.#readKey().then(key => new UrlSigner(key, this.#now))
    this.#signer = opening
    opening.catch(() => {
      this.#signer = undefined
    })
    return opening
  }

  async #readKey(): Promise<Uint8Array> {
    let key = await this.#driver.readSetting('signing-key')
    if (key === undefined) {
      // Another process may have made one first; then that one counts.
      await this.#driver.writeSetting('signing-key', randomBytes(KEY_BYTES), true)
      key = await this.#driver.readSetting('signing-key')
    }
    if (key?.byteLength === KEY_BYTES) return key
    const fault = `The signing key of the storage does not have ${KEY_BYTES} bytes.`
    const error = new DamageError(fault, {
      subject: 'signing.key',
      advice: `${fault} Remove signing.key to get a new one; URLs signed with the old one then stop working.`,
    })
    this.#reports.tell(error)
    throw error
  }
}
