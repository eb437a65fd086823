import type { Pipe, Volume } from './file-node.ts'
import { timesNow } from './file-time.ts'

const VOLUME: Volume = { device: 4, isReadOnly: true, space: undefined }

/** Input, output and errors of a function's process: what is written there is told as text. */
export class StandardStream implements Pipe {
  readonly kind = 'pipe'
  readonly volume = VOLUME
  readonly inode: number
  readonly times = timesNow()
  readonly sizeBytes = 0
  readonly allocatedBytes = 0
  permissions = 0o600
  owner = 0
  group = 0
  linkCount = 1
  readonly #tell: (bytes: Uint8Array) => void

  constructor(descriptor: number, tell: (bytes: Uint8Array) => void) {
    this.inode = descriptor + 1
    this.#tell = tell
  }

  write(from: Uint8Array): number {
    this.#tell(from)
    return from.length
  }
}
