import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { InvalidOptionError } from '../errors.ts'
import { HEAD_ROOM_BYTES, withHeadRoom } from '../protocol/head-room.ts'
import { freeMemory } from '../protocol/message-memory.ts'
import type { FileAccess, FileHash, LocalFile, TemporaryFile } from '../sdk/local-files.ts'

/** Files of this process's file system; temporary ones in a directory that is made with the first. */
export class NodeFiles implements FileAccess {
  readonly #makeDirectory: () => Promise<string>
  #directory: Promise<string> | undefined

  /** @param makeDirectory Default: one of its own among the system's temporary ones. */
  constructor(makeDirectory: () => Promise<string> = () => mkdtemp(join(tmpdir(), 'cloudlet-'))) {
    this.#makeDirectory = makeDirectory
  }

  createHash(): FileHash {
    const hash = createHash('sha256')
    return { update: content => void hash.update(content), digest: () => hash.digest('hex') }
  }

  async open(filePath: unknown): Promise<LocalFile> {
    if (typeof filePath !== 'string' && !(filePath instanceof URL)) {
      throw new InvalidOptionError('filePath', 'filePath must be a path or a file: URL.')
    }
    const file = await open(filePath.toString().startsWith('file:') ? new URL(filePath) : filePath)
    const { size: sizeBytes } = await file.stat()
    return {
      sizeBytes,
      async read(offset, length) {
        const memory = Buffer.allocUnsafeSlow(HEAD_ROOM_BYTES + length)
        const content = withHeadRoom(new Uint8Array(memory.buffer))
        let readBytes = 0
        while (readBytes < length) {
          const { bytesRead } = await file.read(content, readBytes, length - readBytes, offset + readBytes)
          if (bytesRead === 0) throw new Error(`${filePath} is shorter than it was when it was opened.`)
          readBytes += bytesRead
        }
        return content
      },
      close: () => file.close(),
    }
  }

  /** Only the extension of `name` is kept, so that no name from the cloud becomes a path here. */
  async create(name: string): Promise<TemporaryFile> {
    this.#directory ??= this.#makeDirectory().catch((error: unknown) => {
      // What failed for now may go next time.
      this.#directory = undefined
      throw error
    })
    const extension = /^\.\w{1,16}$/.exec(extname(name))?.[0] ?? ''
    const path = join(await this.#directory, `${randomUUID()}${extension}`)
    const file = await open(path, 'wx', 0o600)
    return {
      async write(content) {
        await file.writeFile(content)
        freeMemory(content)
      },
      async finish() {
        await file.close()
        return path
      },
      async discard() {
        await file.close()
        await rm(path)
      },
    }
  }
}
