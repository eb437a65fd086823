import { InvalidOptionError } from '../errors.ts'
import type { FileAccess, FileHash, LocalFile, TemporaryFile } from '../sdk/local-files.ts'
import { Sha256 } from './sha256.ts'
import { promiseOf, toBuffer, type Wx } from './wx.ts'

/** Files by `wx.getFileSystemManager()`; what is downloaded goes to `wx.env.USER_DATA_PATH`. */
export class MiniProgramFiles implements FileAccess {
  readonly #wx: Wx
  #createdCount = 0

  constructor(wx: Wx) {
    this.#wx = wx
  }

  createHash(): FileHash {
    return new Sha256()
  }

  async open(filePath: unknown): Promise<LocalFile> {
    if (typeof filePath !== 'string' || filePath === '') {
      throw new InvalidOptionError(
        'filePath',
        'filePath must be the path of a local file, as wx APIs give it.',
      )
    }
    const manager = this.#wx.getFileSystemManager()
    const { size } = await promiseOf<{ size: number }>(callbacks =>
      manager.getFileInfo({ filePath, ...callbacks }),
    )
    return {
      sizeBytes: size,
      async read(position, length) {
        // wx refuses to read nothing.
        if (length === 0) return new Uint8Array()
        const { data } = await promiseOf<{ data: ArrayBuffer | string }>(callbacks =>
          manager.readFile({ filePath, position, length, ...callbacks }),
        )
        if (typeof data === 'string' || data.byteLength < length) {
          throw new Error(`readFile:fail ${filePath} is shorter than it was when it was opened`)
        }
        return new Uint8Array(data)
      },
      async close() {},
    }
  }

  /** Only the extension of `name` is kept, so that no name from the cloud becomes a path here. */
  async create(name: string): Promise<TemporaryFile> {
    const manager = this.#wx.getFileSystemManager()
    const extension = /\.\w{1,16}$/.exec(name)?.[0] ?? ''
    const unique = `${Date.now().toString(36)}-${this.#createdCount++}-${Math.random().toString(36).slice(2)}`
    const filePath = `${this.#wx.env.USER_DATA_PATH}/cloudlet-${unique}${extension}`
    await promiseOf<unknown>(callbacks =>
      manager.writeFile({ filePath, data: new ArrayBuffer(0), ...callbacks }),
    )
    return {
      async write(content) {
        const data = toBuffer(content)
        await promiseOf<unknown>(callbacks => manager.appendFile({ filePath, data, ...callbacks }))
      },
      finish: async () => filePath,
      async discard() {
        await promiseOf<unknown>(callbacks => manager.unlink({ filePath, ...callbacks }))
      },
    }
  }
}
