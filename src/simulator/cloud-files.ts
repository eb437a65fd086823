import { NodeFiles } from '../client/node-files.ts'
import type { UserFiles } from './user-files.ts'

/** The files of `wx.cloud`: what it sends may lie in the code package; what it fetches is the user's own, and goes with them. */
export class CloudFiles extends NodeFiles {
  readonly #files: UserFiles

  constructor(files: UserFiles) {
    super(async () => files.dataPath)
    this.#files = files
  }

  override async open(filePath: unknown): ReturnType<NodeFiles['open']> {
    return super.open(typeof filePath === 'string' ? this.#files.toReadable(filePath) : filePath)
  }
}
