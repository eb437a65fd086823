import { DamageReports } from './damage.ts'
import { DiskDriver } from './disk-driver.ts'
import type { Driver } from './driver.ts'
import { FileReader } from './file-reader.ts'
import { FileWriter } from './file-writer.ts'
import { MemoryDriver } from './memory-driver.ts'
import { PermissionStore } from './permission-store.ts'
import { Quota } from './quota.ts'
import { S3Driver } from './s3-driver.ts'
import type { S3Options } from './s3-options.ts'
import { TemporaryFiles } from './temporary-files.ts'
import { Uploads } from './uploads.ts'
import { SignerSource } from './url-signer-source.ts'

export interface EngineOptions {
  readonly directory: string | undefined
  /** Where files are, rather than in a directory. */
  readonly s3: S3Options | undefined
  readonly maxFileBytes: number
  readonly maxStorageBytes: number | undefined
  readonly uploadIdleMs: number
  readonly publicUrl: () => string | undefined
  readonly now: () => number
  readonly onWarning: (message: string) => void
}

/** The parts of a storage that is open. */
export class Engine {
  readonly driver: Driver
  readonly permission: PermissionStore
  readonly reader: FileReader
  readonly writer: FileWriter
  readonly uploads: Uploads
  readonly signers: SignerSource
  readonly temporary: TemporaryFiles

  private constructor(parts: Omit<Engine, 'close'>) {
    this.driver = parts.driver
    this.permission = parts.permission
    this.reader = parts.reader
    this.writer = parts.writer
    this.uploads = parts.uploads
    this.signers = parts.signers
    this.temporary = parts.temporary
  }

  static async open(options: EngineOptions): Promise<Engine> {
    const { maxFileBytes, maxStorageBytes, uploadIdleMs: idleMs, now, onWarning, publicUrl } = options
    const reports = new DamageReports(onWarning)
    const driver = await openDriver(options, reports)
    const temporary = new TemporaryFiles({ driver, maxBytes: maxFileBytes, now, onWarning })
    try {
      const permission = new PermissionStore(driver, now)
      const quota = new Quota(driver, maxStorageBytes)
      const writer = new FileWriter({ driver, permission, quota, temporary, now })
      const uploads = await Uploads.open({ driver, writer, quota, maxFileBytes, idleMs, now, onWarning })
      const reader = new FileReader(driver, reports)
      const signers = new SignerSource(driver, now, reports, publicUrl)
      return new Engine({ driver, permission, reader, writer, uploads, signers, temporary })
    } catch (error) {
      await temporary.close()
      await driver.close()
      throw error
    }
  }

  async close(): Promise<void> {
    this.uploads.close()
    await this.temporary.close()
    await this.driver.close()
  }
}

async function openDriver({ directory, s3 }: EngineOptions, reports: DamageReports): Promise<Driver> {
  if (s3 !== undefined) return S3Driver.openBucket(s3, reports)
  return directory === undefined ? new MemoryDriver() : DiskDriver.openDirectory(directory, reports)
}
