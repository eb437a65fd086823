import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { extname, isAbsolute, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createWxFailure } from './wx-api.ts'

/**
 * Where a user's files are: real directories, so that a path from one API is good for every other, and for Node.
 * Page code may read any file, as if its user had chosen it, and write below `wx.env.USER_DATA_PATH`.
 */
export class UserFiles {
  readonly #root: string | undefined
  readonly #directory: string
  #isMade = false

  constructor(projectRoot: string | undefined, directory: string) {
    this.#root = projectRoot
    this.#directory = directory
  }

  /** `wx.env.USER_DATA_PATH` */
  get dataPath(): string {
    return join(this.#make(), 'usr')
  }

  /** A path for a new temporary file; of `name` only the extension is kept. */
  createTemporaryPath(name: string): string {
    return join(this.#make(), 'tmp', `${randomUUID()}${extensionOf(name)}`)
  }

  /** A path for a file that `saveFile` keeps. */
  createSavedPath(name: string): string {
    return join(this.#make(), 'usr', `store_${randomUUID()}${extensionOf(name)}`)
  }

  /** A path as page code writes it, as a real one: of the package if it is there, else as it is. */
  toReadable(path: string): string {
    if (path.startsWith('file:')) return fileURLToPath(path)
    const inPackage = this.#root === undefined ? undefined : join(this.#root, path)
    const isInPackage = inPackage !== undefined && isBelow(this.#root, inPackage) && existsSync(inPackage)
    return !isAbsolute(path) || isInPackage ? (inPackage ?? path) : path
  }

  /**
   * A real path that page code may change.
   *
   * @throws {WxFailure} for any outside the user's own directory.
   */
  toWritable(api: string, path: string): string {
    const directory = this.dataPath
    if (isAbsolute(path) && isBelow(directory, join(path))) return join(path)
    throw createWxFailure(
      api,
      `permission denied, open "${path}": files are kept below wx.env.USER_DATA_PATH`,
    )
  }

  #make(): string {
    if (!this.#isMade) {
      mkdirSync(join(this.#directory, 'usr'), { recursive: true })
      mkdirSync(join(this.#directory, 'tmp'), { recursive: true })
      this.#isMade = true
    }
    return this.#directory
  }
}

function isBelow(directory: string | undefined, path: string): boolean {
  if (directory === undefined) return false
  const way = relative(directory, path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))
}

function extensionOf(name: string): string {
  return /^\.\w{1,16}$/.exec(extname(name))?.[0] ?? ''
}
